"""Where the CPU of a poll goes, by the room of the house whose code runs.

    python tests/benchmarks/rooms.py WHERE ARGUMENT...     opwatch itself, looked at from within

Every few milliseconds of CPU count for the room of the innermost frame that has one: what
the standard library does is done for its caller. The time in which the loop waits counts
for nothing.
"""

from __future__ import annotations

import json
import signal
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NoReturn

HERE: Final = Path(__file__).resolve()
if __name__ == "__main__":
    del sys.path[0]  # what is measured sees no module of the tests

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import FrameType

EVERY: Final = 0.002
"""Seconds of CPU between two looks."""
LIBRARIES: Final = frozenset({"h11"})
LIBRARY: Final = "h11"
SOCKETS: Final = "the sockets"
LOOP: Final = "the event loop"


def room_of(frame: FrameType | None) -> str | None:
    """Return whose code *frame* runs, None before the loop, and while it waits."""
    room, is_leaf = None, True
    while frame is not None:
        name = frame.f_globals.get("__name__", "")
        if is_leaf and name == "selectors":
            return None
        is_leaf = False
        top, *rest = name.split(".")
        if name == "opwatch.engine.loop":
            return room or LOOP
        if room is None and top in LIBRARIES:
            room = LIBRARY
        elif room is None and name == "opwatch.http.connection":
            room = SOCKETS
        elif room is None and top == "opwatch" and rest:
            room = rest[0]
        frame = frame.f_back
    return None


def program(where: str, arguments: Sequence[str]) -> None:
    """Run opwatch with *arguments*; write how often each room was met to the file *where*."""
    import opwatch.__main__  # noqa: PLC0415, only in the process that is measured

    met: Counter[str] = Counter()

    def look(_number: int, frame: FrameType | None) -> None:
        room = room_of(frame)
        if room is not None:
            met[room] += 1

    def leave(code: int) -> NoReturn:
        signal.setitimer(signal.ITIMER_PROF, 0)
        Path(where).write_text(json.dumps(met))
        sys.stdout.flush()
        ended(code)

    ended = opwatch.__main__.leave
    opwatch.__main__.leave = leave
    signal.signal(signal.SIGPROF, look)
    signal.setitimer(signal.ITIMER_PROF, EVERY, EVERY)
    sys.argv = ["opwatch", *arguments]
    opwatch.__main__.main()


def shares(port: int, names: Sequence[str]) -> dict[str, float]:
    """Return the percentage of each room while opwatch looks at the operations *names*."""
    from benchmarks.processes import Client, configured, python, run  # noqa: PLC0415, see above

    with tempfile.TemporaryDirectory() as folder:
        where, config = Path(folder, "met"), configured(folder, port, "copies")
        words = ("get", "--config", config, "-p", "copies", "-")
        run(Client("opwatch", python(str(HERE), str(where), *words)), names)
        met: dict[str, Any] = json.loads(where.read_text())
    total = sum(met.values())
    return {room: 100 * many / total for room, many in Counter(met).most_common()}


if __name__ == "__main__":
    program(sys.argv[1], sys.argv[2:])
