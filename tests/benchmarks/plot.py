"""Requests against lateness, as a picture: pure functions of the figures that were measured."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from benchmarks.chart import WIDTH, Chart, legend, text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

CHART: Final = Chart(
    "Requests against lateness",
    across=(0.3, 200.0),
    up=(8.0, 2500.0),
    across_name="mean seconds late",
    up_name="mean requests for an operation",
)
SHOWN: Final = {
    "no progress": "#0b6bcb",
    "even progress": "#1a7f37",
    "slow-fast-slow": "#8250df",
    "in four leaps": "#bc4c00",
}
"""Of our curves, those in the picture, and their colours; the others lie among them."""


def _line(rows: Sequence[Mapping[str, Any]], more: str) -> str:
    return CHART.line(((row["late"], row["requests"]) for row in rows), more)


def _placed(rows: Sequence[Mapping[str, Any]]) -> Iterator[tuple[Mapping[str, Any], float]]:
    """Yield each row and where its label goes, none over another to its left or right."""
    taken: list[tuple[float, float]] = []
    for row in sorted(rows, key=lambda each: float(each["requests"])):
        x, y = CHART.x(row["late"]), CHART.y(row["requests"]) + 4
        while any(abs(x - there) < 190 and abs(y - height) < 13 for there, height in taken):
            y -= 1
        taken.append((x, y))
        yield row, y


def plot(figures: Mapping[str, Any]) -> str:
    """Return the picture of *figures*, as docs/schedules.json holds them."""
    parts = [_line(figures["optimum"], 'class="best"')]
    for row, y in _placed(figures["peers"]):
        x = CHART.x(row["late"])
        at = f'cx="{x:.1f}" cy="{CHART.y(row["requests"]):.1f}"'
        parts.append(f'<circle class="peer" {at} r="3.5"/>')
        near_edge = x > WIDTH - 160
        parts.append(
            text(x - 8, y, row["name"], 'text-anchor="end"')
            if near_edge
            else text(x + 8, y, row["name"])
        )
    entries = [("the optimum without progress", "#1f2328")]
    for name, colour in SHOWN.items():
        rows = [row for row in figures["opwatch"] if row["name"] == name]
        parts.append(_line(rows, f'fill="none" stroke="{colour}" stroke-width="2"'))
        for row in rows:
            x, y = CHART.x(row["late"]), CHART.y(row["requests"])
            radius = 6 if row["pace"] == "normal" else 4
            parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius}" fill="{colour}"/>')
        entries.append((f"opwatch, {name}: eager, normal, gentle", colour))
    return CHART.drawn([*parts, *legend(entries)])
