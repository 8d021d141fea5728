"""Title, taskbar, notification and links: late, of our own words only, and taken back."""

import re

import pytest

from opwatch.domain.events import Event
from opwatch.domain.trouble import Fault
from opwatch.output.streams import Sink
from opwatch.output.terminal.bars import Bars
from opwatch.output.terminal.window import Window, window_of
from output.screen import Terminal
from output.script import Story

GHOSTTY = {"TERM": "xterm-ghostty", "TERM_PROGRAM": "ghostty"}
OSC = re.compile(r"\x1b\](.*?)(?:\x1b\\|\a)", re.DOTALL)
HOSTILE = "\x1b]0;owned\x07\x1b\\ \u202e \x9d"


def bars_in(terminal: Terminal, window: Window) -> Bars:
    return Bars(Sink(terminal), size=terminal.size, window=window)


def written(events: list[Event], window: Window) -> str:
    terminal = Terminal()
    with bars_in(terminal, window) as renderer:
        for event in events:
            renderer(event)
    return terminal.getvalue()


def run(seconds: float) -> Story:
    story = Story(["a", "b"])
    story.read("a", HOSTILE, 10.0, message=HOSTILE).read("b", HOSTILE, 20.0).wait(seconds)
    story.succeed("a").wait(1).fail("b", HOSTILE)
    return story.finish()


def test_a_short_run_says_nothing_to_the_window() -> None:
    assert not OSC.findall(written(run(8).events, window_of(GHOSTTY, notify=True)))


def test_a_long_run_has_a_title_a_progress_and_a_notification_of_our_own_words() -> None:
    text = written(run(30).events, window_of(GHOSTTY, notify=True))
    assert OSC.findall(text) == [
        "2;opwatch 0/2 done",
        "9;4;3;0",
        "2;opwatch 1/2 done",
        "9;4;1;50",
        "9;4;0;",
        "9;opwatch: 1 succeeded, 1 failed; exit 1: failed",
    ]
    assert text.count("\x1b[22;2t") == text.count("\x1b[23;2t") == 1
    assert text.count("\a") == 1


def test_nothing_rings_unless_it_is_asked_to() -> None:
    text = written(run(30).events, window_of(GHOSTTY))
    assert "\a" not in text
    assert not any(each.startswith("9;opwatch") for each in OSC.findall(text))


@pytest.mark.parametrize("way", ["close", "pause", "let_go"])
def test_all_of_it_is_taken_back_on_every_way_out(way: str) -> None:
    terminal = Terminal()
    with bars_in(terminal, window_of(GHOSTTY)) as renderer:
        for event in run(30).events[:-6]:
            renderer(event)
        assert "\x1b[23;2t" not in terminal.getvalue()
        if way == "let_go":
            taken_back = renderer._canvas.way_out
        else:
            getattr(renderer, way)()
            taken_back = terminal.getvalue()
    assert taken_back.endswith("\x1b[?25h\x1b[23;2t\x1b]9;4;0;\x1b\\")


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({"TERM": "xterm-256color"}, (True, True, False)),
        ({"TERM": "linux"}, (False, False, False)),
        ({"WT_SESSION": "x"}, (True, True, True)),
        ({"VTE_VERSION": "7900"}, (True, True, True)),
        ({"VTE_VERSION": "7402"}, (True, True, False)),
        ({"VTE_VERSION": "²"}, (True, True, False)),
        (GHOSTTY | {"TMUX": "x"}, (True, True, False)),
        (GHOSTTY | {"TERM": "tmux-256color"}, (True, True, False)),
    ],
)
def test_a_terminal_gets_what_it_is_known_to_have(
    environ: dict[str, str], expected: tuple[bool, bool, bool]
) -> None:
    window = window_of(environ)
    assert (window.has_links, window.has_title, window.has_taskbar) == expected


def links_of(link: str) -> list[str]:
    story = Story(["a"])
    story.read("a", link=link).bad("a", Fault.TIMEOUT).wait(1).finish()
    return [
        each for each in OSC.findall(written(story.events, Window(has_links=True))) if each != "8;;"
    ]


def test_a_name_leads_to_the_page_of_its_operation_in_the_rows_and_at_the_end() -> None:
    assert (
        links_of("https://ci.example.com/runs/7?tab=log")
        == ["8;;https://ci.example.com/runs/7?tab=log"] * 2
    )


@pytest.mark.parametrize(
    "link",
    [
        "https://x.example/\x1b\\\x1b]0;owned\a",
        "https://x.example/\u0007",
        "https://x.example/\x9c",
        "https://x.example/a b",
        "https://x.example/\n",
        "https://good.example@evil.example/",
        "javascript:alert(1)",
        "file:///etc/passwd",
        "ftp://x.example/",
        "https://x.example/" + "a" * 2000,
        "//x.example/",
    ],
)
def test_what_is_no_plain_address_is_no_link(link: str) -> None:
    assert links_of(link) == []


def test_an_address_that_holds_a_secret_is_no_link() -> None:
    terminal = Terminal()
    sink = Sink(terminal, redact=lambda text: text.replace("s3cret", "***"))
    story = Story(["a"])
    story.read("a", link="https://x.example/?key=s3cret")
    with Bars(sink, size=terminal.size, window=Window(has_links=True)) as renderer:
        for event in story.events:
            renderer(event)
    assert "x.example" not in terminal.getvalue()
