"""One operation as one row.

Decides the glyph, the bar and the one note of a row. The bar is a promise: it
shows only what the API reported, and reaches its end only with the state.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from opwatch.domain.moments import format_duration
from opwatch.domain.operation import Operation, State
from opwatch.domain.outcome import Outcome, Reason
from opwatch.output.text.clean import Show, cells, cut, elide
from opwatch.output.text.sentences import (
    API_OUTCOMES,
    brief,
    ending_detail,
    kind_of,
    message_of,
    short_time,
    status_of,
    time_left,
    with_streak,
)
from opwatch.output.text.styles import (
    GAP,
    PERCENT,
    TONES,
    Glyphs,
    Layout,
    Line,
    Link,
    Tone,
    pad,
    page_of,
)
from opwatch.output.text.words import ASKED_ANOTHER, OUTCOMES, REASONS, SO_FAR, TO_BE_SURE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from opwatch.domain.events import Held

WORTH_A_NOTE: Final = 5.0  # seconds that a pause must last to be worth a note
TURN: Final = "waits its turn"
PULSE: Final = 5
PULSE_SPEED: Final = 8.0

GLYPH_OF_OUTCOME: Final[Mapping[Outcome, str]] = {
    Outcome.SUCCEEDED: "succeeded",
    Outcome.FAILED: "failed",
    Outcome.CANCELLED: "failed",
    Outcome.DENIED: "trouble",
    Outcome.NOT_FOUND: "unknown",
    Outcome.UNKNOWN: "unknown",
    Outcome.TIMED_OUT: "trouble",
    Outcome.PENDING: "pending",
}


@dataclass(frozen=True, slots=True)
class Note:
    """What stands beside a row, in several *forms*, the fullest first."""

    forms: tuple[tuple[str, ...], ...] = ()
    tone: Tone = Tone.FAINT

    def fit(self, room: int, glyphs: Glyphs) -> str:
        """Return the fullest form that *room* cells hold; the last one is cut if it must be."""
        text = ""
        for form in self.forms:
            text = f" {glyphs.dot} ".join(filter(None, form))
            if cells(text) <= room:
                return text
        return cut(text, room, ellipsis=glyphs.ellipsis)

    def __bool__(self) -> bool:
        return any(map(any, self.forms))


def dropping(*parts: str, tone: Tone = Tone.FAINT) -> Note:
    """Return a note of *parts* that gives them up from the last on."""
    return Note(tuple(parts[:many] for many in range(len(parts), 0, -1)), tone)


def glyph_of(operation: Operation, glyphs: Glyphs) -> tuple[str, Tone]:
    """Return the sign for how *operation* stands, and its tone."""
    if operation.outcome is not None:
        return getattr(glyphs, GLYPH_OF_OUTCOME[operation.outcome]), TONES[operation.outcome]
    if operation.streak:
        return glyphs.trouble, Tone.WARN
    match operation.state:
        case None:
            return glyphs.unseen, Tone.FAINT
        case State.PENDING:
            return glyphs.pending, Tone.FAINT
        case State.BLOCKED:
            return glyphs.trouble, Tone.WARN
        case State.RUNNING | State.SUCCEEDED | State.FAILED | State.CANCELLED:
            return glyphs.running, Tone.BUSY


def note_of(
    operation: Operation,
    at: float,
    held: Held | None,
    glyphs: Glyphs,
    show: Show,
    *,
    is_asked: bool = False,
) -> Note:
    """Return the one note beside *operation*: trouble first."""
    if operation.outcome is not None:
        bad = operation.outcome is not Outcome.SUCCEEDED
        tone = _tone_of_ending(operation) if bad else Tone.FAINT
        return dropping(ending_detail(operation, show), tone=tone)
    if operation.streak and operation.trouble is not None:
        return _trouble_note(operation, at, glyphs, show, is_asked=is_asked)
    if held is not None and _is_worth_a_note(held, operation, at):
        why = brief(held.trouble, show) if held.trouble else ASKED_ANOTHER
        return dropping(why, f"again in {short_time(held.until - at)}", tone=Tone.WARN)
    reading = operation.reading
    if reading is None:
        return Note()
    due, confirmed_at = operation.next_poll_at, operation.confirmed_at
    if not is_asked and due is not None and confirmed_at is not None and at - due >= WORTH_A_NOTE:
        return dropping(f"{short_time(at - confirmed_at)} old", TURN, tone=Tone.WARN)
    if reading.state is State.BLOCKED:
        return dropping(REASONS[Reason.BLOCKED], message_of(operation, show), tone=Tone.WARN)
    left = _left(operation, at)
    if left > 0:
        return dropping(_usual(operation) + time_left(left))
    if reading.state.is_terminal:
        return dropping(TO_BE_SURE)
    message = message_of(operation, show)
    if reading.count is not None and reading.progress is None:
        return dropping(f"{reading.count:,} so far", message)
    kind = kind_of(operation, show)
    return Note(((kind, message), (message or kind,)))


def _usual(operation: Operation) -> str:
    """Return what the time to go is drawn from, where that is the past and not progress."""
    has_progress = operation.reading is not None and operation.reading.progress is not None
    if operation.usually is None or has_progress:
        return ""
    return f"usually {short_time(operation.usually)}, "


def _left(operation: Operation, at: float) -> float:
    """Return the seconds to go; a prediction that has not come true no longer counts."""
    if operation.eta is None or operation.confirmed_at is None:
        return 0.0
    return operation.eta - (at - operation.confirmed_at)


def _is_worth_a_note(held: Held, operation: Operation, at: float) -> bool:
    """Tell whether the pause has a reason, is long, and longer than the operation's own."""
    if held.trouble is None and not held.is_of_another:
        return False
    due = operation.next_poll_at
    return held.until - at >= WORTH_A_NOTE and (due is None or due <= held.until)


def _trouble_note(
    operation: Operation, at: float, glyphs: Glyphs, show: Show, *, is_asked: bool
) -> Note:
    if operation.trouble is None:
        return Note()
    why = brief(operation.trouble, show)
    what = with_streak(why, operation.streak, glyphs.times)
    again = _again(operation.next_poll_at, at, is_asked=is_asked)
    if operation.missing_until is not None and operation.missing_until > at:
        until = format_duration(operation.missing_until - operation.watched_from)
        return dropping(f"{SO_FAR}, until {until}", again, tone=Tone.WARN)
    age = age_of(operation, at)
    return Note(((age, what, again), (what, again), (why, again), (why,)), Tone.WARN)


def age_of(operation: Operation, at: float) -> str:
    """Return how old what is shown of *operation* is, if that is a second or more."""
    since = operation.confirmed_at
    return f"{short_time(at - since)} old" if since is not None and at - since >= 1 else ""


def _again(due: float | None, at: float, *, is_asked: bool) -> str:
    if is_asked:
        return "asking again"
    if due is None:
        return ""
    return f"again in {short_time(max(1.0, due - at))}" if due > at else TURN


def _tone_of_ending(operation: Operation) -> Tone:
    return Tone.BAD if operation.outcome is Outcome.FAILED else Tone.WARN


def name_cell(operation: Operation, name: str, width: int, show: Show) -> Line:
    """Return *name* in *width* cells; it leads to the page of *operation*, if there is one."""
    link = page_of(operation, show)
    padding = " " * (width - cells(name))
    return [(name, Link(link) if link else Tone.PLAIN), (padding, Tone.PLAIN)]


def status_cell(operation: Operation, show: Show) -> str:
    """Return the API's word; with a question mark where it could not be confirmed."""
    word = status_of(operation, show)
    if operation.outcome is None or operation.outcome in API_OUTCOMES:
        return word
    if operation.outcome is Outcome.UNKNOWN and word:
        return f"{word}?"
    return word or OUTCOMES[operation.outcome]


def percent_of(operation: Operation) -> str:
    """Return the API's percentage, or nothing; a success is 100 by definition."""
    if operation.outcome is Outcome.SUCCEEDED:
        return "100%"
    progress = operation.reading.progress if operation.reading else None
    return "" if progress is None else f"{int(progress)}%"


def bar(operation: Operation, width: int, at: float, glyphs: Glyphs) -> Line:
    """Return the bar of *operation* in *width* cells; a pulse where no percentage is known."""
    _, tone = glyph_of(operation, glyphs)
    tone = Tone.BUSY if tone is Tone.FAINT else tone
    if operation.outcome is Outcome.SUCCEEDED:
        return [(glyphs.bar * width, tone)]
    progress = operation.reading.progress if operation.reading else None
    if progress is not None:
        # Half a cell stays open until the state is an end.
        halves = min(int(progress / 100 * width * 2), width * 2 - 1)
        done = glyphs.bar * (halves // 2) + glyphs.bar_end * (halves % 2)
        return [(done, tone), (glyphs.rest * (width - len(done)), Tone.FAINT)]
    moves = operation.reading is not None and not operation.is_over and not operation.streak
    if not moves or width <= PULSE:
        return [(glyphs.rest * width, Tone.FAINT)]
    return _pulse(width, at, tone, glyphs)


def _pulse(width: int, at: float, tone: Tone, glyphs: Glyphs) -> Line:
    reach = width - PULSE
    step = int(at * PULSE_SPEED) % (2 * reach)
    start = step if step <= reach else 2 * reach - step
    return [
        (glyphs.rest * start, Tone.FAINT),
        (glyphs.bar_start + glyphs.bar * (PULSE - 2) + glyphs.bar_end, tone),
        (glyphs.rest * (reach - start), Tone.FAINT),
    ]


def row(
    operation: Operation, name: str, layout: Layout, *, at: float, glyphs: Glyphs, show: Show
) -> Line:
    """Return the row of *operation*, called *name*, but for its note."""
    glyph, tone = glyph_of(operation, glyphs)
    line: Line = [(glyph, tone), (" ", Tone.PLAIN), *name_cell(operation, name, layout.name, show)]
    if layout.profile:
        profile = elide(show(operation.target.profile), layout.profile, ellipsis=glyphs.ellipsis)
        line.append((GAP + pad(profile, layout.profile), Tone.FAINT))
    line.append((GAP, Tone.PLAIN))
    if layout.bar:
        line += [*bar(operation, layout.bar, at, glyphs), (" ", Tone.PLAIN)]
    line.append((f"{percent_of(operation):>{PERCENT}}", Tone.PLAIN))
    status = cut(status_cell(operation, show), layout.status, ellipsis=glyphs.ellipsis)
    line.append((GAP + pad(status, layout.status), Tone.PLAIN))
    elapsed = format_duration(operation.elapsed(at))
    line.append((f"{GAP}{elapsed:>{layout.elapsed}}", Tone.FAINT))
    return line
