"""The demo server, two ports of 127.0.0.1, and the operations that ``opwatch demo`` watches.

Decides which dialect answers a request. The second port is the file storage that signed
URLs lead to: another origin, where a credential of the first has no business.

Decides also what a newcomer sees: eight operations of five providers, named in all
three ways, of which one fails at 100 %; a rate limit, a bad gateway and a lost
connection happen on the way.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from operator import attrgetter
from threading import Lock
from typing import TYPE_CHECKING, Final, Self

from opwatch.demo.dialect import Call, Dialect, Route, path_params
from opwatch.demo.dialects import DIALECTS
from opwatch.demo.http import Listener, Reply, Request
from opwatch.demo.jobs import Hitch, Jobs, Script, StartedJob, Truth
from opwatch.domain.operation import OperationError, State

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence


class DemoServer:
    """A loopback server that answers as the API of each of *dialects* does.

    Use it as a context manager. No two *dialects* may have a path in common.
    *port* 0 takes a free one. *clock* returns seconds since the epoch; operations
    move by it.

    Raises:
        OSError: on entering, when *port* is taken.
    """

    def __init__(
        self,
        dialects: Sequence[Dialect] = DIALECTS,
        *,
        port: int = 0,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._dialects = {dialect.profile: dialect for dialect in dialects}
        self._routes = tuple(
            (route.pattern(), route, dialect) for dialect in dialects for route in dialect.routes()
        )
        self._port = port
        self._clock = clock
        self._jobs = Jobs()
        self._lock = Lock()

    def __enter__(self) -> Self:
        first = Listener(self._port, self._answer, self._clock)
        self._listeners = (first, Listener(0, self._answer, self._clock))
        self.base_url, self.storage_url = (each.url for each in self._listeners)
        for each in self._listeners:
            each.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        for each in self._listeners:
            each.stop()

    @property
    def profiles(self) -> tuple[str, ...]:
        """The profiles that can watch this server."""
        return tuple(self._dialects)

    def starting(self, profile: str) -> tuple[str, str]:
        """Return the method and the URL of a call that starts an operation of *profile*.

        Raises:
            KeyError: no dialect has this profile.
        """
        dialect = self._dialects[profile]
        return dialect.starting[0], self.base_url + dialect.starting_path()

    def start(self, profile: str, script: Script, **params: str) -> StartedJob:
        """Start an operation of *profile*; *params* may name its ``id``.

        Raises:
            KeyError: no dialect has this profile.
            ValueError: the provider's operations cannot end so, or the id is taken.
        """
        dialect = self._dialects[profile]
        job = dialect.begin(self._jobs, script, self._clock(), **params)
        path = dialect.path(job)
        public = {name: value for name, value in job.params.items() if not name.startswith("_")}
        return StartedJob(profile, job.id, self.base_url + path, path, public)

    def truth(self) -> tuple[Truth, ...]:
        """Return what is true of every operation at this moment, oldest first."""
        return self._jobs.truth(self._clock())

    def _answer(self, request: Request) -> Reply:
        """Answer *request*, one at a time: its operation counts its polls."""
        now, found = self._clock(), self._found(request)
        if found is None:
            return Reply.page(404)
        dialect, route, params = found
        if not route.open and not dialect.permits(request):
            return dialect.refusal(401, now)
        with self._lock:
            return route.action(
                Call(request, params, self._jobs, now, self.base_url, self.storage_url)
            )

    def _found(self, request: Request) -> tuple[Dialect, Route, Mapping[str, str]] | None:
        for pattern, route, dialect in self._routes:
            match = pattern.fullmatch(request.path) if route.method == request.method else None
            if match is not None:
                return dialect, route, path_params(match)
        return None


# -- what is watched -----------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class DemoOperation:
    """An operation to watch with *profile* and *params*, which must end as *expected*."""

    profile: str
    id: str
    reference: str
    params: Mapping[str, str]
    expected: State


@dataclass(frozen=True, slots=True)
class _Entry:
    profile: str
    reference: Callable[[StartedJob], str]
    script: Script


_BY_ID, _BY_URL, _BY_PATH = map(attrgetter, ("id", "url", "path"))
_TO_THE_TOP: Final = (0.0, 15.0, 30.0, 45.0, 60.0, 75.0, 90.0, 100.0)
_MISSING: Final = OperationError(
    code="InvalidResource",
    message="Resource 'Crane 2' is assigned to a task that is not in the schedule.",
)
_ENTRIES: Final = (
    _Entry("fullstory", _BY_ID, Script(6.0, pending=0.5)),
    _Entry("fullstory", _BY_URL, Script(9.0, pending=1.0, hitches=(Hitch(3, 502, times=2),))),
    _Entry("powerplatform", _BY_URL, Script(7.0, pending=1.5, hitches=(Hitch(4, None),))),
    _Entry("bentley-schedules", _BY_ID, Script(5.0, pending=1.0, hitches=(Hitch(3, 429, wait=1),))),
    _Entry(
        "bentley-schedules",
        _BY_PATH,
        Script(10.0, State.FAILED, pending=2.0, steps=_TO_THE_TOP, error=_MISSING),
    ),
    _Entry("seismic-programs", _BY_ID, Script(8.0, pending=3.0)),
    _Entry("seismic-programs", _BY_ID, Script(12.0, pending=0.5)),
    _Entry(
        "sap-service-manager",
        _BY_PATH,
        Script(11.0, pending=1.0, message="Creating the service instance"),
    ),
)


def scenario(server: DemoServer, *, scale: float = 1.0) -> tuple[DemoOperation, ...]:
    """Start the operations of the demo, all their times multiplied by *scale*.

    The last one ends after ``12 * scale`` seconds.
    """
    return tuple(_start(server, entry, scale) for entry in _ENTRIES)


def _start(server: DemoServer, entry: _Entry, scale: float) -> DemoOperation:
    script = entry.script
    timed = replace(script, seconds=script.seconds * scale, pending=script.pending * scale)
    started = server.start(entry.profile, timed)
    return DemoOperation(
        entry.profile, started.id, entry.reference(started), started.params, script.end
    )
