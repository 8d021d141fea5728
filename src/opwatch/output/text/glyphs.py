"""The signs that are drawn, in the best set that a stream's encoding has."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Final


@dataclass(frozen=True, slots=True)
class Glyphs:
    """One set of signs, each one cell wide but for the *ellipsis*."""

    succeeded: str
    failed: str
    running: str
    pending: str
    unseen: str
    trouble: str
    unknown: str
    ellipsis: str
    dot: str
    times: str
    dash: str
    under: str
    bar: str
    bar_end: str
    bar_start: str
    rest: str


UNICODE: Final = Glyphs(
    succeeded="✓",
    failed="✗",
    running="●",
    pending="○",
    unseen="◌",
    trouble="!",
    unknown="?",
    ellipsis="…",
    dot="·",
    times="×",  # noqa: RUF001, the sign for "times" is meant
    dash="–",  # noqa: RUF001, a dash is meant
    under="│",
    bar="━",
    bar_end="╸",
    bar_start="╺",
    rest="─",
)
ASCII: Final = Glyphs(
    succeeded="+",
    failed="x",
    running="*",
    pending="o",
    unseen=".",
    trouble="!",
    unknown="?",
    ellipsis="...",
    dot="-",
    times="x",
    dash="-",
    under="|",
    bar="=",
    bar_end=">",
    bar_start="<",
    rest="-",
)


def glyphs_for(encoding: str) -> Glyphs:
    """Return the signs that *encoding* has, all of one set."""
    every = "".join(getattr(UNICODE, each.name) for each in fields(UNICODE))
    try:
        every.encode(encoding)
    except (UnicodeEncodeError, LookupError):
        return ASCII
    return UNICODE
