"""Pages in a real browser, Chromium: hostile text is not obeyed, and nothing is requested."""

from __future__ import annotations

import http.server
import re
import shutil
import subprocess
import threading
from typing import TYPE_CHECKING

import pytest

from faults.hostile import story
from output.report.pages import busy, page_of, seen

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="NOT TESTED: pages need Chromium; install it"),
]
PNG_WIDTH = slice(16, 20)


def browse(page: Path, *options: str) -> str:
    """Open *page*; return what is written to standard output."""
    done = subprocess.run(  # noqa: S603, a browser with our own page
        [
            str(CHROMIUM),
            *("--headless", "--no-sandbox", "--disable-gpu", "--no-first-run"),
            *("--disable-background-networking", "--hide-scrollbars"),
            f"--user-data-dir={page.parent / 'profile'}",
            *options,
            page.as_uri(),
        ],
        capture_output=True,
        timeout=120,
        check=True,
    )
    return done.stdout.decode()


@pytest.fixture
def asked() -> Iterator[tuple[str, list[str]]]:
    """Yield the address of a server, and what it has been asked for."""
    requests: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            requests.append(self.path)
            self.send_error(404)

        def log_message(self, *_arguments: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}", requests
        server.shutdown()
        thread.join()


def hostile_page(address: str) -> str:
    texts = [
        f"</bdi><script>document.title='owned';fetch('{address}/script')</script>",
        f"<img src={address}/img onerror=\"document.title='owned'\">",
        f"</title><meta http-equiv=refresh content='0;url={address}/refresh'>",
        f"<link rel=stylesheet href={address}/css><iframe src={address}/frame></iframe>",
        f"<style>body{{background:url({address}/style)}}</style>",
        f"{address}/link",
        "<div style='position:fixed;inset:0;background:red'>" + "W" * 3_000,
        "\u202e\u0301\u0301\u0301" * 200,
        f"<svg onload=fetch('{address}/svg')>",
        "javascript:document.title='owned'",
        "<plaintext>",
        "' onclick='x",
    ]
    return page_of(story(texts).finish(), profile=texts[0], problem=texts[1])


def test_hostile_text_runs_nothing_and_asks_for_nothing(
    asked: tuple[str, list[str]], tmp_path: Path
) -> None:
    address, requests = asked
    page = tmp_path / "page.html"
    page.write_text(hostile_page(address), "ascii")

    found = seen(browse(page, "--virtual-time-budget=3000", "--dump-dom"))

    assert requests == []
    assert "opwatch: 2 of 4 succeeded" in found.text
    assert not {tag for tag, _ in found.tags} & {"script", "img", "iframe", "link", "plaintext"}
    assert len(found.of("style")) == 1
    assert len(found.of("article")) == 4


def test_the_policy_stops_what_would_run_if_a_text_were_not_escaped(
    asked: tuple[str, list[str]], tmp_path: Path
) -> None:
    address, requests = asked
    page = tmp_path / "page.html"
    owned = f"<script>document.title='owned'</script><img src={address}/img><style>p{{}}</style>"
    page.write_text(page_of(busy(1)).replace("<footer>", owned + "<footer>"), "ascii")

    title = re.findall("<title>(.*?)</title>", browse(page, "--dump-dom"))

    assert (requests, title[0].startswith("opwatch: ")) == ([], True)


PROBE = (
    "<script>onload=()=>{document.title=[document.documentElement.scrollWidth,"
    "innerWidth,document.querySelectorAll('article').length,"
    "getComputedStyle(document.querySelector('.a')).fill].join()}</script>"
)


@pytest.mark.parametrize("width", [500, 1200])
@pytest.mark.parametrize("many", [1, 60, 2_000, "hostile"])
def test_no_page_is_wider_than_its_window(many: int | str, width: int, tmp_path: Path) -> None:
    text = page_of(busy(many)) if isinstance(many, int) else hostile_page("http://127.0.0.1:9")
    page = tmp_path / "page.html"
    # To measure it from within, its policy has to go; that the style is applied with it is below.
    page.write_text(
        re.sub("<meta http-equiv[^>]*>", "", text).replace("<style>", PROBE + "<style>")
    )

    dom = browse(page, f"--window-size={width},900", "--virtual-time-budget=5000", "--dump-dom")

    (measured, *_) = re.findall("<title>(.*?)</title>", dom)
    wide, window, articles, _fill = measured.split(",", 3)
    assert int(wide) <= int(window) == width
    assert int(articles) == (many if isinstance(many, int) else 4)


def test_the_policy_lets_the_style_apply_in_light_and_in_dark(tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    page.write_text(page_of(busy(1)), "ascii")
    bare = tmp_path / "bare.html"
    bare.write_text(re.sub("<style>.*?</style>", "", page_of(busy(1)), flags=re.DOTALL), "ascii")

    shots = []
    for each, scheme in ((page, 1), (page, 0), (bare, 1)):
        shot = tmp_path / f"{each.stem}{scheme}.png"
        dark = f"--blink-settings=preferredColorScheme={scheme}"
        browse(each, dark, "--window-size=800,600", f"--screenshot={shot}")
        shots.append(shot.read_bytes())

    assert all(int.from_bytes(each[PNG_WIDTH]) == 800 for each in shots)
    assert len(set(shots)) == 3
