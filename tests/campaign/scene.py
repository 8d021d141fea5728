"""One scripted wait, with a ledger in front of everything in it that can fail.

Decides what the API says, what the program is given from outside, and what is put in
front of what it is not given: streams, files, TLS, the HTTP library, signals.
"""

from __future__ import annotations

import asyncio
import io
import json
import os
import random
import signal
import ssl
import sys
from collections import Counter
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from unittest.mock import patch

import h11

from campaign.network import StuckError, TorturedClock, TorturedLoop
from opwatch.cli.exit import end_of
from opwatch.cli.options import ProfileOptions
from opwatch.cli.run_options import RunOptions
from opwatch.cli.runner import run_watch
from opwatch.cli.selection import Selection
from opwatch.cli.view import View
from opwatch.domain.outcome import ExitCode, Policy
from opwatch.output.terminal import Style
from opwatch.session.context import RunContext
from servers.raw import http
from servers.tls import Authority

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from campaign.ledger import Ledger

CANARY: Final = "canary-7f3a91c2d4"
DEADLINE: Final = 20.0
WALL: Final = 1_772_355_600.0
TRUTHS: Final[Mapping[str, ExitCode]] = {
    "done": ExitCode.SUCCEEDED,
    "failed": ExitCode.FAILED,
    "running": ExitCode.TIMED_OUT,
}
PROFILE: Final = {
    "request": {"path": "/ops/{id}"},
    "conditional": True,
    "read": {"id": "id", "status": "status", "progress": "percent"},
    "states": {"running": ["running"], "succeeded": ["done"], "failed": ["failed"]},
    "poll": {"first": "2s", "longest": "4s"},
}


@dataclass(frozen=True, slots=True)
class Scene:
    """One scripted wait: how operation ``a`` ends, what shows it, and over what."""

    truth: str
    style: Style
    speaks_tls: bool = False

    def __str__(self) -> str:
        return f"{self.truth} {self.style} {'https' if self.speaks_tls else 'http'}"


SCENES: Final = (
    Scene("done", Style.LINES),
    Scene("failed", Style.BARS),
    Scene("done", Style.BARS, speaks_tls=True),
    Scene("running", Style.LINES),
)


@dataclass(frozen=True, slots=True)
class Ended:
    """A run that is over. *took* is in seconds of its loop."""

    code: int
    out: str
    err: str
    took: float
    calls: Sequence[str]
    met: str
    is_stuck: bool


class Stage:
    """Plays scenes in *folder*, which must be empty."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._token = folder / "token"
        self._config = folder / "config.yaml"
        authority = Authority()
        self._ca_file = authority.write(folder)
        self._context = authority.good()
        self._context.sslobject_class = ssl.SSLObject

    def play(self, scene: Scene, ledger: Ledger) -> Ended:
        """Play *scene*, in which *ledger* may make a call fail."""
        self._token.write_text(f"{CANARY}-1\n")
        self._token.chmod(0o600)
        self._write_profile(scene)
        script = Script(scene.truth, self._token)
        tls = self._context if scene.speaks_tls else None
        loop = TorturedLoop(ledger, script, tls)
        clock = TorturedClock(loop, ledger, WALL)
        out = Stream(ledger, "stdout")
        err = Stream(ledger, "stderr", is_terminal=scene.style is Style.BARS)
        context = RunContext(
            # In CI nobody is asked for a secret, and so no keyring is either.
            environ={"TERM": "xterm", "CI": "1"},
            ca_file=self._ca_file if scene.speaks_tls else None,
            catch_signals=True,
            clock=clock,
            uniform=random.Random(7).uniform,  # noqa: S311, chance that can be repeated
        )
        shown = RunOptions(profile="api", progress=scene.style, as_json=True, debug=True)
        view = View("wait", shown, context)
        options = ProfileOptions(profile="api", config=self._config)
        chosen = Selection(options, ("a", "b"), context.environ)
        with self._tortured(ledger, loop, out, err):
            policy = Policy(timeout=DEADLINE)
            try:
                code = run_watch(lambda: (chosen.plan(policy), context), view)
            except BaseException as problem:  # noqa: BLE001, the last net, as in opwatch.cli.app
                code = end_of(problem, as_json=True)
        took = loop.time()
        _close(loop)
        return Ended(
            int(code), out.text, err.text, took, ledger.calls, ledger.met, loop.ahead.is_stuck
        )

    def _write_profile(self, scene: Scene) -> None:
        scheme = "https" if scene.speaks_tls else "http"
        auth = {"bearer": {"file": str(self._token)}}
        base = f"{scheme}://127.0.0.1:8080" if scene.speaks_tls else "http://api.localhost:8080"
        profile = {**PROFILE, "base_url": base, "auth": auth}
        self._config.write_text(json.dumps({"version": 1, "profiles": {"api": profile}}))

    @contextmanager
    def _tortured(
        self, ledger: Ledger, loop: TorturedLoop, out: Stream, err: Stream
    ) -> Iterator[None]:
        """Put *ledger* in front of what a run calls without being given it."""
        opened = {str(self._token): "token read", str(self._config): "config read"}
        sending, reading = h11.Connection.send, h11.Connection.next_event
        handlers = {number: signal.getsignal(number) for number in signal.valid_signals()}
        with ExitStack() as stack:
            for owner, name, replacement in (
                (asyncio, "new_event_loop", lambda: loop),
                (sys, "stdout", out),
                (sys, "stderr", err),
                (json, "loads", _met(ledger, json.loads, lambda *_: "json")),
                (os, "open", _met(ledger, os.open, lambda path, *_: opened.get(str(path)))),
                (io, "open", _met(ledger, io.open, lambda path, *_: opened.get(str(path)))),
                (ssl.SSLContext, "sslobject_class", _tls_of(ledger)),
                (h11.Connection, "send", _met(ledger, sending, lambda *_: "library")),
                (h11.Connection, "next_event", _met(ledger, reading, lambda *_: "stream")),
            ):
                stack.enter_context(patch.object(owner, name, replacement))
            yield
        for number, handler in handlers.items():
            if handler is not None and signal.getsignal(number) is not handler:
                signal.signal(number, handler)


# -- what a run meets ----------------------------------------------------------------


class Script:
    """The API: ``a`` runs, wants a new token, moves, and ends with *truth*; ``b`` is done."""

    def __init__(self, truth: str, token: Path) -> None:
        self._truth = truth
        self._token = token
        self._valid = f"{CANARY}-1"
        self._asked: Counter[str] = Counter()

    def __call__(self, head: bytes) -> bytes:
        path = head.split(b" ", 2)[1].decode()
        if f"Bearer {self._valid}" not in head.decode():
            return http(b'{"message": "expired"}', status="401 Unauthorized")
        if path == "/moved":
            return self._says("a", "running", percent=70)
        name = path.rpartition("/")[2]
        self._asked[name] += 1
        if name == "b":
            return self._b(self._asked[name], b"If-None-Match" in head)
        return self._a(self._asked[name])

    def _a(self, number: int) -> bytes:
        if number == 1:
            # From here on, another token counts.
            self._valid = f"{CANARY}-2"
            self._token.write_text(self._valid)
            return self._says("a", "running", percent=10)
        if number == 2:
            return http(b"", "Location: /moved", status="302 Found")
        return self._says("a", self._truth, percent=99)

    def _b(self, number: int, is_conditional: bool) -> bytes:  # noqa: FBT001, what was asked
        if number == 2 and is_conditional:
            return b"HTTP/1.1 304 Not Modified\r\n\r\n"
        return self._says("b", "done" if number > 2 else "running")

    def _says(self, name: str, status: str, **more: Any) -> bytes:
        body = json.dumps({"id": name, "status": status, **more}).encode()
        return http(body, 'ETag: "x"')


class Stream(io.TextIOBase):
    """Standard output or error: *name* stands in the ledger."""

    encoding = "utf-8"

    def __init__(self, ledger: Ledger, name: str, *, is_terminal: bool = False) -> None:
        self.text = ""
        self._ledger = ledger
        self._name = name
        self._is_terminal = is_terminal

    def write(self, text: str) -> int:
        self._ledger.meet(f"{self._name} write")
        self.text += text
        return len(text)

    def flush(self) -> None:
        self._ledger.meet(f"{self._name} flush")

    def isatty(self) -> bool:
        return self._is_terminal

    def __del__(self) -> None:
        """Nothing is left to flush."""


def _met(ledger: Ledger, real: Any, kind_of: Any) -> Any:
    """Return *real*, of whose calls *ledger* hears if they are of a kind."""

    def call(*args: Any, **options: Any) -> Any:
        kind = kind_of(*args)
        if kind is not None:
            ledger.meet(kind)
        return real(*args, **options)

    return call


def _tls_of(ledger: Ledger) -> type[ssl.SSLObject]:
    class RecordingSocket(ssl.SSLObject):
        def do_handshake(self) -> None:
            ledger.meet("tls")
            super().do_handshake()

        def read(self, *args: Any) -> Any:
            ledger.meet("tls")
            return super().read(*args)

        def write(self, *args: Any) -> Any:
            ledger.meet("tls")
            return super().write(*args)

    return RecordingSocket


def _close(loop: asyncio.AbstractEventLoop) -> None:
    for task in asyncio.all_tasks(loop):
        task.cancel()
    with suppress(Exception, StuckError):
        loop.run_until_complete(asyncio.sleep(0))
    loop.close()
