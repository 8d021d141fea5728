"""What a run reports to the CI system that it runs in.

Decides when: the marks in its log while it goes on, the files of a step of GitHub Actions at
its end, also at the end of a run that could not begin. The verdict stands whatever becomes
of a report.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from opwatch.cli.exit import problem_document, sentence_of, verdict_of
from opwatch.cli.files import append
from opwatch.domain.errors import OpwatchError, UnwritableError
from opwatch.domain.operation import Operation
from opwatch.domain.outcome import Abort, Verdict
from opwatch.output.ci import System
from opwatch.output.ci.dialects import Annotation, Severity, dialect_of
from opwatch.output.ci.github import OUTPUT_FILE, SUMMARY_FILE, heading, markdown, outputs
from opwatch.output.ci.log import mark
from opwatch.output.errors import write_error
from opwatch.output.formats.document import dumps
from opwatch.output.streams import Sink
from opwatch.output.terminal.renderer import Guard
from opwatch.output.text.clean import Show
from opwatch.output.text.summary import Resume, summary
from opwatch.session.context import RunContext

SIGNALS: Final = frozenset({Abort.HANGUP, Abort.INTERRUPTED, Abort.TERMINATED, Abort.PIPE_CLOSED})


@dataclass(frozen=True, slots=True)
class CiReport:
    """Reports the run of *command* to the *system* that reads its log."""

    command: str
    system: System
    context: RunContext

    def mark(self, display: Guard, wall_of: Callable[[float], datetime], *, grouped: bool) -> Guard:
        """Return *display* with its log marked for the system."""
        redact = self.context.redactor
        return mark(
            display, self.system, sys.stderr, wall_of=wall_of, redact=redact, grouped=grouped
        )

    def report(
        self,
        operations: Sequence[Operation],
        verdict: Verdict,
        document: Callable[[], dict[str, Any]],
        times: tuple[float, float],
        resume: Resume | None,
    ) -> None:
        """Write the files of the step: its summary and its outputs. *times* are begin and end."""
        if self.system is not System.GITHUB:
            return
        from opwatch.state.discretion import redact_to_keep

        show, (started_at, ended_at) = Show(redact_to_keep(self.context.redactor)), times
        text = markdown(
            operations,
            verdict,
            started_at=started_at,
            ended_at=ended_at,
            show=show,
            resume=resume,
        )
        self._append(SUMMARY_FILE, text)
        self._write_outputs(
            verdict.code, summary(operations, ended_at - started_at, show), document
        )

    def report_problem(self, problem: BaseException, operations: Sequence[Operation]) -> None:
        """Report what has ended a run before it began; a signal is no news to who sent it."""
        redact = self.context.redactor
        sentence, verdict = sentence_of(problem, redact), verdict_of(problem)
        if verdict.cause not in SIGNALS:
            annotation = Annotation(Severity.ERROR, f"opwatch {self.command}", sentence)
            self._write(dialect_of(self.system).report(annotation))
        if self.system is System.GITHUB:
            self._append(SUMMARY_FILE, heading(sentence) + "\n\n")
            self._write_outputs(
                verdict.code,
                sentence,
                lambda: problem_document(
                    problem, command=self.command, operations=operations, redact=redact
                ),
            )

    def _write_outputs(
        self, code: int, summary: str, document: Callable[[], dict[str, Any]]
    ) -> None:
        if self.context.environ.get(OUTPUT_FILE):
            values = outputs(exit_code=code, summary=summary, json=dumps(document()))
            self._append(OUTPUT_FILE, values)

    def _append(self, variable: str, text: str) -> None:
        path = self.context.environ.get(variable)
        if path:
            try:
                append(path, text)
            except UnwritableError as problem:
                write_error(sys.stderr, problem, redact=self.context.redactor)

    def _write(self, line: str) -> None:
        with suppress(OpwatchError):
            Sink(sys.stderr, redact=self.context.redactor, required=False).line(line)
