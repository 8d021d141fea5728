"""The demo server: two ports of 127.0.0.1.

Decides which dialect answers a request. The second port is the file storage that signed
URLs lead to: another origin, where a credential of the first has no business.
"""

from __future__ import annotations

import time
from threading import Lock
from typing import TYPE_CHECKING

from opwatch.demo.dialect import Call, path_params
from opwatch.demo.dialects import DIALECTS
from opwatch.demo.http import Listener, Reply
from opwatch.demo.jobs import Jobs, StartedJob, Truth

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Self

    from opwatch.demo.dialect import Dialect, Route
    from opwatch.demo.http import Request
    from opwatch.demo.jobs import Script


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
