"""The steps to why an operation failed, and the lines of a log that say it.

Decides, without sending anything, what the answers of the steps tell, and which lines of
a log are kept: the last ones that are not blank, up to the one that a profile names,
without what moves a cursor.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from opwatch.domain.messages import Headers, Response
from opwatch.domain.operation import Failure
from opwatch.profiles.language.paths import AnswerView
from opwatch.profiles.language.result import Log, Step
from opwatch.profiles.values import sentence, web_address, word

if TYPE_CHECKING:
    from collections.abc import Iterator

    from opwatch.profiles.results import Fetch, ResultSteps

MOST_LINES: Final = 20
TAIL: Final = 64 * 1024
"""Characters at the end of a log that are looked through."""
UNKNOWN: Final = Failure()
PLAIN: Final = Log()
_TAB: Final = 8
# ECMA-48: a control sequence, a string (which some end with a bell), or a single character.
_ESCAPE: Final = re.compile(
    r"\x1b(?:\[[0-?]*[ -/]*[@-~]|[]P_^X][^\x07\x1b]*(?:\x07|\x1b\\)|[ -/]*[0-Z\\^-~])"
)


@dataclass(frozen=True, slots=True)
class FailureSteps:
    """How far the *steps* are, and the *failure* as it is known by now."""

    steps: ResultSteps
    failure: Failure = UNKNOWN

    @property
    def fetch(self) -> Fetch | None:
        """The next request, None after the last."""
        return self.steps.fetch

    @property
    def log(self) -> Log | None:
        """How the answer to the next request is read if that is a log, and the last."""
        return self.steps.steps[0].log

    @property
    def wants_redirect(self) -> bool:
        """Tell whether the answer to the next request is a redirect, to be looked into."""
        return self.steps.steps[0].redirect

    def after(self, response: Response) -> FailureSteps:
        """Return the next state, after the answer to the request of *fetch*."""
        step, steps = self.steps.steps[0], self.steps.after(response)
        return FailureSteps(steps, _found(step, steps, self.failure))

    def after_log(self, text: str) -> FailureSteps:
        """Return the last state, after a log that ends with *text*."""
        lines = last_lines(text, self.log or PLAIN)
        steps = replace(self.steps, steps=(), fetch=None)
        return FailureSteps(steps, self.failure._replace(lines=lines or self.failure.lines))


def _found(step: Step, steps: ResultSteps, known: Failure) -> Failure:
    """Return *known* with what the answer to *step* adds."""
    view = AnswerView(steps.value, 200, Headers(), steps.values, steps.encode)
    text = sentence(step.text.find(view.item)) if step.text else None
    lines = last_lines(_joined(step.lines.find(view.item))) if step.lines else ()
    link = web_address(step.link.first(view)) if step.link else None
    return known._replace(
        text=", ".join(filter(None, (known.text, text))) or None,
        lines=lines or known.lines,
        link=link or known.link,
    )


def _joined(value: Any) -> str:
    """Return the text that *value* is, or that the last texts of a list make together."""
    if isinstance(value, list):
        return "\n".join(filter(None, map(word, value[-MOST_LINES:])))
    return word(value) or ""


def last_lines(text: str, log: Log = PLAIN) -> tuple[str, ...]:
    """Return the last lines of *text* as *log* says, in their order.

    A line that was cut at its beginning is no line: half a secret would not be masked.
    """
    if len(text) > TAIL:
        text = text[-TAIL:].partition("\n")[2]
    lines = [_ESCAPE.sub("", line).rstrip() for line in text.split("\n")]
    if log.until:
        marked = (at for at in range(len(lines), 0, -1) if log.until.first(lines[at - 1]))
        del lines[next(marked, len(lines)) :]
    kept = list(islice(_told(lines, log), MOST_LINES))
    return tuple(reversed(kept))


def _told(lines: list[str], log: Log) -> Iterator[str]:
    """Yield what is seen of *lines*, the last one first: none that is blank."""
    for line in reversed(lines):
        # What is before a carriage return has been written over.
        shown = line.rpartition("\r")[2]
        shown = log.drop.removed_from(shown) if log.drop else shown
        if shown.strip():
            yield shown.rstrip().expandtabs(_TAB)
