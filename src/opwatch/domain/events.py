"""What happens during a watch, as frozen facts.

Decides what a listener is notified of. A listener is any callable; a renderer is
a context manager that yields one. ``at`` is seconds of the run's clock.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol, TypeAlias, runtime_checkable

if TYPE_CHECKING:
    from opwatch.domain.operation import Operation, Target
    from opwatch.domain.outcome import Abort, Verdict
    from opwatch.domain.trouble import Trouble


class Oddity(StrEnum):
    """Something that does not stop the watch but that a person should know once."""

    UNKNOWN_STATUS = "unknown_status"
    CONTRADICTION = "contradiction"
    WAIT_CAPPED = "wait_capped"
    WAIT_LONG = "wait_long"
    SLOW = "slow"
    BATCH_HALVED = "batch_halved"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Started:
    """The watch begins. *deadline* is on the run's clock, None for none."""

    at: float
    operations: tuple[Operation, ...]
    deadline: float | None


@dataclass(frozen=True, slots=True)
class Observed:
    """A good answer. *changed* tells whether a person would see a difference."""

    at: float
    operation: Operation
    changed: bool


@dataclass(frozen=True, slots=True)
class Troubled:
    """A bad answer; the operation's state stands as it was last confirmed."""

    at: float
    operation: Operation
    trouble: Trouble


@dataclass(frozen=True, slots=True)
class Ended:
    """The watch of one operation is over; its outcome is set."""

    at: float
    operation: Operation


@dataclass(frozen=True, slots=True)
class Warned:
    """An oddity, reported once. *text* is hostile until cleaned."""

    at: float
    oddity: Oddity
    text: str
    reference: str | None = None


@dataclass(frozen=True, slots=True)
class Held:
    """No request goes to *origin* before *until*; *trouble* says why.

    *is_of_another*: it has asked another process for this pause.
    """

    at: float
    origin: str
    until: float
    trouble: Trouble | None
    is_of_another: bool = False


@dataclass(frozen=True, slots=True)
class Resumed:
    """The machine slept, or the process was stopped, for *gap* seconds."""

    at: float
    gap: float


@dataclass(frozen=True, slots=True)
class Interrupted:
    """A signal asked us to detach; nothing remote is cancelled."""

    at: float
    abort: Abort


@dataclass(frozen=True, slots=True)
class Ticked:
    """Time has passed, and no answer has come; a request about those of *asked* leaves now."""

    at: float
    asked: tuple[Target, ...] = ()


@dataclass(frozen=True, slots=True)
class Finished:
    """The run is over; *operations* are in the order they were asked for."""

    at: float
    operations: tuple[Operation, ...]
    verdict: Verdict


Event: TypeAlias = (
    Started
    | Observed
    | Troubled
    | Ended
    | Warned
    | Held
    | Resumed
    | Interrupted
    | Ticked
    | Finished
)
Listener: TypeAlias = Callable[[Event], None]


@runtime_checkable
class Pausable(Protocol):
    """A listener that holds the terminal, and can let go of it for a while."""

    def pause(self) -> None:
        """Give the terminal back, because the process is about to be stopped."""

    def resume(self) -> None:
        """Take the terminal again when there is something to show, wherever its cursor is now.

        It may be called from within a signal's handler, also without a pause before.
        """

    def let_go(self) -> None:
        """Give the cursor back, and do no more: a signal is about to kill the process."""
