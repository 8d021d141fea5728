"""What the program says to who does not know it yet."""

from __future__ import annotations

import pytest

from opwatch.cli.app import run


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
