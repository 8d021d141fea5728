"""A picture of points on two logarithmic axes, as SVG."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from xml.sax.saxutils import escape

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

SVG: Final = "http://www.w3.org/2000/svg"
WIDTH, HEIGHT, LEFT, BOTTOM, MARGIN = 860, 560, 64, 56, 20
STYLE: Final = (
    "text{font:12px system-ui,sans-serif;fill:#57606a}.t{fill:#1f2328;font-weight:600}"
    ".grid{stroke:#eaeef2}.peer{fill:#8c959f}.best{fill:none;stroke:#1f2328;stroke-dasharray:5 4}"
)


@dataclass(frozen=True)
class Chart:
    """The axes: from and to which values, and what they are called."""

    title: str
    across: tuple[float, float]
    up: tuple[float, float]
    across_name: str
    up_name: str

    def x(self, value: float) -> float:
        low, high = map(math.log, self.across)
        return LEFT + (math.log(value) - low) / (high - low) * (WIDTH - LEFT - MARGIN)

    def y(self, value: float) -> float:
        low, high = map(math.log, self.up)
        room = HEIGHT - BOTTOM - 2 * MARGIN
        return HEIGHT - BOTTOM - (math.log(value) - low) / (high - low) * room

    def line(self, points: Iterable[tuple[float, float]], more: str) -> str:
        """Return a line through *points*."""
        places = " ".join(f"{self.x(x):.1f},{self.y(y):.1f}" for x, y in points)
        return f'<polyline points="{places}" {more}/>'

    def drawn(self, parts: Iterable[str], steps: tuple[int, ...] = (1, 2, 5)) -> str:
        """Return the whole picture; the grid has a line at *steps* of each power of ten."""
        return "\n".join(
            [
                f'<svg xmlns="{SVG}" viewBox="0 0 {WIDTH} {HEIGHT}" role="img">',
                f"<title>{self.title}</title>",
                f'<style>{STYLE}</style><rect width="100%" height="100%" fill="#fff"/>',
                *self._axes(steps),
                *parts,
                "</svg>",
                "",
            ]
        )

    def _axes(self, steps: tuple[int, ...]) -> Iterator[str]:
        for tick in (m * 10.0**n for n in range(-1, 5) for m in steps):
            if self.across[0] <= tick <= self.across[1]:
                x = self.x(tick)
                yield f'<path class="grid" d="M{x:.1f} {2 * MARGIN}V{HEIGHT - BOTTOM}"/>'
                yield text(x, HEIGHT - BOTTOM + 18, f"{tick:g}", 'text-anchor="middle"')
            if self.up[0] <= tick <= self.up[1]:
                y = self.y(tick)
                yield f'<path class="grid" d="M{LEFT} {y:.1f}H{WIDTH - MARGIN}"/>'
                yield text(LEFT - 8, y + 4, f"{tick:g}", 'text-anchor="end"')
        yield text(WIDTH - MARGIN, HEIGHT - 14, self.across_name, 'text-anchor="end" class="t"')
        yield text(8, 22, self.up_name, 'class="t"')


def text(x: float, y: float, words: str, more: str = "") -> str:
    """Return *words* at a place."""
    return f'<text x="{x:.0f}" y="{y:.0f}" {more}>{escape(words)}</text>'


def legend(entries: Iterable[tuple[str, str]]) -> Iterator[str]:
    """Yield a line for each of *entries*, a name and a colour."""
    for n, (name, colour) in enumerate(entries):
        x, y = WIDTH - 330, 3 * MARGIN + 18 * n
        yield f'<circle cx="{x}" cy="{y - 4}" r="5" fill="{colour}"/>'
        yield text(x + 12, y, name)
