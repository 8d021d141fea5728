"""The moving picture of the README: ``python docs/moving_picture.py`` records it anew.

Decides that it shows what a terminal of 80 columns shows while the real ``opwatch demo``
runs in it, byte for byte through a terminal emulator, so that it needs no change when the
display does. It is one SVG without script or anything fetched: all frames lie side by
side, and a CSS animation moves them past the window. What does not animate (librsvg, a
reader who wants less motion) shows the last frame.
"""

from __future__ import annotations

import fcntl
import os
import pty
import select
import struct
import subprocess
import sys
import termios
import time
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from xml.sax.saxutils import escape

import pyte

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from pyte.screens import Char

WHERE: Final = Path(__file__).with_name("demo-moving.svg")
COMMAND: Final = "opwatch demo"
COLUMNS: Final = 80
ROWS: Final = 24
LONGEST: Final = 90.0
"""Seconds after which a recording is given up."""
A_FRAME: Final = 0.2
"""Seconds: a shorter change would only be seen as a flicker."""
HOLD: Final = 5.0
"""Seconds for which the end is shown before it begins again."""

CELL: Final = 8.4
LINE: Final = 19
MARGIN: Final = 14
TITLE: Final = 30
INK: Final = "#d8dee9"
PAPER: Final = "#1e2127"
COLOURS: Final[Mapping[str, str]] = {
    "red": "#ff7b85", "green": "#98d982", "brown": "#ecc48d", "blue": "#7ab7ff", "magenta": "#d79bf0",
    "cyan": "#66d0dd", "white": INK, "brightblack": "#9aa2b1", "black": "#5c6370",
}  # fmt: skip

HEAD: Final = """\
<svg xmlns="http://www.w3.org/2000/svg" xml:space="preserve" viewBox="0 0 {width:g} {height}" role="img" aria-label="{title}, running">
<style>
text {{ font: 14px ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace; fill: {ink}; white-space: pre; }}
.bold {{ font-weight: bold; }}
#film {{ animation: film {seconds:.2f}s step-end infinite; }}
@keyframes film {{
{steps}
}}
@media (prefers-reduced-motion: reduce) {{ #film {{ animation: none; }} }}
</style>
<rect width="100%" height="100%" rx="8" fill="{paper}"/>
<circle cx="18" cy="16" r="5" fill="#ff5f57"/><circle cx="36" cy="16" r="5" fill="#febc2e"/><circle cx="54" cy="16" r="5" fill="#28c840"/>
<text x="{middle:g}" y="21" text-anchor="middle">{title}</text>
<svg x="{margin}" y="{top}" width="{inner:g}" height="{tall}">
<g id="film" transform="translate(-{last:g} 0)">
"""


@dataclass(frozen=True, slots=True)
class Frame:
    """What the screen shows from *at* seconds on: SVG of each row, without its place."""

    at: float
    rows: tuple[str, ...]


class _Screen(pyte.Screen):
    """A screen that knows faint text, which pyte leaves out."""

    def select_graphic_rendition(self, *attrs: int, **kwargs: Any) -> None:
        if not {38, 48} & set(attrs):
            attrs = tuple({2: 90, 22: 39}.get(each, each) for each in attrs)
        super().select_graphic_rendition(*attrs, **kwargs)


def record(argv: Sequence[str]) -> Iterator[tuple[float, bytes]]:
    """Run *argv* in a terminal, and yield what it writes, with the seconds since it began."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
    environ = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    environ |= {"TERM": "xterm-256color", "LANG": "C.UTF-8", "OPWATCH_STATE": "off"}
    begun = time.monotonic()
    with subprocess.Popen(  # noqa: S603, our own program
        argv, stdin=theirs, stdout=theirs, stderr=theirs, env=environ, start_new_session=True
    ) as child:
        os.close(theirs)
        try:
            while (now := time.monotonic() - begun) < LONGEST:
                if not select.select([ours], [], [], 1.0)[0]:
                    continue
                try:
                    part = os.read(ours, 65536)
                except OSError:  # Linux says so when the last writer has left.
                    break
                if not part:
                    break
                yield now, part
        finally:
            child.kill()
            os.close(ours)


def frames(parts: Iterable[tuple[float, bytes]]) -> list[Frame]:
    """Return what a terminal shows after *parts*, one frame for each visible change."""
    screen = _Screen(COLUMNS, ROWS)
    stream = pyte.ByteStream(screen)
    stream.feed(f"\x1b[2m$\x1b[0m {COMMAND}\r\n".encode())
    seen = [Frame(0.0, _rows(screen))]
    for at, part in parts:
        stream.feed(part)
        frame = Frame(max(at, A_FRAME), _rows(screen))
        if frame.rows == seen[-1].rows:
            continue
        if frame.at - seen[-1].at < A_FRAME and len(seen) > 1:
            frame = Frame(seen.pop().at, frame.rows)
        seen.append(frame)
    return seen


def _rows(screen: pyte.Screen) -> tuple[str, ...]:
    return tuple(_row([screen.buffer[y][x] for x in range(COLUMNS)]) for y in range(ROWS))


def _row(cells: Sequence[Char]) -> str:
    """Return one row; each run of one style is as wide as its cells, whatever the font."""
    parts, x = [], 0
    for (colour, bold), run in groupby(cells, key=lambda cell: (cell.fg, cell.bold)):
        taken = list(run)
        text = "".join(cell.data for cell in taken)
        if text.strip():
            skipped = len(text) - len(text.lstrip())
            text, start = text.strip(), x + skipped
            look = f' style="fill:{COLOURS[colour]}"' if colour in COLOURS else ""
            look += ' class="bold"' if bold else ""
            parts.append(
                f'<text x="{start * CELL:g}"{look} '
                f'textLength="{len(text) * CELL:g}">{escape(text)}</text>'
            )
        x += len(taken)
    return "".join(parts)


def moving(film: Sequence[Frame], *, title: str = COMMAND) -> str:
    """Return the SVG that shows *film*, again and again."""
    used = max(y + 1 for frame in film for y, row in enumerate(frame.rows) if row)
    inner, tall, seconds = COLUMNS * CELL, used * LINE, film[-1].at + HOLD
    steps = "\n".join(
        f"{100 * frame.at / seconds:.2f}% {{ transform: translate(-{number * inner:g}px, 0); }}"
        for number, frame in enumerate(film)
    )
    names = {
        row: f"r{number}"
        for number, row in enumerate(dict.fromkeys(row for frame in film for row in frame.rows))
    }
    head = HEAD.format(
        width=inner + 2 * MARGIN, height=tall + TITLE + MARGIN, title=escape(title), ink=INK, paper=PAPER,
        seconds=seconds, steps=steps, middle=inner / 2 + MARGIN, margin=MARGIN, top=TITLE,
        inner=inner, tall=tall, last=(len(film) - 1) * inner,
    )  # fmt: skip
    shared = "".join(f'<g id="{name}">{row}</g>\n' for row, name in names.items() if row)
    strip = "".join(
        f'<use href="#{names[row]}" x="{number * inner:g}" y="{(y + 1) * LINE - 5}"/>\n'
        for number, frame in enumerate(film)
        for y, row in enumerate(frame.rows)
        if row
    )
    return f"{head}<defs>\n{shared}</defs>\n{strip}</g>\n</svg>\n</svg>\n"


def main() -> int:
    film = frames(record([sys.executable, "-m", *COMMAND.split()]))
    text = moving(film)
    WHERE.write_text(text, encoding="utf-8")
    print(f"wrote {WHERE.name}: {len(film)} frames, {film[-1].at:.0f} s, {len(text) // 1024} KiB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
