"""What all dialects share: routes, the credential, and how a call becomes an answer.

Decides the order in which a call is judged: the credential first, then whether
there is such an operation, then its scripted hitches, then its state. A dialect
adds the words and the shapes of its provider.
"""

from __future__ import annotations

import re
import uuid
from abc import ABC, abstractmethod
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import blake2s
from typing import TYPE_CHECKING, Any, ClassVar, Final
from urllib.parse import quote, unquote

from opwatch.demo.http import NO_REPLY, Reply, Request
from opwatch.demo.jobs import Hitch, Job, JobPhase, Jobs, Script
from opwatch.domain.operation import TERMINAL, State
from opwatch.domain.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from opwatch.domain.messages import Headers

DEMO_TOKEN: Final = Secret("demo-token-worth-nothing")
"""The one credential that the demo server accepts, in each provider's own form."""

_HOLE: Final = re.compile(r"\{(\w+)(?::([^{}]*))?\}")
_DEFAULT_SECONDS: Final = 3.0


@dataclass(frozen=True, slots=True)
class Call:
    """A request on its way through a dialect; *params* are the path's, decoded."""

    request: Request
    params: Mapping[str, str]
    jobs: Jobs
    now: float
    base_url: str
    storage_url: str


@dataclass(frozen=True, slots=True)
class Route:
    """Which calls an *action* answers.

    A hole of *template*, ``{name}`` or ``{name:pattern}``, matches one segment
    or the pattern. An *open* route wants no credential.
    """

    method: str
    template: str
    action: Callable[[Call], Reply]
    open: bool = False

    def pattern(self) -> re.Pattern[str]:
        """Return what the percent-encoded path must match whole."""
        fixed = _HOLE.split(self.template)
        parts = [re.escape(fixed[0])]
        for name, inner, text in zip(fixed[1::3], fixed[2::3], fixed[3::3], strict=True):
            parts += [f"(?P<{name}>{inner or '[^/]+'})", re.escape(text)]
        return re.compile("".join(parts))


class Dialect(ABC):
    """How one provider starts operations, and answers when asked about them.

    *profile* is the built-in profile that reads it, *params* are that profile's
    parameters, and other parts of a path under names that begin with ``_``, with
    the values that the demo fills in. *words* are the provider's own for each
    state, *errors* its codes and texts by HTTP status.
    """

    profile: ClassVar[str]
    starting: ClassVar[tuple[str, str]]
    starting_query: ClassVar[str] = ""
    polling: ClassVar[str]
    query: ClassVar[str] = ""
    params: ClassVar[Mapping[str, str]] = {}
    words: ClassVar[Mapping[State, str]]
    errors: ClassVar[Mapping[int, tuple[str, str]]]

    @abstractmethod
    def start_reply(self, call: Call, job: Job) -> Reply:
        """Answer the call that has started *job*."""

    @abstractmethod
    def poll_reply(self, call: Call, job: Job, phase: JobPhase) -> Reply:
        """Answer a poll: *job* is in *phase*."""

    @abstractmethod
    def envelope(self, status: int, code: str, message: str) -> Any:
        """Return the document that carries a transport error."""

    def routes(self) -> tuple[Route, ...]:
        """Return the calls that this dialect answers."""
        method, path = self.starting
        return (Route(method, path, self.start), Route("GET", self.polling, self.poll))

    def permits(self, request: Request) -> bool:
        """Tell whether *request* shows the credential as the provider wants it."""
        return shows(request, "Authorization", "Bearer {secret}")

    @property
    def ends(self) -> frozenset[State]:
        """How an operation of this provider can end."""
        return TERMINAL & self.words.keys()

    def word(self, state: State) -> str:
        """Return the provider's word for *state*; where it has none, it is the one for running."""
        return self.words.get(state) or self.words[State.RUNNING]

    def new_id(self, number: int) -> str:
        """Return the id of the *number*-th operation of the server."""
        return str(uuid.uuid5(uuid.NAMESPACE_URL, f"{self.profile}/{number}"))

    def path(self, job: Job) -> str:
        """Return the path and query that name *job*."""
        values = {**job.params, "id": job.id}
        return _HOLE.sub(lambda hole: quote(values[hole[1]], safe=""), self.polling) + self.query

    def starting_path(self) -> str:
        """Return a path and query that start an operation."""
        filled = _HOLE.sub(lambda hole: self.params.get(hole[1], "demo"), self.starting[1])
        return filled + self.starting_query

    def refusal(self, status: int, now: float, wait: int = 0) -> Reply:
        """Return the provider's answer for *status*; a 429 at *now* names *wait* seconds."""
        del now
        named = {"Retry_After": str(wait)} if wait else {}
        return Reply.json(status, self.envelope(status, *self.errors[status]), **named)

    def begin(self, jobs: Jobs, script: Script, now: float, **params: str) -> Job:
        """Start an operation; *params* may hold its ``id``.

        Raises:
            ValueError: the provider's operations cannot end so, or the id is taken.
        """
        if script.end not in self.ends:
            raise ValueError(f"an operation of {self.profile} cannot end as {script.end}")
        name = params.pop("id", "") or self.new_id(jobs.number())
        return jobs.add(Job(self.profile, name, script, now, {**self.params, **params}))

    def start(self, call: Call) -> Reply:
        """Start an operation over HTTP."""
        try:
            script = script_from(call.request.headers)
            job = self.begin(call.jobs, script, call.now, **call.params)
        except ValueError as problem:
            return Reply.json(400, self.envelope(400, "BadRequest", str(problem)))
        return self.start_reply(call, job)

    def poll(self, call: Call) -> Reply:
        """Answer for the operation that the path names."""
        job = call.jobs.find(self.profile, call.params["id"])
        if job is None or not job.answers_to(call.params):
            return self.refusal(404, call.now)
        return self.hitch_reply(call, job) or self.poll_reply(call, job, job.phase(call.now))

    def hitch_reply(self, call: Call, *jobs: Job) -> Reply | None:
        """Count a poll about *jobs* and return what goes wrong with it, if anything."""
        hitches: list[Hitch] = []
        for job in jobs:
            job.polls += 1
            hitches += filter(None, [job.script.hitch(job.polls)])
        if not hitches:
            return None
        hitch = hitches[0]
        match hitch.status:
            case None:
                return NO_REPLY
            case 429:
                return self.refusal(429, call.now, hitch.wait)
            case status:
                return Reply.page(status)


def shows(request: Request, header: str, template: str) -> bool:
    """Tell whether *header* of *request* is *template* with the demo's token in it."""
    return Secret(request.headers.get(header) or "") == DEMO_TOKEN.within(template)


def script_from(headers: Headers) -> Script:
    """Return the script that a starting request asks for in its ``Demo-…`` headers.

    ``Demo-Seconds`` (3), ``Demo-Pending`` (a fifth of them, at most one) and
    ``Demo-End`` (succeeded).

    Raises:
        ValueError: a number or a state cannot be read.
    """
    seconds = float(headers.get("demo-seconds") or _DEFAULT_SECONDS)
    pending = float(headers.get("demo-pending") or min(seconds / 5, 1.0))
    return Script(seconds, State(headers.get("demo-end") or State.SUCCEEDED), pending)


def path_params(match: re.Match[str]) -> dict[str, str]:
    """Return the parameters of a path that a route has matched."""
    return {name: unquote(value) for name, value in match.groupdict().items() if value is not None}


def with_etag(request: Request, reply: Reply) -> Reply:
    """Return *reply* with an ETag, or a 304 if *request* shows that one (RFC 9110 §13.1.2)."""
    tag = ("ETag", f'"{blake2s(reply.body, digest_size=8).hexdigest()}"')
    if request.headers.get("if-none-match") == tag[1]:
        return Reply(304, headers=(tag,))
    return Reply(reply.status, reply.body, (*reply.headers, tag))


def stamp(job: Job, seconds: float = 0.0, *, digits: int = 3) -> str:
    """Return the moment *seconds* after the start of *job*, in RFC 3339 with *digits*."""
    at = job.began + seconds
    whole = datetime.fromtimestamp(int(at), UTC).strftime("%Y-%m-%dT%H:%M:%S")
    fraction = f".{int(at % 1 * 10**digits):0{digits}d}" if digits else ""
    return f"{whole}{fraction}Z"
