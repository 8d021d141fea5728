"""The only room that sleeps: drives the watcher over a fetcher until it is finished."""

from opwatch.engine.clock import Clock, SystemClock
from opwatch.engine.drive import Fetch, drive
from opwatch.engine.loop import run_to_end
from opwatch.engine.signals import (
    Interruption,
    Mailbox,
    catch_signals,
    raise_on_signals,
    stay,
)

__all__ = [
    "Clock",
    "Fetch",
    "Interruption",
    "Mailbox",
    "SystemClock",
    "catch_signals",
    "drive",
    "raise_on_signals",
    "run_to_end",
    "stay",
]
