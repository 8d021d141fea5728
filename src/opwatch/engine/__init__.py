"""The only room that sleeps: drives the watcher over a fetcher until it is finished."""

from opwatch.engine.clock import Clock, SystemClock
from opwatch.engine.drive import Collect, Fetch, drive
from opwatch.engine.loop import pause, run_to_end
from opwatch.engine.retry import persist
from opwatch.engine.signals import (
    Interruption,
    Mailbox,
    catch_signals,
    or_abort,
    pass_over_signals,
    raise_on_signals,
    stay,
)

__all__ = [
    "Clock",
    "Collect",
    "Fetch",
    "Interruption",
    "Mailbox",
    "SystemClock",
    "catch_signals",
    "drive",
    "or_abort",
    "pass_over_signals",
    "pause",
    "persist",
    "raise_on_signals",
    "run_to_end",
    "stay",
]
