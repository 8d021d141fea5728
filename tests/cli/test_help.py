"""What the program says to who does not know it yet."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from command_tree import read_tree
from opwatch.cli.app import app, run
from opwatch.cli.help import GROUPS
from opwatch.output.topics import TOPICS, page_of, rendered
from typed import commands, parsed

if TYPE_CHECKING:
    from command_tree import Node
    from opwatch.cli.parameters import Example

NODES = {" ".join(node.words): node for node in read_tree().walk()}


@pytest.mark.parametrize("words", [[], ["profile"], ["auth"]])
def test_without_a_command_its_help_is_shown_as_it_is_meant(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    code = run(words)

    out, err = capsys.readouterr()
    assert (code, out) == (2, "")
    assert "\nCommands:\n" in err
    assert "\\n" not in err


@pytest.mark.parametrize(
    ("words", "meant"), [(["wiat", "x"], "'wait'"), (["profile", "sohw"], "'show'")]
)
def test_a_mistyped_command_is_answered_with_the_nearest(
    words: list[str], meant: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(words) == 2
    assert f"Did you mean {meant}?" in capsys.readouterr().err


@pytest.mark.parametrize("words", [[], ["profile"], ["auth"]])
def test_the_line_about_a_command_is_whole(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    run([*words, "--help"])

    assert "..." not in capsys.readouterr().out.partition("Commands:")[2]


@pytest.mark.parametrize("node", NODES.values(), ids=NODES)
def test_a_help_fits_a_terminal_of_24_lines(
    node: Node, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")

    assert run([*node.words[1:], "--help"]) == 0

    lines = capsys.readouterr().out.splitlines()
    assert len(lines) <= 23, "the next prompt has the last line"
    assert max(map(len, lines)) <= 80
    if any(flag.names[0] not in "\n".join(lines) for flag in node.flags):
        assert any(f"More: opwatch help {' '.join(node.words[1:])}".rstrip() in x for x in lines)


@pytest.mark.parametrize("node", NODES.values(), ids=NODES)
def test_the_whole_help_shows_every_option_under_a_title(
    node: Node, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["help", *node.words[1:]]) == 0

    out = capsys.readouterr().out
    for name in (name for flag in node.flags for name in flag.names):
        assert re.search(rf"^ +.*{name}\b", out, re.MULTILINE)
    titles = re.findall(r"^(\S.*):$", out, re.MULTILINE)
    assert set(titles) <= {"Commands", "Arguments", "Examples", *GROUPS.values()}


@pytest.mark.parametrize("node", NODES.values(), ids=NODES)
def test_no_type_of_python_is_shown(node: Node) -> None:
    assert not re.search(r"<=|\bINTEGER\b|\bTEXT\b(?!\|)|\bNone\b|list\[|\bPath\b", node.text)


EXAMPLES = [(name, each) for name, node in NODES.items() for each in node.examples]


@pytest.mark.parametrize("name", NODES)
def test_each_help_has_two_examples(name: str) -> None:
    assert len([of for of, _ in EXAMPLES if of == name]) == 2


@pytest.mark.parametrize(("name", "example"), EXAMPLES, ids=lambda each: getattr(each, "line", ""))
def test_an_example_is_a_line_that_can_be_typed(name: str, example: Example) -> None:
    lines = [parsed(words, own=()) for words in commands(example.line)]

    assert any(line.command_path.startswith(name) for line in lines)


@pytest.mark.parametrize("topic", TOPICS)
def test_a_topic_is_the_page_of_the_documentation(
    topic: str, capsys: pytest.CaptureFixture[str]
) -> None:
    page = Path(__file__).resolve().parents[2] / "docs" / f"{topic}.md"

    assert run(["help", topic]) == 0

    assert capsys.readouterr().out == page.read_text(encoding="utf-8") == page_of(topic)
    assert topic in (app.epilog or "")


def test_at_a_terminal_a_topic_is_set_out_and_without_colour_where_it_is_not_wanted() -> None:
    coloured = rendered("# Exit codes\n\nSee `--json`.\n", width=60, color=True)
    plain = rendered("# Exit codes\n\nSee `--json`.\n", width=60, color=False)

    assert "\x1b[" in coloured
    assert "#" not in plain
    assert not re.search(r"\x1b\[[0-9;]*3[0-9]", plain)


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        (["help", "wiat"], "'wait'"),
        (["help", "profile", "sohw"], "'show'"),
        (["help", "exit-cods"], "'exit-codes'"),
        (["hlep"], "'help'"),
        (["wait", "--tiemout", "9", "x"], "'--timeout'"),
    ],
)
def test_a_typo_is_answered_with_the_nearest_word_only(
    words: list[str], meant: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(words) == 2

    err = capsys.readouterr().err
    assert err.rstrip().endswith(f"Did you mean {meant}?")


@pytest.mark.parametrize(
    ("value", "message"), [("a", "not a valid whole number"), ("500", "not in the range 1 to 100")]
)
def test_a_number_that_cannot_be_is_refused_in_words(
    value: str, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["wait", "--confirm", value, "x"]) == 2

    assert message in capsys.readouterr().err


def test_a_word_that_is_missing_is_asked_for_in_one_line(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(["completion"]) == 2

    err = capsys.readouterr().err
    assert err.endswith("Error: Missing argument 'bash|zsh|fish|powershell'.\n")


def test_what_is_no_duration_is_refused_with_the_name_of_its_option(
    capsys: pytest.CaptureFixture[str],
) -> None:
    for option in ("--timeout", "--interval", "--stall", "--grace", "--lost-after"):
        assert run(["wait", option, "soon", "x"]) == 2

        err = capsys.readouterr().err
        assert f"Invalid value for '{option}'" in err
        assert "'soon' is not a duration; write 90, 90s, 5m or 1h30m" in err
