"""The moving picture of the README: what it shows, and that it plays."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest

from moving_picture import COLUMNS, COMMAND, ROWS, WHERE, frames, moving, record

if TYPE_CHECKING:
    from pathlib import Path

KEPT = WHERE.read_text(encoding="utf-8")
SVG = "{http://www.w3.org/2000/svg}"
BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser"))), None)
DRAWER = shutil.which("rsvg-convert") or ""


def shown(svg: str) -> list[str]:
    """Return the text of each frame of *svg*."""
    root = ET.fromstring(svg)  # noqa: S314, our own SVG
    rows = {f"#{each.get('id')}": "".join(each.itertext()) for each in root.iter(f"{SVG}g")}
    places: dict[float, list[str]] = {}
    for each in root.iter(f"{SVG}use"):
        places.setdefault(float(each.get("x", "")), []).append(rows[each.get("href", "")])
    return ["\n".join(places[x]) for x in sorted(places)]


def test_it_begins_with_the_command_and_ends_with_what_the_demo_found() -> None:
    film = shown(KEPT)

    assert film[0] == f"${COMMAND}"
    assert "8 operations" in film[1]
    assert "8 of 8 outcomes are what really happened" in film[-1]
    assert len(film) > 20


def test_it_is_small_and_fetches_and_runs_nothing() -> None:
    assert len(KEPT.encode()) < 300_000
    assert KEPT.count("http") == KEPT.count('"http://www.w3.org/2000/svg"') == 1
    assert not re.search(r"<script|<image|<foreignObject|@import|url\(|\son\w+=", KEPT)
    assert set(re.findall(r'href="(.)', KEPT)) == {"#"}


def test_without_animation_the_last_frame_is_shown() -> None:
    still = re.search(r'id="film" transform="translate\(-([\d.]+) 0\)"', KEPT)
    last = max(float(x) for x in re.findall(r'<use href="#\w+" x="([\d.]+)"', KEPT))

    assert still is not None
    assert float(still[1]) == last
    assert "prefers-reduced-motion" in KEPT


def test_a_frame_is_what_the_terminal_shows_then() -> None:
    film = frames(
        [(1.0, b"one\r\n"), (1.05, b"two\r\n"), (2.0, b"\x1b[1A\x1b[2K\x1b[31m<3>\x1b[0m")]
    )

    assert [frame.at for frame in film] == [0.0, 1.0, 2.0]
    assert shown(moving(film)) == [f"${COMMAND}", f"${COMMAND}\none\ntwo", f"${COMMAND}\none\n<3>"]


def test_colour_and_weight_are_kept_and_remote_text_is_only_text() -> None:
    svg = moving(frames([(1.0, b"\x1b[1;32mgood\x1b[0m \x1b[2mfaint\x1b[0m <script>")]))

    assert 'fill:#98d982" class="bold"' in svg
    assert 'fill:#9aa2b1" textLength="42">faint' in svg
    assert "&lt;script&gt;" in svg


def test_what_ends_is_recorded_to_its_end() -> None:
    written = [part for _, part in record([sys.executable, "-c", "print('x' * 70000, 'end')"])]

    assert b"".join(written).endswith(b" end\r\n")


@pytest.mark.slow
def test_the_demo_of_today_can_be_recorded() -> None:
    film = frames(record([sys.executable, "-m", *COMMAND.split()]))
    told = shown(moving(film))

    assert "8 of 8 outcomes are what really happened" in told[-1]
    assert (len(film[-1].rows), COLUMNS) == (ROWS, 80)
    assert len(moving(film)) < 300_000


def _seen(svg: str, folder: Path) -> bytes:
    """Return the picture that a browser has of *svg* as an <img>."""
    assert BROWSER is not None
    (folder / "film.svg").write_text(svg, encoding="utf-8")
    (folder / "page.html").write_text('<body style="margin:0"><img src="film.svg" width="700">')
    subprocess.run(  # noqa: S603, a browser on our own page
        [BROWSER, "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run",
         "--disable-background-networking", "--allow-file-access-from-files",
         f"--user-data-dir={folder / 'browser'}", "--window-size=700,450",
         f"--screenshot={folder / 'seen.png'}", f"file://{folder / 'page.html'}"],
        capture_output=True, timeout=60, check=True,
    )  # fmt: skip
    return (folder / "seen.png").read_bytes()


@pytest.mark.slow
@pytest.mark.skipif(BROWSER is None, reason="NOT TESTED: the moving picture needs chromium")
def test_it_plays_in_an_img_of_a_browser(tmp_path: Path) -> None:
    def at(seconds: int) -> str:
        running = "step-end infinite;"
        held = f"{running} animation-delay: -{seconds}s; animation-play-state: paused;"
        assert running in KEPT
        return KEPT.replace(running, held)

    pictures = [_seen(at(seconds), tmp_path) for seconds in (3, 8, 16)]
    still = _seen(KEPT.replace("@keyframes", "@nothing"), tmp_path)

    assert len(set(pictures)) == 3
    assert pictures[-1] == still


@pytest.mark.slow
@pytest.mark.skipif(not DRAWER, reason="NOT TESTED: the moving picture needs rsvg-convert")
def test_librsvg_draws_the_last_frame() -> None:
    def drawn(svg: str) -> bytes:
        return subprocess.run(  # noqa: S603, our own SVG
            [DRAWER], input=svg.encode(), capture_output=True, timeout=60, check=True
        ).stdout

    first = re.sub(r'(id="film" transform="translate)\(-[\d.]+ 0\)', r"\1(0 0)", KEPT)

    assert len(drawn(KEPT)) > 2 * len(drawn(first))
