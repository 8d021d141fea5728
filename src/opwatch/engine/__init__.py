"""The only room that sleeps: drives the watcher over a fetcher until it is finished."""

from opwatch.engine.clock import Clock, SystemClock
from opwatch.engine.drive import Fetch, drive
from opwatch.engine.signals import Mailbox, catch_signals

__all__ = ["Clock", "Fetch", "Mailbox", "SystemClock", "catch_signals", "drive"]
