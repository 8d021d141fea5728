"""Durations as people write them: ``90``, ``90s``, ``5m``, ``1h30m``, ``500ms``."""

from __future__ import annotations

import re
from typing import Final

_UNITS: Final = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_PART: Final = re.compile(r"(\d{1,9}(?:\.\d{1,6})?)(ms|s|m|h|d)", re.ASCII)
_WHOLE: Final = re.compile(r"(?:\d{1,9}(?:\.\d{1,6})?(?:ms|s|m|h|d))+", re.ASCII)
_BARE: Final = re.compile(r"\d{1,9}(?:\.\d{1,6})?", re.ASCII)


def parse_duration(text: str) -> float:
    """Return the seconds that *text* names.

    Raises:
        ValueError: it is not a duration; the message shows the accepted forms.
    """
    bare = text.strip().lower()
    if _BARE.fullmatch(bare):
        return float(bare)
    if _WHOLE.fullmatch(bare):
        return sum(float(number) * _UNITS[unit] for number, unit in _PART.findall(bare))
    raise ValueError(f"{text!r} is not a duration; write 90, 90s, 5m or 1h30m")


def format_duration(seconds: float) -> str:
    """Return *seconds* in at most two units: ``48s``, ``1m 12s``, ``2h 05m``, ``3d 04h``."""
    whole = int(max(0.0, seconds))
    for size, name, below, small in (
        (86400, "d", 3600, "h"),
        (3600, "h", 60, "m"),
        (60, "m", 1, "s"),
    ):
        if whole >= size:
            return f"{whole // size}{name} {whole % size // below:02d}{small}"
    return f"{whole}s"
