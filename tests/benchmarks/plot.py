"""Requests against lateness, as a picture: pure functions of the figures that were measured."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final
from xml.sax.saxutils import escape

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

WIDTH, HEIGHT, LEFT, BOTTOM, MARGIN = 860, 560, 64, 56, 20
LATE, REQUESTS = (0.3, 200.0), (8.0, 2500.0)
SHOWN: Final = {
    "no progress": "#0b6bcb",
    "even progress": "#1a7f37",
    "slow-fast-slow": "#8250df",
    "in four leaps": "#bc4c00",
}
"""Of our curves, those in the picture, and their colours; the others lie among them."""
TICKS: Final = tuple(m * 10.0**n for n in range(-1, 4) for m in (1, 2, 5))
STYLE: Final = (
    "text{font:12px system-ui,sans-serif;fill:#57606a}.t{fill:#1f2328;font-weight:600}"
    ".grid{stroke:#eaeef2}.peer{fill:#8c959f}.best{fill:none;stroke:#1f2328;stroke-dasharray:5 4}"
)


def _x(late: float) -> float:
    low, high = map(math.log, LATE)
    return LEFT + (math.log(late) - low) / (high - low) * (WIDTH - LEFT - MARGIN)


def _y(requests: float) -> float:
    low, high = map(math.log, REQUESTS)
    room = HEIGHT - BOTTOM - 2 * MARGIN
    return HEIGHT - BOTTOM - (math.log(requests) - low) / (high - low) * room


def _text(x: float, y: float, text: str, more: str = "") -> str:
    return f'<text x="{x:.0f}" y="{y:.0f}" {more}>{escape(text)}</text>'


def _line(rows: Sequence[Mapping[str, Any]], more: str) -> str:
    points = " ".join(f"{_x(row['late']):.1f},{_y(row['requests']):.1f}" for row in rows)
    return f'<polyline points="{points}" {more}/>'


def _axes() -> Iterator[str]:
    for tick in TICKS:
        if LATE[0] <= tick <= LATE[1]:
            x = _x(tick)
            yield f'<path class="grid" d="M{x:.1f} {2 * MARGIN}V{HEIGHT - BOTTOM}"/>'
            yield _text(x, HEIGHT - BOTTOM + 18, f"{tick:g}", 'text-anchor="middle"')
        if REQUESTS[0] <= tick <= REQUESTS[1]:
            y = _y(tick)
            yield f'<path class="grid" d="M{LEFT} {y:.1f}H{WIDTH - MARGIN}"/>'
            yield _text(LEFT - 8, y + 4, f"{tick:g}", 'text-anchor="end"')
    yield _text(WIDTH - MARGIN, HEIGHT - 14, "mean seconds late", 'text-anchor="end" class="t"')
    yield _text(8, 22, "mean requests for an operation", 'class="t"')


def _placed(rows: Sequence[Mapping[str, Any]]) -> Iterator[tuple[Mapping[str, Any], float]]:
    """Yield each row and where its label goes, none over another to its left or right."""
    taken: list[tuple[float, float]] = []
    for row in sorted(rows, key=lambda each: float(each["requests"])):
        x, y = _x(row["late"]), _y(row["requests"]) + 4
        while any(abs(x - there) < 190 and abs(y - height) < 13 for there, height in taken):
            y -= 1
        taken.append((x, y))
        yield row, y


def plot(figures: Mapping[str, Any]) -> str:
    """Return the picture of *figures*, as docs/schedules.json holds them."""
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img">',
        "<title>Requests against lateness</title>",
        f'<style>{STYLE}</style><rect width="100%" height="100%" fill="#fff"/>',
        *_axes(),
        _line(figures["optimum"], 'class="best"'),
    ]
    for row, y in _placed(figures["peers"]):
        at = f'cx="{_x(row["late"]):.1f}" cy="{_y(row["requests"]):.1f}"'
        parts.append(f'<circle class="peer" {at} r="3.5"/>')
        x = _x(row["late"])
        near_edge = x > WIDTH - 160
        parts.append(
            _text(x - 8, y, row["name"], 'text-anchor="end"')
            if near_edge
            else _text(x + 8, y, row["name"])
        )
    legend = [("the optimum without progress", "#1f2328")]
    for name, colour in SHOWN.items():
        rows = [row for row in figures["opwatch"] if row["name"] == name]
        parts.append(_line(rows, f'fill="none" stroke="{colour}" stroke-width="2"'))
        for row in rows:
            x, y, radius = _x(row["late"]), _y(row["requests"]), 6 if row["pace"] == "normal" else 4
            parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius}" fill="{colour}"/>')
        legend.append((f"opwatch, {name}: eager, normal, gentle", colour))
    for n, (name, colour) in enumerate(legend):
        x, y = WIDTH - 330, 3 * MARGIN + 18 * n
        parts.append(f'<circle cx="{x}" cy="{y - 4}" r="5" fill="{colour}"/>')
        parts.append(_text(x + 12, y, name))
    return "\n".join([*parts, "</svg>", ""])
