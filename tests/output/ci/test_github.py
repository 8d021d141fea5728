"""The summary and the outputs of a step of GitHub Actions."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from opwatch.domain.operation import OperationError, State
from opwatch.domain.outcome import Outcome
from opwatch.output.ci.github import LARGEST_OUTPUT, MOST_ROWS, entities, markdown, outputs
from opwatch.output.text.clean import clean
from output.ci import readers
from output.ci.test_log import HOSTILE, LINK, failed
from output.script import Story, four, target

if TYPE_CHECKING:
    from markdown_it.token import Token

MARKUP = (
    "`", "``x``", "|", "a | b", "\\|", "<script>alert(1)</script>", "<img src=x onerror=y>",
    "[x](javascript:y)", "![x](http://evil/x.png)", "# x", "\n\n# x", "**x**", "~~x~~", "&lt;b&gt;",
    "&#124;", "www.evil.example", "http://evil.example", "@octocat", "me@example.com", "#1",
    ":boom:", "</code>", "</a>", "-->", "$x^2$", "[^1]",
)  # fmt: skip
OURS = re.compile(r'</?code>|<a href="https?(?:&#58;|:)[^"<>]*">|</a>')


def report(story: Story) -> str:
    operations = tuple(story.operations.values())
    return markdown(operations, story.verdict(), started_at=0.0, ended_at=story.at)


def tokens(text: str) -> list[Token]:
    return MarkdownIt("commonmark").enable(["table", "strikethrough"]).parse(text)


def rows(text: str) -> list[list[str]]:
    """Return the cells of the tables in *text* as a reader sees them, tags and all."""
    cells = [
        MarkdownIt("commonmark").renderer.render(each.children or [], MarkdownIt().options, {})
        for each in tokens(text)
        if each.type == "inline" and each.level == 4
    ]
    return [cells[at : at + 5] for at in range(0, len(cells), 5)]


def test_a_summary_is_a_heading_a_table_and_the_way_on() -> None:
    operations = tuple(four().operations.values())

    text = markdown(
        operations, four().verdict(), started_at=0.0, ended_at=467.0,
        resume=lambda rest: f"opwatch wait {rest[0].reference}",
    )  # fmt: skip

    head, *found = rows(text)
    assert text.startswith("### opwatch: ")
    assert "2 of 4 succeeded&#44; 1 failed&#44; 1 unknown" in text
    assert head == ["", "Operation", "Status", "Time", "Detail"]
    assert [each[0].partition("\xa0")[2] for each in found] == [
        "failed",
        "unknown",
        "succeeded",
        "succeeded",
    ]
    assert found[0][1:] == [
        "<code>import-44</code>", "<code>FAILED</code>", "2m 19s",
        "<code>bad column 'x' (code 17)</code>",
    ]  # fmt: skip
    assert "to go on: <code>opwatch wait delete&#45;user&#45;2</code>" in text


def test_an_operation_is_a_link_to_its_page() -> None:
    (_, row, _) = rows(report(failed()))

    assert row[1] == f'<a href="{entities(LINK)}"><code>import-44</code></a>'


@pytest.mark.parametrize("link", ["javascript:alert(1)", 'https://x/"><b>', "data:text/html,x", ""])
def test_a_link_that_is_not_of_the_web_is_none(link: str) -> None:
    (_, row, _) = rows(report(failed(link=link)))

    assert row[1] == "<code>import-44</code>"


def check(name: str, text: str) -> None:
    story = Story([target(name, profile=text)])
    error = OperationError(text, text)
    story.read(
        name,
        text,
        state=State.FAILED,
        outcome=Outcome.FAILED,
        error=error,
        link=f"https://x/{text}",
    )
    found = report(story.end(name, Outcome.FAILED))

    head, row = rows(found)
    assert len(head) == len(row) == 5
    assert not OURS.sub("", re.sub(r"&\w+;", "", "".join(row))).count("<")
    assert {each.type for each in tokens(found)} <= {
        "heading_open", "heading_close", "inline",
        *(f"{part}_{end}" for part in ("table", "thead", "tbody", "tr", "th", "td")
          for end in ("open", "close")),
    }  # fmt: skip
    inner = {kid.type for each in tokens(found) for kid in each.children or []}
    assert inner <= {"text", "html_inline", "text_special"}


@pytest.mark.parametrize("text", [*HOSTILE, *MARKUP])
def test_remote_text_is_no_markdown(text: str) -> None:
    check(text, text)


@settings(max_examples=30)
@given(st.lists(st.sampled_from([*MARKUP, *HOSTILE, "a", " ", "\\", "*", "_"]), max_size=6))
def test_no_mixture_of_it_is(parts: list[str]) -> None:
    check("".join(parts) or "a", "".join(parts))


@given(st.text())
def test_what_is_read_is_what_was_written(text: str) -> None:
    text = clean(text, None).strip()

    (token,) = [each for each in tokens(f"<code>{entities(text)}</code>") if each.type == "inline"]

    assert "".join(each.content for each in (token.children or [])[1:-1]) == text


@pytest.mark.slow
def test_a_summary_has_a_bound_and_shows_the_worst() -> None:
    wide = "|" * 400
    story = Story([f"{number:04d}{wide}" for number in range(2000)])
    for at, each in enumerate(story.operations):
        if at < 1800:
            story.succeed(each)
        else:
            error = OperationError(wide, wide)
            link = "https://x/" + "a" * 400
            story.read(
                each, wide, state=State.FAILED, outcome=Outcome.FAILED, link=link, error=error
            )
            story.end(each, Outcome.FAILED)

    text = report(story)

    assert len(text.encode()) < 1024 * 1024
    assert len(rows(text)) == MOST_ROWS + 1
    assert all("failed" in each[0] for each in rows(text)[1:])
    assert "and 1&#44;900 more&#58; 1&#44;800 succeeded  100 failed" in text


# -- outputs -------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text", [*HOSTILE, "x\nexit-code=0", "x\nopwatch_0\nexit-code<<a\n0\na", "EOF\n"]
)
def test_an_output_cannot_set_another(text: str) -> None:
    found = readers.github_outputs(outputs(exit_code=1, summary=clean(text), json=text))

    assert found == {"exit-code": "1", "summary": clean(text), "json": text.rstrip("\n")}


def test_no_delimiter_is_used_twice() -> None:
    both = outputs(exit_code=0, summary="", json="") + outputs(exit_code=0, summary="", json="")

    delimiters = re.findall(r"<<(\w+)", both)
    assert len(set(delimiters)) == len(delimiters) == 6


def test_a_document_too_large_for_an_output_is_left_out() -> None:
    found = readers.github_outputs(
        outputs(exit_code=1, summary="x", json="x" * (LARGEST_OUTPUT + 1))
    )

    assert found == {"exit-code": "1", "summary": "x", "json": ""}
