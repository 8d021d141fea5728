"""Suggestions in messages: what a person probably meant, and a list of choices."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return ``; did you mean 'x'?`` for the nearest of *known*, or an empty text."""
    from difflib import get_close_matches  # noqa: PLC0415, only errors pay for it

    lower = {each.lower(): each for each in known}
    close = get_close_matches(word.lower()[:100], lower, n=1, cutoff=0.6)
    return f"; did you mean {lower[close[0]]!r}?" if close else ""


def join_or(words: Iterable[str]) -> str:
    """Return *words* joined for a sentence: ``a, b or c``."""
    *most, last = words
    return f"{', '.join(most)} or {last}" if most else last
