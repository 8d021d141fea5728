import unicodedata

import pyte
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from opwatch.output.text.clean import BREAK, LIMIT, Show, cells, clean, cut, elide, folded, wrapped

HOSTILE = st.text(
    st.one_of(
        st.characters(),
        st.sampled_from(
            "\x1b\x9b\x07\x08\r\n\t\x00\x7f\x85\u2028\u202e\u200b\u200d\ufeff\ufe0f\u0301\u0336"
            "\U0001f1e6\U0001f468\u4e2d\uff21\u3164\u115f#[]()0;m:!/\\"
        ),
    ),
    max_size=300,
)
COMMANDS = ("##[", "##vso[", "##teamcity[")


@pytest.mark.parametrize(
    ("hostile", "shown"),
    [
        ("plain text", "plain text"),
        ("two\nlines", "two ⏎ lines"),
        ("back\rforged", r"back\rforged"),
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x9b2J", r"\x9b2J"),
        ("bell\x07", r"bell\x07"),
        ("\u202egpj.exe", r"\u{202e}gpj.exe"),
        ("zero\u200bwidth", r"zero\u{200b}width"),
        ("line\u2028sep", r"line\u{2028}sep"),
        ("lone \ud800", r"lone \u{d800}"),
        ("invisible \u3164", r"invisible \u{3164}"),
        ("heart \u2764\ufe0f", "heart \u2764"),
        ("naïve – “quoted” 中文 ✓", "naïve – “quoted” 中文 ✓"),  # noqa: RUF001, a dash is meant
        ("e" + "\u0301" * 40, "e" + "\u0301" * 3),
        ("\u0301leading", "leading"),
        ("see ##[error] there", "see # #[error] there"),
        ("##VSO[task.setvariable]", "# #VSO[task.setvariable]"),
        ("##teamcity[x]", "# #teamcity[x]"),
        ("###[x", "## #[x"),
        ("#\ufe0f#[x", "# #[x"),
        ("## A heading", "## A heading"),
    ],
)
def test_what_is_hidden_is_made_visible_and_what_a_runner_obeys_is_broken(
    hostile: str, shown: str
) -> None:
    assert clean(hostile) == shown


@given(HOSTILE, st.integers(1, 60))
@example("#\ufe0f#[", 10)
def test_clean_text_is_one_short_line_of_visible_characters(text: str, limit: int) -> None:
    shown = clean(text, limit)
    assert cells(shown) <= limit
    for char in shown:
        assert unicodedata.category(char) not in {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
    assert not any(command in shown.lower() for command in COMMANDS)
    assert clean(shown, limit) == shown


@given(HOSTILE)
def test_clean_text_moves_no_cursor_but_along_its_line(text: str) -> None:
    screen = pyte.Screen(LIMIT + 20, 5)
    stream = pyte.Stream(screen)
    stream.feed("above\r\nbefore ")
    shown = clean(text)
    stream.feed(shown)
    assert screen.cursor.y == 1
    assert screen.cursor.x <= len("before ") + cells(shown)
    assert screen.display[0].rstrip() == "above"
    assert not any(line.strip() for line in screen.display[2:])
    assert screen.title == ""
    assert not screen.cursor.hidden
    attributes = screen.cursor.attrs
    assert (attributes.fg, attributes.bg, attributes.bold) == ("default", "default", False)


def test_a_megabyte_is_cut_before_it_is_looked_at() -> None:
    assert cells(clean("\x1b" * 1_000_000)) == LIMIT


@given(HOSTILE, st.integers(1, 40))
def test_cutting_and_eliding_fit_their_cells(text: str, limit: int) -> None:
    shown = clean(text, None)
    assert cells(cut(shown, limit)) <= limit
    assert cells(elide(shown, limit)) <= limit


def test_an_elided_name_keeps_both_its_ends() -> None:
    assert elide("export-7f3a0c1d91", 14) == "export-7f…1d91"
    assert elide("export", 14) == "export"
    assert elide("export-7f3a0c1d91", 14, ellipsis="...") == "export-7...d91"


@given(HOSTILE, st.integers(2, 40))
def test_wrapped_lines_fit_and_lose_nothing_while_there_is_room(text: str, width: int) -> None:
    shown = clean(text, None)
    lines = wrapped(shown, width, most=1000)
    assert all(cells(line) <= width for line in lines)
    # What was a line of its own is one again.
    assert "".join(lines).replace(" ", "") == shown.replace(BREAK, "").replace(" ", "")


def test_a_secret_is_masked_before_it_could_be_cut_in_half() -> None:
    show = Show(lambda text: text.replace("canary-7f3a", "***"))
    assert show("x" * 8 + "canary-7f3a", 12) == "xxxxxxxx***"


def test_what_an_encoding_cannot_say_is_escaped_before_it_is_measured() -> None:
    show = Show(encoding="ascii", ellipsis="...")
    assert show("naïve") == r"na\xefve"
    assert show("ïïïïïïïï", 10) == r"\xef\xe..."


def test_a_secret_that_lies_across_the_cut_is_masked_whole() -> None:
    secret = "canary-7f3a91c2d4"
    show = Show(lambda text: text.replace(secret, "***"))

    for before in range(200):
        assert "canary" not in show("x" * before + secret, 30)


TRACEBACK = """Traceback (most recent call last):
  File "job.py", line 44, in <module>
    load()

\x1b[31mValueError\x1b[0m: bad column 'x'
"""


def test_a_colour_is_dropped_and_a_line_break_is_seen() -> None:
    assert clean("\x1b[1;31mred\x1b[0m\r\n  and\tblue\n") == r"red ⏎ and\tblue"
    assert clean("\x1b]0;a title\x07 text") == r"\x1b]0;a title\x07 text", "that is no colour"


@pytest.mark.parametrize("limit", [26, 40, 80, 120])
def test_of_several_lines_the_last_is_kept_for_it_is_the_reason(limit: int) -> None:
    shown = clean(TRACEBACK, limit)
    assert shown.endswith("ValueError: bad column 'x'")
    assert cells(shown) <= limit
    assert clean("x" * 5000 + "\n" + "the reason", 40).endswith("⏎ the reason")


def test_lines_are_folded_as_lines_and_the_last_is_there() -> None:
    assert wrapped(clean(TRACEBACK, None), 60, 6) == [
        "Traceback (most recent call last):",
        'File "job.py", line 44, in <module>',
        "load()",
        "ValueError: bad column 'x'",
    ]
    many = "\n".join(f"line {number}" for number in range(40))
    assert wrapped(clean(many, None), 60, 4) == ["line 0", "line 1", "…", "line 39"]


def test_what_a_dropped_colour_joins_is_still_no_command_and_no_secret() -> None:
    assert "##[" not in clean("##\x1b[0m[error]forged")
    masked = Show(lambda text: text.replace("secret", "***"))
    assert masked("the sec\x1b[31mret") == "the ***"


@given(HOSTILE)
def test_no_escape_byte_is_left(text: str) -> None:
    assert "\x1b" not in clean("\x1b[0\x1b[31mm" + text)


# -- sentences of ours ---------------------------------------------------------------------


@pytest.mark.parametrize("width", [20, 40, 80])
def test_a_sentence_is_broken_between_words_and_a_command_or_url_nowhere(width: int) -> None:
    command = "opwatch profile explain -p fullstory 'job 1'"
    text = f"https://api.example.com/jobs/1?page=2 is not known: see how it is read:  {command}"

    lines = folded(text, width, "opwatch: ")

    assert " ".join(line.strip() for line in lines).split() == f"opwatch: {text}".split()
    whole = ("https://api.example.com/jobs/1?page=2", command)
    assert all(any(each in line for line in lines) for each in whole)
    assert all(cells(line) <= width or any(each in line for each in whole) for line in lines)
    assert all(line.startswith("  ") for line in lines[1:])


def test_no_line_of_a_sentence_begins_as_what_a_ci_runner_obeys() -> None:
    assert folded("it says ::error::no", 12) == ["it says", ": :error::no"]
