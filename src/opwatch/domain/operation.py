"""One operation: what the API reports of it, and what our watch knows of it.

Decides the closed set of states, which of them are terminal, what a reading holds,
and the shape of a poll and its answer: one finding for each operation that the poll
asked about, in the same order. An operation is an immutable snapshot; the watcher
replaces it.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from enum import StrEnum
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeAlias

from opwatch.domain.outcome import Outcome, Reason
from opwatch.domain.trouble import Trouble

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from opwatch.domain.command_line import OptionWords
    from opwatch.domain.secret import Secret

TargetKey: TypeAlias = "tuple[str, str, str | None, tuple[tuple[str, str], ...]]"


class State(StrEnum):
    """Where an operation stands, in the same six words for every API."""

    PENDING = "pending"
    RUNNING = "running"
    BLOCKED = "blocked"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def is_terminal(self) -> bool:
        """Tell whether nothing can follow."""
        return self in TERMINAL


TERMINAL: Final = frozenset({State.SUCCEEDED, State.FAILED, State.CANCELLED})


@dataclass(frozen=True, slots=True)
class OperationError:
    """Why an operation failed, in the API's words (hostile until cleaned)."""

    code: str | None = None
    message: str | None = None
    details: Any = None


class Failure(NamedTuple):
    """Why an operation failed, as the API answered when it was asked after the end.

    *text* is what failed, *lines* are the last of its log, *link* is a web page about it;
    all are the API's own (hostile until cleaned). *trouble* is why there is no more.
    *is_asked* is false where too many others had been asked about.
    """

    text: str | None = None
    lines: tuple[str, ...] = ()
    link: str | None = None
    trouble: Trouble | None = None
    is_asked: bool = True


class Contradiction(NamedTuple):
    """Two fields of an answer of which one says *said*, an end, and the *other* denies it."""

    field: str
    said: str
    other: str
    value: str

    def __str__(self) -> str:
        return f"{self.field}: {self.said}, {self.other}: {self.value}"


@dataclass(frozen=True, slots=True)
class Reading:
    """What one good answer reports of one operation. All texts are the API's own.

    *progress* is a percentage in [0, 100]; *count* a number without a total. *name* is
    what the API calls the operation, *kind* what it does, *details* is whatever else the
    profile names. *wait* is a pause in seconds that the answer asks for. *moved_to* is the
    URL that the next poll must go to. *partial* marks a success with warnings.
    *is_known_word* is false when the profile maps neither status nor rule. A
    *contradiction* has left an end undecided.
    """

    state: State
    status: str = ""
    progress: float | None = None
    count: int | None = None
    message: str | None = None
    kind: str | None = None
    name: str = ""
    error: OperationError | None = None
    created_at: datetime | None = None
    started_at: datetime | None = None
    updated_at: datetime | None = None
    finished_at: datetime | None = None
    link: str | None = None
    result: Any = None
    details: Mapping[str, Any] | None = None
    id: str | None = None
    partial: bool = False
    is_known_word: bool = True
    contradiction: Contradiction | None = None
    wait: float | None = None
    moved_to: str | None = None
    rule: str = ""
    raw: Any = None

    def differs_from(self, other: Reading | None) -> bool:
        """Tell whether a person would see a difference to *other*."""
        return other is None or _shown(self) != _shown(other)


_shown: Final = attrgetter("state", "status", "progress", "count", "message")


@dataclass(frozen=True, slots=True)
class Unchanged:
    """The API confirmed that nothing has changed since the last reading (304)."""


Finding: TypeAlias = "Reading | Unchanged | Trouble"


@dataclass(frozen=True, slots=True)
class InitialAnswer:
    """What the answer that started an operation reported of it.

    *reading* is a terminal one, None if the operation has not ended at once. *pause* is
    in seconds, before the first poll; *params* stood beside the reference. *is_named* is
    false where the answer tells the end and names nothing that could be asked about.
    *cookies* are what a piped answer set, each a ``Set-Cookie``.
    """

    reading: Reading | None = None
    pause: float = 0.0
    params: Mapping[str, str] = field(default_factory=dict)
    is_named: bool = True
    cookies: tuple[Secret, ...] = ()


@dataclass(frozen=True, slots=True)
class Earlier:
    """What an earlier process left of its watch. Times are of this run's clock.

    *missed_from* is since when the API did not know the operation. *etag*, *modified* and
    *moved_to* are what the next poll needs of the last answer. With an *outcome*, the watch
    has ended before, and nothing is asked.
    """

    watched_from: float
    reading: Reading | None = None
    confirmed_at: float | None = None
    changed_at: float | None = None
    missed_from: float | None = None
    ended_at: float | None = None
    polls: int = 0
    problems: int = 0
    outcome: Outcome | None = None
    reason: Reason | None = None
    etag: str | None = None
    modified: str | None = None
    moved_to: str | None = None


class Basis(StrEnum):
    """What a profile that nobody named was chosen by."""

    ADDRESS = "address"  # host and path of the URL are those of the profile
    PATH = "path"  # the path is, the host is of no known API
    WORDS = "words"  # neither; only the plain words of the answer count
    PIPED = "piped"  # standard input named it


@dataclass(frozen=True, slots=True)
class Target:
    """How to ask about one operation.

    *reference* is what the person typed. *url* is set when a status URL is
    polled verbatim. *origin* names the host that answers; targets with the same
    non-empty *group* can be asked about in one request. *profile* names the
    profile that knows how; *basis* is what it was chosen by, if not by the
    person. *initial* is set where the starting answer was seen, *earlier* where another
    process has watched it. *options* are what chose its profile on the command line.
    """

    reference: str
    id: str
    origin: str
    profile: str = ""
    params: Mapping[str, str] = field(default_factory=dict)
    url: str | None = None
    group: str = ""
    basis: Basis | None = None
    initial: InitialAnswer = InitialAnswer()
    earlier: Earlier | None = None
    options: OptionWords = ()

    @property
    def key(self) -> TargetKey:
        """What it is: of several with one reference, the parameters tell which."""
        return self.profile, self.id, self.url, tuple(sorted(self.params.items()))

    @property
    def handed(self) -> dict[str, str]:
        """The parameters that stood beside the reference, in an answer or in what was piped in."""
        piped = {
            name: value
            for name, value in self.params.items()
            if ("--param", f"{name}={value}") in self.options
        }
        return {**piped, **self.initial.params}


@dataclass(frozen=True, slots=True)
class Operation:
    """A snapshot of our watch of one operation. Times are seconds of the run's clock.

    *streak* counts bad answers since the last good one, *problems* all of them. *failure*
    is None unless it failed and the API was to be asked why. *missed_from* is since when the
    API does not know it; one that was never found may still appear before *missing_until*.
    *usually* is how many seconds such an operation takes, as far as is remembered.
    """

    target: Target
    watched_from: float
    reading: Reading | None = None
    confirmed_at: float | None = None
    changed_at: float | None = None
    polls: int = 0
    problems: int = 0
    streak: int = 0
    trouble: Trouble | None = None
    next_poll_at: float | None = None
    missed_from: float | None = None
    missing_until: float | None = None
    eta: float | None = None
    usually: float | None = None
    outcome: Outcome | None = None
    reason: Reason | None = None
    failure: Failure | None = None
    ended_at: float | None = None

    @property
    def reference(self) -> str:
        """What the person typed to name the operation."""
        return self.target.reference

    @property
    def id(self) -> str:
        """The operation's id in its API."""
        return self.target.id

    @property
    def state(self) -> State | None:
        """The last confirmed state, None before the first good answer."""
        return self.reading.state if self.reading else None

    @property
    def counted_as(self) -> Outcome:
        """What it counts as: its outcome, pending while it has none."""
        return self.outcome or Outcome.PENDING

    @property
    def is_over(self) -> bool:
        """Tell whether our watch of it has ended."""
        return self.outcome is not None

    @property
    def ended_before(self) -> bool:
        """Tell whether its end was confirmed by an earlier process, and is only recorded."""
        earlier = self.target.earlier
        return earlier is not None and earlier.outcome is not None

    def elapsed(self, now: float) -> float:
        """Return for how many seconds it has been watched at *now*."""
        return max(0.0, (now if self.ended_at is None else self.ended_at) - self.watched_from)

    def but(self, **changes: Any) -> Operation:
        """Return a copy with *changes*."""
        return Operation(**dict(zip(_FIELDS, _values(self), strict=True), **changes))


# ``dataclasses.replace`` takes twice the time, and there are three snapshots to a poll.
_FIELDS: Final = tuple(each.name for each in fields(Operation))
_values: Final = attrgetter(*_FIELDS)


@dataclass(frozen=True, slots=True)
class Poll:
    """One request about one operation or a batch of them.

    *timeout* is the most seconds it may take. *conditional* is false when the
    answer must be a whole one, so that a wrong 304 cannot hang a wait.
    """

    targets: tuple[Target, ...]
    indices: tuple[int, ...]
    timeout: float
    conditional: bool = True
    final: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """The findings of one poll, in the order of its targets.

    *wait* is a pause in seconds for the whole host: a rate limit's, or until an
    empty quota is filled again. A pause that a good answer asks for concerns its
    operation alone and is ``Reading.wait``. *notes* are worth one warning each.
    *rate* is how many requests a second the host's headers allow from now on.
    """

    findings: tuple[Finding, ...]
    wait: float | None = None
    notes: tuple[str, ...] = ()
    rate: float | None = None

    @classmethod
    def all(cls, finding: Trouble | Unchanged, count: int) -> Answer:
        """Return the same *finding* for each of *count* operations."""
        wait = finding.wait if isinstance(finding, Trouble) else None
        return cls((finding,) * count, wait)
