"""Regular expressions of a profile, each matched within a bound.

Decides for how long a text that a server sends may be looked through. The library is
``regex``, which takes what ``re`` does and has a time limit; ``google-re2`` needs none,
but has no look-ahead and writes to standard error by itself. It is loaded at the first
match: a built-in profile is compiled by the tests, and a run may never need it.
"""

from __future__ import annotations

import warnings
from contextlib import suppress
from functools import cached_property
from itertools import islice
from typing import TYPE_CHECKING, Final, TypeVar

from opwatch.profiles.yaml.nodes import TextError

if TYPE_CHECKING:
    from collections.abc import Callable

    from regex import Match, Pattern

T = TypeVar("T")
MAX_PATTERN: Final = 200
MAX_SUBJECT: Final = 4096
TIMEOUT: Final = 0.1
"""Seconds for one text. A sound pattern takes a thousandth of it."""
MOST_TIMEOUTS: Final = 3


class PatternError(TextError):
    """A text is not a regular expression."""


class BoundedPattern:
    """The regular expression *text*. One that runs out of time again and again is given up."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._timeouts = 0

    def __repr__(self) -> str:
        return f"BoundedPattern({self.text!r})"

    @cached_property
    def compiled(self) -> Pattern[str]:
        """The pattern of the library.

        Raises:
            PatternError: it is not a regular expression, or is too long.
        """
        import regex  # noqa: PLC0415, see the module's docstring

        if len(self.text) > MAX_PATTERN:
            raise PatternError(f"a pattern has at most {MAX_PATTERN} characters")
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                return regex.compile(self.text)
        except (regex.error, RecursionError, OverflowError, Warning) as error:
            offset = getattr(error, "pos", None) or 0
            raise PatternError(f"not a regular expression: {error}", offset) from error

    @property
    def has_groups(self) -> bool:
        """Tell whether it has a group, whose text then is what counts."""
        return self.compiled.groups > 0

    def holds(self, text: str) -> bool:
        """Tell whether *text* has a match.

        Raises:
            TimeoutError: that is not known within the time.
        """
        return self._in_time(
            lambda: bool(self.compiled.search(text[:MAX_SUBJECT], timeout=TIMEOUT))
        )

    def first(self, text: str) -> Match[str] | None:
        """Return the first match in *text*, None if none is found in time."""
        return next(iter(self._matches(text[:MAX_SUBJECT], most=1)), None)

    def last(self, text: str) -> Match[str] | None:
        """Return the last match in *text*, None if none is found in time."""
        found = self._matches(text[-MAX_SUBJECT:])
        return found[-1] if found else None

    def removed_from(self, text: str) -> str:
        """Return *text* without the matches in it; the whole of it if time runs out."""
        end, kept = 0, ""
        for match in self._matches(text[:MAX_SUBJECT]):
            kept += text[end : match.start()]
            end = match.end()
        return kept + text[end:]

    def is_all_of(self, text: str) -> bool:
        """Tell whether the whole of *text* is a match, and that is found in time."""
        with suppress(TimeoutError):
            return self._in_time(lambda: bool(self.compiled.fullmatch(text, timeout=TIMEOUT)))
        return False

    def _matches(self, text: str, most: int = MAX_SUBJECT) -> list[Match[str]]:
        """Return up to *most* matches in *text*, none if time runs out."""
        with suppress(TimeoutError):
            return self._in_time(
                lambda: list(islice(self.compiled.finditer(text, timeout=TIMEOUT), most))
            )
        return []

    def _in_time(self, find: Callable[[], T]) -> T:
        """Return what *find* finds; a pattern that ran out of time too often is not tried."""
        if self._timeouts >= MOST_TIMEOUTS:
            raise TimeoutError
        try:
            return find()
        except TimeoutError:
            self._timeouts += 1
            raise
