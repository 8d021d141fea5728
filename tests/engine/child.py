"""A run that never ends by itself, for ``test_signals``: says ``ready``, later its code.

    python child.py [ignore NAME] [stuck]

``ignore NAME`` inherits a signal that is ignored; ``stuck`` does not go at the first.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time

from opwatch.domain.events import Event, Interrupted, Started
from opwatch.domain.operation import Target
from opwatch.domain.outcome import Policy
from opwatch.domain.pacing import PollingRules
from opwatch.engine import Inbox, SystemClock, catch_signals, drive
from opwatch.watcher.watcher import Watcher


async def hang(_poll: object) -> None:
    await asyncio.sleep(60)


def tell(event: Event) -> None:
    if isinstance(event, Started):
        print("ready", flush=True)  # noqa: T201, this is how the test knows
    if isinstance(event, Interrupted) and "stuck" in sys.argv:
        print("stuck", flush=True)  # noqa: T201, as above
        time.sleep(60)


async def main() -> int:
    clock = SystemClock()
    watcher = Watcher(
        [Target("a", "a", "https://api.example")],
        {"": PollingRules()},
        Policy(),
        now=clock.now(),
        uniform=max,
    )
    inbox: Inbox = asyncio.Queue()
    with catch_signals(inbox):
        await drive(watcher, hang, tell, clock=clock, inbox=inbox)  # type: ignore[arg-type]
    return watcher.verdict().code


if __name__ == "__main__":
    if "ignore" in sys.argv:
        which = sys.argv.index("ignore")
        signal.signal(signal.Signals[sys.argv[which + 1]], signal.SIG_IGN)
        del sys.argv[which : which + 2]
        os.execv(sys.executable, [sys.executable, *sys.argv])  # noqa: S606, itself
    print(asyncio.run(main()), flush=True)  # noqa: T201, as above
