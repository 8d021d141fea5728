"""The steps to the result of an operation, or to why it failed, which may take further requests.

Decides, without sending anything, which request comes next, whether it may carry a
credential, and how the steps end: with a value, with a URL to download from before it
expires, or with why it failed. Of a log those lines are kept that are the last ones and not
blank, up to the one that a profile names, without what moves a cursor.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from urllib.parse import unquote, urljoin

from opwatch.domain.messages import Headers, Request, Response, with_query
from opwatch.domain.operation import Failure, Reading
from opwatch.profiles.language.expressions import is_empty
from opwatch.profiles.language.paths import AnswerView, Lookup
from opwatch.profiles.language.request import RequestSpec, build, headers_of, query_of
from opwatch.profiles.language.result import Log, Step
from opwatch.profiles.reading.response import ParsedBody, parse_body
from opwatch.profiles.values import moment, resolve_url, sentence, web_address, word

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from opwatch.profiles.language.spec import Spec
    from opwatch.profiles.language.template import Encode


@dataclass(frozen=True, slots=True)
class Fetch:
    """A request that is to be sent for the result.

    *download*: its answer is the file itself, not JSON. The URL is valid until
    *expires_at*, None if that is not known.
    """

    request: Request
    download: bool = False
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ResultSteps:
    """How far the steps to a result are. Nothing here waits or sends.

    While *fetch* is set, send its request and continue with ``after(response)``; a
    download is the last step. Then *value* is the result. *missing* is what could not
    be found, if the steps ended too soon.
    """

    steps: tuple[Step, ...]
    base: str
    values: Mapping[str, str]
    encode: Encode = field(repr=False)
    fetch: Fetch | None = None
    value: Any = None
    missing: str | None = None

    def after(self, response: Response) -> ResultSteps:
        """Return the next state, after the answer to the request of *fetch*."""
        done, *rest = self.steps
        is_awaited = response.is_redirect if done.redirect else response.is_good
        if not is_awaited:
            return replace(self, fetch=None, value=None, missing=f"HTTP {response.status}")
        body = ParsedBody() if done.redirect else parse_body(response.body)
        if body.fault:
            return replace(self, fetch=None, value=None, missing=body.fault.value)
        value = done.value.find(body.data) if done.value else body.data
        return replace(self, steps=tuple(rest), fetch=None, value=value).next(
            AnswerView(body.data, response.status, response.headers, self.values, self.encode),
            response.url,
        )

    def next(self, view: AnswerView, url: str) -> ResultSteps:
        """Return the next state, after the answer *view* from *url*."""
        if not self.steps:
            return self
        step = self.steps[0]
        if step.unless and step.unless.holds(view.item):
            return replace(self, steps=self.steps[1:]).next(view, url)
        if step.when and not step.when.holds(view.item):
            return replace(self, steps=())
        found = {name: word(path.find(view.item)) for name, path in step.takes.items()}
        for name, each in found.items():
            # The value becomes part of a path: it must not lead out of that.
            if not each or {".", ".."} & set(unquote(each).split("/")):
                return replace(self, steps=(), missing=f"{name} at {step.takes[name].text!r}")
        values = {**self.values, **{name: each for name, each in found.items() if each}}
        request = self._request(step, view, values, url)
        if request is None:
            return replace(self, steps=(), missing=step.url.text if step.url else "a parameter")
        fetch = Fetch(request, step.download, _expiry(step.expires, view))
        return replace(self, values=values, fetch=fetch)

    def _request(
        self, step: Step, view: AnswerView, values: Mapping[str, str], base: str
    ) -> Request | None:
        if step.url is None:
            if step.path and not all(map(values.get, step.path.choose(values).names)):
                return None
            request = build(self.base, step.request, values, self.encode)
            return replace(request, authorize=step.authorize)
        url = resolve_url(base, step.url.first(view))
        if url is None:
            return None
        headers = headers_of(RequestSpec(headers=step.headers), values)
        if step.download and not any(name.lower() == "accept" for name in step.headers):
            headers["Accept"] = "*/*"
        full = with_query(url, query_of(step.query, values))
        return Request("GET", full, headers, authorize=step.authorize)


class StartingUrls(NamedTuple):
    """The *url* and *method* of the starting request, and the *location* in its answer."""

    url: str
    location: str | None = None
    method: str = ""


def begin(
    steps: ResultSteps, spec: Spec, reading: Reading, url: str, start: StartingUrls | None
) -> ResultSteps:
    """Return *steps* after the terminal *reading* from *url*."""
    final = _final_place(spec, start)
    if final != "operation":
        where = start and (start.location if final == "location" else start.url)
        # What was polled itself has been answered already, and may be gone by now.
        if not start or not where or where == url:
            return steps
        request = Request("GET", urljoin(start.url, where), headers_of(RequestSpec(), steps.values))
        return replace(steps, steps=(Step(),), fetch=Fetch(request))
    return follow(steps, spec.result, spec, reading, url)


def follow(
    steps: ResultSteps, chain: Sequence[Step], spec: Spec, reading: Reading, url: str
) -> ResultSteps:
    """Return *steps* before the first request of *chain*, after the *reading* from *url*."""
    view = AnswerView(reading.raw, 200, Headers(), steps.values, steps.encode)
    # A single answer is kept whole; an item of a list is the operation itself.
    view = view._replace(item=spec.read.root.first(view) or reading.raw)
    return replace(steps, steps=tuple(chain)).next(view, url)


def _final_place(spec: Spec, start: StartingUrls | None) -> str:
    if isinstance(spec.final, str):
        return spec.final
    return spec.final.get(start.method, "operation") if start else "operation"


def _expiry(expires: Lookup | None, view: AnswerView) -> datetime | None:
    value = expires.first(view) if expires else None
    return None if is_empty(value) else moment(value)


# -- why it failed -----------------------------------------------------------------------

MOST_LINES: Final = 20
TAIL: Final = 64 * 1024
"""Characters at the end of a log that are looked through."""
UNKNOWN: Final = Failure()
PLAIN: Final = Log()
_TAB: Final = 8
# ECMA-48: a control sequence, a string (which some end with a bell), or a single character.
_ESCAPE: Final = re.compile(
    r"\x1b(?:\[[0-?]*[ -/]*[@-~]|[]P_^X][^\x07\x1b]*(?:\x07|\x1b\\)|[ -/]*[0-Z\\^-~])"
)


@dataclass(frozen=True, slots=True)
class FailureSteps:
    """How far the *steps* are, and the *failure* as it is known by now."""

    steps: ResultSteps
    failure: Failure = UNKNOWN

    @property
    def fetch(self) -> Fetch | None:
        """The next request, None after the last."""
        return self.steps.fetch

    @property
    def log(self) -> Log | None:
        """How the answer to the next request is read if that is a log, and the last."""
        return self.steps.steps[0].log

    @property
    def wants_redirect(self) -> bool:
        """Tell whether the answer to the next request is a redirect, to be looked into."""
        return self.steps.steps[0].redirect

    def after(self, response: Response) -> FailureSteps:
        """Return the next state, after the answer to the request of *fetch*."""
        step, steps = self.steps.steps[0], self.steps.after(response)
        return FailureSteps(steps, _found(step, steps, self.failure))

    def after_log(self, text: str) -> FailureSteps:
        """Return the last state, after a log that ends with *text*."""
        lines = last_lines(text, self.log or PLAIN)
        steps = replace(self.steps, steps=(), fetch=None)
        return FailureSteps(steps, self.failure._replace(lines=lines or self.failure.lines))


def _found(step: Step, steps: ResultSteps, known: Failure) -> Failure:
    """Return *known* with what the answer to *step* adds."""
    view = AnswerView(steps.value, 200, Headers(), steps.values, steps.encode)
    text = sentence(step.text.find(view.item)) if step.text else None
    lines = last_lines(_joined(step.lines.find(view.item))) if step.lines else ()
    link = web_address(step.link.first(view)) if step.link else None
    return known._replace(
        text=", ".join(filter(None, (known.text, text))) or None,
        lines=lines or known.lines,
        link=link or known.link,
    )


def _joined(value: Any) -> str:
    """Return the text that *value* is, or that the last texts of a list make together."""
    if isinstance(value, list):
        return "\n".join(filter(None, map(word, value[-MOST_LINES:])))
    return word(value) or ""


def last_lines(text: str, log: Log = PLAIN) -> tuple[str, ...]:
    """Return the last lines of *text* as *log* says, in their order.

    A line that was cut at its beginning is no line: half a secret would not be masked.
    """
    if len(text) > TAIL:
        text = text[-TAIL:].partition("\n")[2]
    lines = [_ESCAPE.sub("", line).rstrip() for line in text.split("\n")]
    if log.until:
        marked = (at for at in range(len(lines), 0, -1) if log.until.first(lines[at - 1]))
        del lines[next(marked, len(lines)) :]
    kept = list(islice(_told(lines, log), MOST_LINES))
    return tuple(reversed(kept))


def _told(lines: list[str], log: Log) -> Iterator[str]:
    """Yield what is seen of *lines*, the last one first: none that is blank."""
    for line in reversed(lines):
        # What is before a carriage return has been written over.
        shown = line.rpartition("\r")[2]
        shown = log.drop.removed_from(shown) if log.drop else shown
        if shown.strip():
            yield shown.rstrip().expandtabs(_TAB)
