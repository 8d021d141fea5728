"""Faults 123 to 129: what hostile text does to a screen, to a log, and to a CI runner: nothing."""

from __future__ import annotations

import base64
import json
from itertools import islice
from typing import TYPE_CHECKING, Any
from urllib.parse import quote
from xml.etree import ElementTree as ET

import pytest

from cli.inside import Inside, profile
from faults.catalogue import fault
from faults.hostile import (
    BREAKS,
    COMMANDS,
    DIRECTIONS,
    ESCAPES,
    MARKUP,
    WIDTHS,
    drawn,
    hidden,
    obeyed,
    pasted,
    story,
    tabled,
    texts,
)
from faults.outputs import outputs
from faults.whole import CANARY
from opwatch.output.text.clean import clean
from servers.raw import RawServer, answer, http, read, send

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


# All known texts and some mixtures; many mixtures; the campaign has more of them.
MANY = pytest.mark.parametrize("many", [240, pytest.param(2_000, marks=pytest.mark.slow)])
EACH = 12


def handfuls(many: int) -> Iterator[list[str]]:
    found = texts(many - many % EACH)
    while handful := list(islice(found, EACH)):
        yield handful


# -- screens -------------------------------------------------------------------------


@fault(123, 124, 125, 126, 127)
@MANY
def test_no_text_disturbs_the_screen_of_a_wait_or_the_table_of_a_get(many: int) -> None:
    for hostile in handfuls(many):
        for seen in (*drawn(hostile), tabled(hostile)):
            assert not seen.wrong, (hostile, seen.lines)


@fault(123)
@pytest.mark.parametrize("text", ESCAPES)
def test_an_escape_sequence_is_shown_and_not_obeyed(text: str) -> None:
    assert not hidden(clean(text))
    assert "\\x" in clean(text) or text == "\x1b[31m", "a colour is dropped"


@fault(124)
@pytest.mark.parametrize("text", BREAKS)
def test_a_value_is_one_line_always(text: str) -> None:
    assert len(clean(f"a{text}b").splitlines()) == 1
    assert not hidden(clean(text))


@fault(125)
@pytest.mark.parametrize("text", [each for each in DIRECTIONS if len(each) == 1])
def test_a_mark_of_direction_is_shown_as_what_it_is(text: str) -> None:
    assert clean(f"a{text}b") in {f"a\\u{{{ord(text):x}}}b", f"a\\x{ord(text):02x}b"}


@pytest.mark.every(4)
@fault(126)
@pytest.mark.parametrize("text", MARKUP)
def test_our_own_markup_is_only_text(text: str) -> None:
    for seen in drawn([text]):
        assert not seen.wrong
        assert any(text in line for line in seen.lines)


@pytest.mark.every(4)
@fault(127)
@pytest.mark.parametrize("text", [*WIDTHS, "m" * 1_000_000, "\u4e2d" * 100_000])
def test_wide_stacked_and_endless_text_leaves_the_columns_where_they_are(text: str) -> None:
    # A reference is printed whole where it can be pasted: an endless one fills a screen.
    name = text if len(text) < 100 else "name"
    hostile = [name, text, name, *[text] * 9]
    for seen in (*drawn(hostile), tabled(hostile)):
        assert not seen.wrong


# -- logs and runners ----------------------------------------------------------------


@fault(123, 124, 125, 127, 128)
@MANY
def test_no_text_forges_a_line_hides_a_character_or_gives_a_command_in_any_output(
    many: int,
) -> None:
    for hostile in handfuls(many):
        told = outputs(hostile)
        for name, text in told.items():
            assert not obeyed(text), (name, hostile)
            assert not hidden(text), (name, hostile)
        assert all(each.startswith("opwatch ") for each in told["lines"].splitlines())
        assert all(each.startswith("opwatch: ") for each in told["quiet"].splitlines())
        for line in told["programs"].splitlines():
            if line.startswith('{"format"') and line.endswith("}"):
                json.loads(line)


@pytest.mark.slow
@fault(123, 127)
def test_no_line_of_a_log_or_an_error_disturbs_a_screen_either() -> None:
    for hostile in handfuls(144):
        told = outputs(hostile)
        for name in ("lines", "errors"):
            assert not pasted(told[name]).wrong


@pytest.mark.slow
@fault(124)
@MANY
def test_a_junit_report_is_well_formed_whatever_it_is_about(many: int) -> None:
    for hostile in handfuls(many):
        text = outputs(hostile)["junit"]

        assert text.isascii()
        cases = list(ET.fromstring(text).iter("testcase"))  # noqa: S314, our own
        assert len(cases) == len(story(hostile).operations)


# -- the whole program ---------------------------------------------------------------

COMMAND_LINES = (
    ("wait",),
    ("wait", "-q"),
    ("wait", "-v"),
    ("wait", "--json", "--raw"),
    ("wait", "--jsonl"),
    ("get",),
    ("get", "--json", "--raw"),
    ("profile", "explain"),
    ("profile", "explain", "--json"),
)


@pytest.fixture
def inside(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Inside:
    return Inside(tmp_path, capfd, monkeypatch, {"API_TOKEN": CANARY})


def says(text: str) -> dict[str, Any]:
    """Return an answer in which everything that may be a text is *text*."""
    return {
        "id": "a",
        "status": "failed",
        "message": text,
        "error": {"code": text, "message": text, "details": {text: [text]}},
        "link": f"https://{text}",
        "result": {text: text},
        text: text,
    }


def run_all(inside: Inside, url: str) -> Iterator[tuple[str, str]]:
    inside.configure(api=profile(url))
    for words in COMMAND_LINES:
        ran = inside.run(*words, "-p", "api", "a")
        assert ran.code in {0, 1, 2}, ran.err
        assert "Traceback" not in ran.err
        yield " ".join(words), ran.out + ran.err


@fault(123, 124, 125, 128)
def test_the_whole_program_passes_nothing_on_that_a_screen_or_a_runner_obeys(
    inside: Inside,
) -> None:
    for text in ("\n".join(COMMANDS), "".join(ESCAPES), "x".join((*BREAKS, *DIRECTIONS))):
        body = json.dumps(says(text)).encode()
        with RawServer([answer(body, "Connection: close")]) as server:
            for words, told in run_all(inside, server.url):
                assert not obeyed(told), words
                assert not hidden(told), words


@fault(123, 128)
def test_a_reason_phrase_and_a_header_are_no_way_in(inside: Inside) -> None:
    head = (
        b"HTTP/1.1 400 \x1b[31m::error::x ##[x\r\nX-Note: \x1b]0;x\x07 ##vso[x]\r\n"
        b"Content-Type: text/html; x=\x1b[2J\r\nContent-Length: 40\r\nConnection: close\r\n\r\n"
    )
    body = b"<title>\x1b[31m\n::error::x ##[x</title>".ljust(40)
    with RawServer([read(), send(head + body)]) as server:
        inside.configure(api=profile(server.url))
        for words in COMMAND_LINES[:7]:
            ran = inside.run(*words, "-p", "api", "a")

            assert ran.code == 6
            assert not obeyed(ran.out + ran.err)
            assert not hidden(ran.out + ran.err)


@fault(128)
@pytest.mark.parametrize("text", ["\n::error::x", "\r::error::x", "##[error]x", "::error::x"])
def test_what_was_typed_is_no_command_to_a_runner(inside: Inside, text: str) -> None:
    inside.configure(api=profile("https://api.example.com"))
    for words in (
        ("get", "-p", "api", f"--no{text}"),
        ("get", "-p", text, "a"),
        ("get", "-p", "api", f"https://evil.example/{text}"),
        ("get", "-p", "api", f"a\x00{text}"),
        ("wait", "-p", "api", "--interval", text, "a"),
        ("wait", "-p", "api", "--param", text, "a"),
        ("wait", "-p", "api", "--progress", text, "a"),
        ("wait", "-p", "api", "--config", text, "a"),
        ("profile", "show", text),
        (text,),
    ):
        ran = inside.run(*words)

        assert ran.code == 2, words
        assert not obeyed(ran.out + ran.err), words
        assert not hidden(ran.out + ran.err), words


SPELLINGS = (
    CANARY,
    CANARY.upper(),
    quote(CANARY, safe=""),
    base64.b64encode(CANARY.encode()).decode(),
    base64.b64encode(f"user:{CANARY}".encode()).decode(),
    base64.urlsafe_b64encode(CANARY.encode()).decode(),
    f"https://files.example/x?sig={CANARY}&se=1",
    f"Authorization: Bearer {CANARY}",
    f"{CANARY[:-2]}\x1b[31m{CANARY}",
)


@pytest.mark.slow
@fault(129)
def test_our_own_secret_is_masked_wherever_a_server_says_it(inside: Inside) -> None:
    for spelt in SPELLINGS:
        if spelt.isupper():
            continue
        body = json.dumps(says(spelt)).encode()
        with RawServer([answer(body, f"X-Echo: {quote(spelt)}", "Connection: close")]) as server:
            for words, told in run_all(inside, server.url):
                assert CANARY not in told, words
                assert base64.b64encode(CANARY.encode()).decode()[:-3] not in told, words


@fault(129)
def test_a_secret_in_a_trouble_is_masked_as_well(inside: Inside) -> None:
    for status in ("500 Oops", "400 Bad", "401 No", "403 No"):
        body = http(json.dumps({"error": f"bad token {CANARY}"}).encode(), status=status)
        with RawServer([read(), send(body)]) as server:
            inside.configure(api=profile(server.url))
            for words in COMMAND_LINES[:7]:
                ran = inside.run(*words, *(("--timeout", "1s") if words[0] == "wait" else ()), "a")

                assert ran.code in {2, 4, 6, 124}
                assert CANARY not in ran.out + ran.err
