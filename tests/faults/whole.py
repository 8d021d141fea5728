"""The whole program in this process, on a clock that hurries.

Everything between the parser of arguments and the end of the process is real:
profile, plan, session, sockets, watcher, renderer, exit code. What a run takes from
outside is passed in: its environment, its chance, and its clock. A minute of waiting
by that clock, and by the event loop's, is a second or less, so that a wait of minutes
is tried in a moment. A host that answers on loopback is fast enough for it.

    ended = wait("a", "b", server.url)
    assert (ended.code, ended.outcomes) == (0, ["succeeded", "succeeded"])
"""

from __future__ import annotations

import asyncio
import json
import random
import selectors
import socket
import sys
import time
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final

import h11 as _loaded_before_any_clock_runs  # noqa: F401

from opwatch.cli.options import ProfileOptions
from opwatch.cli.run_options import RunOptions
from opwatch.cli.runner import run_watch
from opwatch.cli.selection import Selection
from opwatch.cli.view import View
from opwatch.domain.outcome import Outcome, Policy
from opwatch.output.terminal import Style
from opwatch.output.trace import trace
from opwatch.session.context import RunContext
from opwatch.session.session import carry_out, open_session
from servers.raw import RawServer, Talk, http, read

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    import pytest

    from servers.raw import Step

    Outcomes = list[Outcome | None]

CANARY: Final = "canary-7f3a91c2d4"
SPEED: Final = 60.0
WALL: Final = 1_772_355_600.0  # 2026-03-01 09:00:00 UTC
PROFILE: Final = {
    "request": {"path": "/ops/{id}"},
    "auth": {"bearer": {"env": "API_TOKEN"}},
    "read": {"id": "id", "status": "status", "progress": "percent", "message": "message"},
    "states": {
        "pending": ["queued"],
        "running": ["running"],
        "succeeded": ["done"],
        "failed": ["failed"],
        "cancelled": ["cancelled"],
    },
    "poll": {"first": "1s", "longest": "2s"},
}


# -- the clock -----------------------------------------------------------------------


class Hurried:
    """Two clocks that pass *speed* times as fast as the real one while a loop waits.

    While something is done they pass as ever, and no wait takes longer by them than it was to
    take, so that a busy machine costs no time limit.
    """

    def __init__(self, speed: float = SPEED) -> None:
        self._speed = speed
        self._began = time.monotonic()

    def now(self) -> float:
        return time.monotonic() - self._began

    def wait(self, select: Callable[[float | None], Any], seconds: float | None) -> Any:
        """Let *select* wait for *seconds* of this clock."""
        began = time.monotonic()
        found = select(None if seconds is None else seconds / self._speed)
        took = time.monotonic() - began
        passed = took * self._speed
        self._began -= (passed if seconds is None else min(passed, seconds)) - took
        return found

    def wall(self) -> float:
        return WALL + self.now()


class HurriedLoop(asyncio.SelectorEventLoop):
    """An event loop that lives by *clock*, and knows *names* besides the real ones.

    A name stands for its addresses, with spaces between them, or for the error that
    looking it up is; an address stands for the error that connecting to it is, or for
    nothing. A list holds what it stands for in turn, the last for ever.
    """

    def __init__(self, clock: Hurried, names: Mapping[str, Any]) -> None:
        self._hurried = clock
        self._names = dict(names)
        self.looked_up: list[str] = []
        super().__init__(_HurriedSelector(clock))

    def time(self) -> float:
        return self._hurried.now()

    async def getaddrinfo(self, host: Any, port: Any, **more: Any) -> Any:
        name = host.decode() if isinstance(host, bytes) else host
        self.looked_up.append(name)
        found = self._next(name)
        if found is None:
            return await super().getaddrinfo(host, port, **more)
        return [_address(each, port) for each in found.split()]

    async def create_connection(self, *args: Any, **more: Any) -> Any:
        self._next(args[1])
        return await super().create_connection(*args, **more)

    def _next(self, name: str) -> Any:
        found = self._names.get(name)
        if isinstance(found, list):
            found = found.pop(0) if len(found) > 1 else found[0]
        if isinstance(found, BaseException):
            raise found
        return found


class _HurriedSelector(selectors.DefaultSelector):
    def __init__(self, clock: Hurried) -> None:
        super().__init__()
        self._clock = clock

    def select(self, timeout: float | None = None) -> Any:
        return self._clock.wait(super().select, timeout)


def _address(text: str, port: int) -> tuple[Any, ...]:
    family = socket.AF_INET6 if ":" in text else socket.AF_INET
    where = (text, port, 0, 0) if ":" in text else (text, port)
    return family, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", where


# -- the run -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Ended:
    """A run that is over. *took* is in seconds of its own clock."""

    code: int
    out: str
    err: str
    took: float
    looked_up: Sequence[str] = ()

    @property
    def document(self) -> Any:
        return json.loads(self.out)

    @property
    def operations(self) -> Any:
        return self.document["operations"]

    @property
    def outcomes(self) -> list[str]:
        return [each["outcome"] for each in self.operations]

    @property
    def one(self) -> Any:
        (operation,) = self.operations
        return operation

    def line(self, *words: str) -> str:
        """Return the one line of standard error that holds all *words*."""
        found = [each for each in self.err.splitlines() if all(word in each for word in words)]
        assert len(found) == 1, f"{words} in {len(found)} lines of:\n{self.err}"
        return found[0]


@dataclass(slots=True)
class Wait:
    """Runs ``opwatch wait`` in this process. *profile* is PROFILE with what a test adds."""

    home: Path
    capsys: pytest.CaptureFixture[str]
    monkeypatch: pytest.MonkeyPatch
    names: dict[str, Any] = field(default_factory=dict)
    environ: dict[str, str] = field(default_factory=lambda: {"API_TOKEN": CANARY})
    speed: float = SPEED
    ca_file: Path | None = None

    def __call__(
        self,
        url: str,
        *references: str,
        policy: Policy | None = None,
        style: Style = Style.LINES,
        raw: bool = False,
        verbose: bool = False,
        **profile: Any,
    ) -> Ended:
        """Wait for *references*, ``a`` if none is named, at *url*; *profile* overrides."""
        policy = policy or Policy(timeout=600.0)
        clock, loops = Hurried(self.speed), list[HurriedLoop]()
        config = self._configured(url, profile)
        options = ProfileOptions(profile="api", config=config)
        chosen = Selection(options, references or ("a",), self.environ)
        context = RunContext(
            environ=self.environ,
            ca_file=self.ca_file,
            clock=clock,
            uniform=random.Random(7).uniform,  # noqa: S311, chance that a test can repeat
        )
        if verbose:
            context = replace(context, trace=trace(sys.stderr, redact=context.redactor))
        view = View(
            "get" if policy.once else "wait",
            RunOptions(profile="api", progress=style, as_json=True, raw=raw),
            context,
        )

        def new_event_loop() -> HurriedLoop:
            loops.append(HurriedLoop(clock, self.names))
            return loops[-1]

        with self.monkeypatch.context() as patch:
            patch.setattr(asyncio, "new_event_loop", new_event_loop)
            code = run_watch(lambda: (chosen.plan(policy), context), view)
        took = clock.now()
        for loop in loops:
            _close(loop)
        out, err = self.capsys.readouterr()
        assert CANARY not in out + err, "a secret was written"
        assert "\x1b" not in out + err, "an escape byte was written"
        return Ended(code, out, err, took, [name for loop in loops for name in loop.looked_up])

    def side_by_side(self, url: str, *groups: Sequence[str], **profile: Any) -> list[Outcomes]:
        """Wait for each of *groups* in a run of its own, all at once; return their outcomes."""
        clock, config = Hurried(self.speed), self._configured(url, profile)

        async def run(references: Sequence[str]) -> Outcomes:
            options = ProfileOptions(profile="api", config=config)
            plan = Selection(options, references, self.environ).plan(Policy())
            context = RunContext(environ=self.environ, clock=clock)
            async with open_session(plan, context) as session:
                watcher = await carry_out(session, lambda _event: None, context)
            return [each.outcome for each in watcher.operations]

        async def run_all() -> list[Outcomes]:
            return list(await asyncio.gather(*map(run, groups)))

        loop = HurriedLoop(clock, self.names)
        try:
            return loop.run_until_complete(run_all())
        finally:
            _close(loop)

    def _configured(self, url: str, more: Mapping[str, Any]) -> Path:
        # JSON is YAML.
        path = self.home / "config.yaml"
        profile = {**PROFILE, "base_url": url, **more}
        path.write_text(json.dumps({"version": 1, "profiles": {"api": profile}}))
        return path


def _close(loop: asyncio.AbstractEventLoop) -> None:
    """Do what the end of the process does: leave nothing behind."""
    for task in asyncio.all_tasks(loop):
        task.cancel()
    with suppress(Exception):
        loop.run_until_complete(asyncio.sleep(0))
    loop.close()


# -- the API -------------------------------------------------------------------------


def state(status: str, name: str = "a", **more: Any) -> bytes:
    """Return the body of an answer about the operation *name*."""
    return json.dumps({"id": name, "status": status, **more}).encode()


def says(status: str, *headers: str, http_status: str = "200 OK", **more: Any) -> bytes:
    """Return a whole answer about the operation ``a``."""
    return http(state(status, **more), *headers, status=http_status)


RUNNING: Final = says("running")
DONE: Final = says("done")


def asked_about(request: bytes) -> str:
    """Return the id that *request* asks about."""
    return request.split(b" ", 2)[1].rpartition(b"/")[2].decode()


def reply(*answers: bytes | Step | Callable[[bytes], bytes]) -> Step:
    """Answer the n-th request to the server with the n-th of *answers*, and so on.

    An answer is bytes, or a function of the request; the last one serves all further
    requests. A step of a script ends the connection, so that something may go wrong.
    """

    def step(talk: Talk) -> None:
        while True:
            read()(talk)
            # Connections may be served side by side; the count is of all of them.
            number = len(talk.requests) - 1
            chosen: Any = answers[min(number, len(answers) - 1)]
            if isinstance(chosen, bytes):
                talk.peer.sendall(chosen)
                continue
            said = chosen(talk if _is_step(chosen) else talk.requests[number])
            if said is None:
                return
            talk.peer.sendall(said)

    return step


def _is_step(chosen: Callable[..., Any]) -> bool:
    """Tell whether *chosen* is a step of ``servers.raw``, which takes the whole talk."""
    return chosen.__module__ == read.__module__


def api(*answers: bytes | Step | Callable[[bytes], bytes], **options: Any) -> RawServer:
    """Return a server that gives the n-th request the n-th of *answers*."""
    return RawServer([reply(*answers)], **options)
