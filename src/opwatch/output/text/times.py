"""Short times for people, rounded so that they do not flicker."""

from __future__ import annotations

from typing import Final

from opwatch.domain.duration import format_duration

MINUTE: Final = 60.0


def spaced(seconds: float) -> str:
    """Return a short time for a sentence: ``8 s``, ``1m 12s``."""
    return f"{int(max(0.0, seconds))} s" if seconds < MINUTE else format_duration(seconds)


def rounded(seconds: float) -> str:
    """Return a time that someone chose, without the zeros that nobody wrote: ``30m``."""
    first, _, second = format_duration(seconds).partition(" ")
    return f"{first} {second}" if second.strip("0smhd") else first


def left_text(seconds: float) -> str:
    """Return a rough time to go, in steps that do not flicker: ``about 40 s left``."""
    if seconds < 10:  # noqa: PLR2004, the smallest step
        return "seconds left"
    if seconds < MINUTE:
        return f"about {int(seconds / 10) * 10} s left"
    minutes = round(seconds / MINUTE)
    if minutes < 60:  # noqa: PLR2004, an hour
        return f"about {minutes}m left"
    return f"about {minutes // 60}h {minutes % 60 // 10 * 10:02d}m left"
