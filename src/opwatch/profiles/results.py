"""The result of an operation, which may be further requests away.

Decides, without doing any of it, which request comes next, whether it may
carry a credential, and where the chain ends: in a value, or in a URL to
download from before it expires.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urljoin

from opwatch.domain.messages import Headers, Request, with_query
from opwatch.profiles.language.expressions import is_empty
from opwatch.profiles.language.paths import AnswerView, Lookup
from opwatch.profiles.language.request import Ask, build, headers_of, query_of
from opwatch.profiles.language.result import Step
from opwatch.profiles.reading.body import parse_body
from opwatch.profiles.values import moment, resolved
from opwatch.profiles.values import word as as_word

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from opwatch.domain.messages import Response
    from opwatch.domain.operation import Reading
    from opwatch.profiles.language.spec import Spec


@dataclass(frozen=True, slots=True)
class Fetch:
    """A request to be sent for the result.

    *download* tells that its answer is the file itself, not JSON. The URL is
    good until *expires_at*, None if that is not known.
    """

    request: Request
    download: bool = False
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ResultSteps:
    """Where the way to a result stands. Nothing here waits or sends.

    While *fetch* is set, send its request and go on with ``after(response)``;
    a download is not gone on from. Then *value* is the result. *missing* says
    what could not be found, when the chain ended too soon.
    """

    steps: tuple[Step, ...]
    base: str
    values: Mapping[str, str]
    encode: Callable[[str, str], str] = field(repr=False)
    fetch: Fetch | None = None
    value: Any = None
    missing: str | None = None

    def after(self, response: Response) -> ResultSteps:
        """Return how it goes on after the answer to the request of *fetch*."""
        done, *rest = self.steps
        if not response.is_good:
            return replace(self, fetch=None, missing=f"HTTP {response.status}")
        body = parse_body(response.body)
        if body.fault:
            return replace(self, fetch=None, missing=body.fault.value)
        value = done.value.find(body.data) if done.value else body.data
        return replace(self, steps=tuple(rest), fetch=None, value=value).next(
            AnswerView(body.data, response.status, response.headers, self.values, self.encode),
            response.url,
        )

    def next(self, scene: AnswerView, url: str) -> ResultSteps:
        """Return how it goes on from the answer *scene*, which came from *url*."""
        if not self.steps:
            return self
        step = self.steps[0]
        if step.when and not step.when.holds(scene.item):
            return replace(self, steps=())
        found = {name: as_word(path.find(scene.item)) for name, path in step.takes.items()}
        for name, each in found.items():
            if not each:
                return replace(self, steps=(), missing=f"{name} at {step.takes[name].text!r}")
        values = {**self.values, **{name: each for name, each in found.items() if each}}
        request = self._request(step, scene, values, url)
        if request is None:
            return replace(self, steps=(), missing=step.url.text if step.url else None)
        fetch = Fetch(request, step.download, _expiry(step.expires, scene))
        return replace(self, values=values, fetch=fetch)

    def _request(
        self, step: Step, scene: AnswerView, values: Mapping[str, str], asked: str
    ) -> Request | None:
        if step.url is None:
            ask = Ask("GET", step.path, step.query, step.headers)
            request = build(self.base, ask, values, self.encode)
            return replace(request, authorize=step.authorize)
        url = resolved(asked, step.url.first(scene))
        if url is None:
            return None
        headers = headers_of(Ask(headers=step.headers), values)
        if step.download and not any(name.lower() == "accept" for name in step.headers):
            headers["Accept"] = "*/*"
        full = with_query(url, query_of(step.query, values))
        return Request("GET", full, headers, authorize=step.authorize)


class Started(NamedTuple):
    """The URL that the starting request went to, and the *location* that its answer named."""

    url: str
    location: str | None = None


def begin(
    steps: ResultSteps, spec: Spec, reading: Reading, url: str, start: Started | None
) -> ResultSteps:
    """Return *steps* begun from the terminal *reading* that *url* gave."""
    if spec.final != "operation":
        where = start and (start.location if spec.final == "location" else start.url)
        if not start or not where:
            return steps
        request = Request("GET", urljoin(start.url, where), headers_of(Ask(), steps.values))
        return replace(steps, steps=(Step(),), fetch=Fetch(request))
    scene = AnswerView(reading.raw, 200, Headers(), steps.values, steps.encode)
    # A single answer is kept whole; an item of a list is the operation itself.
    scene = scene._replace(item=spec.read.root.first(scene) or reading.raw)
    return replace(steps, steps=spec.result).next(scene, url)


def _expiry(expires: Lookup | None, scene: AnswerView) -> datetime | None:
    value = expires.first(scene) if expires else None
    return None if is_empty(value) else moment(value)
