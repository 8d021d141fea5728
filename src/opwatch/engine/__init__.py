"""The only room that sleeps: drives the watcher over a fetcher until it is finished."""

from opwatch.engine.drive import Collect, Fetch, drive
from opwatch.engine.loop import SystemClock, pause, run_to_end
from opwatch.engine.signals import (
    Inbox,
    Interruption,
    LookNow,
    catch_signals,
    or_abort,
    pass_over_signals,
    raise_on_signals,
    stay,
)

__all__ = [
    "Collect",
    "Fetch",
    "Inbox",
    "Interruption",
    "LookNow",
    "SystemClock",
    "catch_signals",
    "drive",
    "or_abort",
    "pass_over_signals",
    "pause",
    "raise_on_signals",
    "run_to_end",
    "stay",
]
