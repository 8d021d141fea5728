"""The time of looks at 1 to 10,000 operations, as a picture."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from benchmarks.chart import Chart, legend, text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

CHART: Final = Chart(
    "Seconds for one look at each of many operations",
    across=(0.8, 20_000.0),
    up=(0.1, 50.0),
    across_name="operations",
    up_name="seconds, start-up and all",
)
LINES: Final = {"ours_s": "#0b6bcb", "theirs_s": "#57606a"}


def looks_plot(figures: Mapping[str, Any]) -> str:
    """Return the picture of *figures*, which are those of the part ``counts``."""
    names = ("opwatch get", f"the bare client, {figures['against']} connections")
    entries = zip(names, LINES.values(), strict=True)
    return CHART.drawn([*_curves(figures), *legend(entries)], steps=(1,))


def _curves(figures: Mapping[str, Any]) -> Iterator[str]:
    for key, colour in LINES.items():
        points = [*zip(figures["counts"], figures[key], strict=True)]
        yield CHART.line(points, f'fill="none" stroke="{colour}" stroke-width="2"')
        for count, seconds in points:
            x, y = CHART.x(count), CHART.y(seconds)
            yield f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" fill="{colour}"/>'
            below = 16 if key == "theirs_s" else -8
            yield text(x, y + below, f"{seconds:.2g}", 'text-anchor="middle"')
