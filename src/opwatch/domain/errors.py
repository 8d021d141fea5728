"""The exceptions that cross a floor. No foreign one does.

    OpwatchError
    ├── UsageError            exit 2: nothing was requested
    │   ├── ProfileError      a profile or configuration file, with positions
    │   └── BadReferenceError an id or URL that names no operation of the profile
    ├── CredentialError       exit 4: no usable credential
    ├── StartError            exit 4 or 6: the starting request led to no operation
    ├── UnwritableError       exit 74: the result could not be written
    └── PipeClosedError       exit 141: the reader of our output left

One operation's misfortune is a value (``Trouble``); a run that cannot be
carried out is one of these.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from opwatch.domain.command_line import OptionWords
    from opwatch.domain.outcome import Abort, Outcome


class OpwatchError(Exception):
    """The root of all exceptions that opwatch raises on purpose."""


class UsageError(OpwatchError):
    """The run cannot start as asked. *hint* says what to do instead."""

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong in a file. *line* and *column* count from 1; 0 is unknown.

    Of what is only a warning the file can be used.
    """

    file: str
    line: int
    column: int
    message: str
    excerpt: str = ""
    is_warning: bool = False


class ProfileError(UsageError):
    """A profile or a configuration file cannot be used, for all of *problems*."""

    def __init__(self, problems: tuple[Problem, ...], *, hint: str | None = None) -> None:
        first = problems[0]
        super().__init__(f"{first.file}:{first.line}:{first.column}: {first.message}", hint=hint)
        self.problems = problems


class BadReferenceError(UsageError):
    """*reference* does not name an operation of the profile."""

    def __init__(self, reference: str, message: str, *, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.reference = reference


@dataclass(frozen=True, slots=True)
class TriedSource:
    """One place where a credential was looked for, and what was found there."""

    place: str
    found: str


class CredentialError(OpwatchError):
    """No usable credential for *profile* at *origin*; *fixes* are commands to paste.

    *is_absent* tells that no place holds one, rather than one that cannot be used.
    """

    def __init__(
        self,
        message: str,
        *,
        profile: str,
        origin: str,
        tried: tuple[TriedSource, ...] = (),
        fixes: tuple[str, ...] = (),
        is_absent: bool = False,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.profile = profile
        self.origin = origin
        self.tried = tried
        self.fixes = fixes
        self.is_absent = is_absent


class StartError(OpwatchError):
    """The starting request led to no operation that could be watched.

    *cause* is what that means for the exit code; *hint* says what to do. *references*
    are what the answer named all the same, and must not be lost; *options* choose their profile.
    """

    def __init__(
        self,
        message: str,
        cause: Abort | Outcome,
        *,
        hint: str | None = None,
        references: tuple[str, ...] = (),
        options: OptionWords = (),
    ) -> None:
        super().__init__(message)
        self.message = message
        self.cause = cause
        self.hint = hint
        self.references = references
        self.options = options


class UnwritableError(OpwatchError):
    """Our output could not be written; the text is the operating system's."""


class PipeClosedError(OpwatchError):
    """The reader of our output closed the pipe."""
