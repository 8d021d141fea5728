"""What GitHub Actions gets beside the log: masks for its runner, a step's summary and outputs.

Decides where a secret may be registered, for such a line holds the secret itself (rule S8):
on standard error, since the runner reads both streams and standard output may carry a
result; only through a pipe, which is what the runner holds the other end of, and
never into a file or onto a terminal. And that no secret can be a command to the runner.

Decides that remote text in the summary is shown in code, each sign of it that Markdown or
HTML may read as an entity, which neither takes for structure
(https://spec.commonmark.org/0.31.2/, section 2.5); that nothing in code is a mention, an
emoji or a link; and that no output can be forged: each is between two lines that are drawn by
chance for it (``$GITHUB_OUTPUT`` takes any text between them).
https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands
"""

from __future__ import annotations

import secrets
from collections import Counter, deque
from contextlib import suppress
from typing import TYPE_CHECKING, Final, TextIO

from opwatch.domain.errors import OpwatchError
from opwatch.domain.moments import format_duration
from opwatch.domain.outcome import PRECEDENCE, Outcome, Verdict
from opwatch.output.streams import Sink, is_pipe
from opwatch.output.text.clean import PLAIN, Show
from opwatch.output.text.sentences import display_name, ending_detail, status_of
from opwatch.output.text.styles import page_of
from opwatch.output.text.summary import ORDER, TO_GO_ON, exit_text, left_out, next_steps, summary
from opwatch.output.text.words import OUTCOMES

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from opwatch.domain.operation import Operation
    from opwatch.domain.secret import Secret
    from opwatch.output.text.summary import Resume

# -- masks ---------------------------------------------------------------------------

SHORTEST: Final = 6
_REMEMBERED: Final = 64


def registrar(stream: TextIO | None, environ: Mapping[str, str]) -> Callable[[Secret], None] | None:
    """Return a function that registers a secret by way of *stream*, None if no runner reads it."""
    if environ.get("GITHUB_ACTIONS") != "true" or not is_pipe(stream):
        return None
    sink = Sink(stream, required=False)
    registered: deque[str] = deque(maxlen=_REMEMBERED)

    def register(secret: Secret) -> None:
        value = secret.reveal()
        # One that contains a registered one is masked already, as far as it matters.
        if _is_fit(value) and not any(each in value for each in registered):
            registered.append(value)
            with suppress(OpwatchError):
                sink.line(f"::add-mask::{value.replace('%', '%25')}")

    return register


def _is_fit(value: str) -> bool:
    """Tell whether *value* is one line, and long enough that masking it spoils no log."""
    return len(value) >= SHORTEST and value.isprintable() and value == value.strip()


# -- the summary ---------------------------------------------------------------------

MOST_ROWS: Final = 100
"""With these a summary stays below 600 KiB whatever is in it; GitHub takes 1 MiB."""
LONGEST_COMMAND: Final = 2000
HEAD: Final = (
    "| | Operation | Status | Time | Detail |",
    "| --- | --- | --- | ---: | --- |",
)
GLYPHS: Final = {Outcome.SUCCEEDED: "✅", Outcome.FAILED: "❌", Outcome.CANCELLED: "⛔"}
OUTPUT_FILE: Final = "GITHUB_OUTPUT"
SUMMARY_FILE: Final = "GITHUB_STEP_SUMMARY"
LARGEST_OUTPUT: Final = 400_000
"""Characters: all outputs of a job may take 1 MB, each character counted as two bytes."""


def markdown(
    operations: Sequence[Operation],
    verdict: Verdict,
    *,
    started_at: float,
    ended_at: float,
    show: Show = PLAIN,
    resume: Resume | None = None,
) -> str:
    """Return the report of a run; *started_at* and *ended_at* are on its clock."""
    worst = sorted(operations, key=lambda each: PRECEDENCE.index(each.counted_as))
    rows, rest = worst[:MOST_ROWS], worst[MOST_ROWS:]
    title = f"{summary(operations, ended_at - started_at, show)} ({exit_text(verdict)})"
    lines = [heading(title), ""]
    lines += [*HEAD, *(_row(each, ended_at, show) for each in rows), ""]
    if rest:
        counts = Counter(OUTCOMES[each.counted_as] for each in rest)
        lines += [entities(left_out(counts, [OUTCOMES[each] for each in ORDER], "…")), ""]
    for label, text in next_steps(operations, show, resume):
        if label != TO_GO_ON or len(text) <= LONGEST_COMMAND:
            lines.append(f"* {label}: {code(text)}")
    return "\n".join(lines).rstrip() + "\n\n"


def heading(text: str) -> str:
    """Return *text*, already clean, as the heading of a report."""
    return f"### opwatch: {entities(text)}"


def _row(operation: Operation, at: float, show: Show) -> str:
    outcome, link = operation.counted_as, page_of(operation, show)
    name = code(display_name(operation, show))
    cells = (
        f"{GLYPHS.get(outcome, '❔')}&nbsp;{OUTCOMES[outcome]}",
        f'<a href="{entities(link)}">{name}</a>' if link else name,
        code(status_of(operation, show)),
        format_duration(operation.elapsed(at)),
        code(ending_detail(operation, show)),
    )
    return f"| {' | '.join(cells)} |"


def code(text: str) -> str:
    """Return *text*, already clean, as inline code."""
    return f"<code>{entities(text)}</code>" if text else ""


def entities(text: str) -> str:
    """Return *text* with every sign that is neither a letter, a digit nor a blank as an entity."""
    return "".join(
        f"&#{ord(each)};" if each.isascii() and not (each.isalnum() or each == " ") else each
        for each in text
    )


# -- the outputs ---------------------------------------------------------------------


def outputs(*, exit_code: int, summary: str, json: str) -> str:
    """Return the outputs of a step; a document too large for one is left out."""
    values = {
        "exit-code": str(exit_code),
        "summary": summary,
        "json": json.rstrip("\n") if len(json) <= LARGEST_OUTPUT else "",
    }
    return "".join(_output(name, value) for name, value in values.items())


def _output(name: str, value: str) -> str:
    delimiter = f"opwatch_{secrets.token_hex(16)}"
    return f"{name}<<{delimiter}\n{value}\n{delimiter}\n"
