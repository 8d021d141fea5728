"""What a shell may have handed down to the tests, and must not decide how they end."""

from __future__ import annotations

import signal
from typing import Final

NAMES: Final = ("SIGINT", "SIGQUIT", "SIGHUP", "SIGTERM", "SIGTSTP")


def heed_signals() -> None:
    """Undo that a shell lets a job in the background, or one under nohup, ignore signals.

    The programs that are tested would ignore them as well, as they must.
    """
    for name in NAMES:
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) is signal.SIG_IGN:
            usual = signal.default_int_handler if name == "SIGINT" else signal.SIG_DFL
            signal.signal(number, usual)
