import io

import pytest

from opwatch.domain.errors import (
    BadReferenceError,
    CredentialError,
    OpwatchError,
    PipeClosedError,
    Problem,
    ProfileError,
    TriedSource,
    UnwritableError,
    UsageError,
)
from opwatch.output.errors import error_lines, problem_of, write_error
from output.screen import Page

EVIL = "::add-mask::\x1b[2J\r\n::error::\u202e##[command]"
CREDENTIAL = CredentialError(
    "no credential for 'schedules'",
    profile="schedules",
    origin="https://api.bentley.com",
    tried=(
        TriedSource("--token-stdin", ""),
        TriedSource("OPWATCH_TOKEN", ""),
        TriedSource("ITWIN_TOKEN", "not set"),
        TriedSource("keyring", "no entry"),
    ),
    fixes=("export ITWIN_TOKEN=…", "opwatch auth login -p schedules"),
)


def test_a_missing_credential_says_where_it_was_sought_and_how_to_give_it() -> None:
    assert error_lines(CREDENTIAL) == [
        "opwatch: no credential for 'schedules' (https://api.bentley.com)",
        "  looked in  --token-stdin, OPWATCH_TOKEN, ITWIN_TOKEN (not set), keyring (no entry)",
        "  to fix     export ITWIN_TOKEN=…   or   opwatch auth login -p schedules",
    ]


def test_a_mistake_in_a_file_is_shown_with_its_line_and_a_caret() -> None:
    error = ProfileError(
        (
            Problem(
                "config.yaml",
                9,
                5,
                "unknown key 'intervall' in 'poll'; did you mean 'interval'?",
                "    intervall: 2s\n",
            ),
            Problem("config.yaml", 0, 0, "is empty"),
        ),
        hint="see opwatch profile schema",
    )
    assert error_lines(error) == [
        "config.yaml:9:5: unknown key 'intervall' in 'poll'; did you mean 'interval'?",
        "      intervall: 2s",
        "      ^",
        "config.yaml: is empty",
        "  to fix     see opwatch profile schema",
    ]


@pytest.mark.parametrize(
    ("excerpt", "column", "caret_under"),
    [
        ("a: 中文: x", 6, ":"),
        ("\ta: b", 2, "a"),
        ("a: \x1b[2J: b", 8, ":"),
        ("k" * 500 + "!" + "k" * 500, 501, "!"),
        ("a:", 3, ""),
    ],
)
def test_the_caret_stands_under_its_character_as_a_terminal_shows_it(
    excerpt: str, column: int, caret_under: str
) -> None:
    _, shown, caret = error_lines(ProfileError((Problem("f", 1, column, "m", excerpt),)))
    wide = sum(char in "中文" for char in shown[: len(caret)])
    assert caret.strip() == "^"
    assert shown[len(caret) - 1 - wide :][:1] == caret_under


def test_a_usage_error_says_what_to_do_instead() -> None:
    assert error_lines(UsageError("no operation given", hint="name one, or pipe ids to -")) == [
        "opwatch: no operation given",
        "  to fix     name one, or pipe ids to -",
    ]


def test_a_bad_reference_is_named_once() -> None:
    assert error_lines(BadReferenceError("..", "a dot segment names no operation")) == [
        "opwatch: ..: a dot segment names no operation"
    ]
    assert error_lines(BadReferenceError("x/y", "'x/y' has two segments")) == [
        "opwatch: 'x/y' has two segments"
    ]


def test_a_full_disk_is_reported_in_the_words_of_the_system() -> None:
    error = UnwritableError("cannot write output: No space left on device")
    assert error_lines(error) == ["opwatch: cannot write output: No space left on device"]


def test_nobody_is_left_to_hear_of_a_closed_pipe() -> None:
    assert error_lines(PipeClosedError("gone")) == []


def test_a_bug_is_called_one_and_its_traceback_is_for_those_who_ask() -> None:
    with pytest.raises(KeyError) as caught:
        dict[str, int]()["x\x1b[2J"]
    short, long = (error_lines(caught.value, debug=debug) for debug in (False, True))
    assert short[0].startswith("opwatch: a bug in opwatch: KeyError: ")
    assert short[1] == "  to fix     run it again with --debug, and report what it prints"
    assert "--debug" not in "".join(error_lines(caught.value))  # the command may have none
    assert "  | Traceback (most recent call last):" in long
    assert len(long) > 3
    assert "\x1b" not in "".join(short + long)


@pytest.mark.parametrize(
    "error",
    [
        UsageError(EVIL, hint=EVIL),
        BadReferenceError(EVIL, EVIL, hint=EVIL),
        ProfileError((Problem(EVIL, 1, 3, EVIL, EVIL),), hint=EVIL),
        CredentialError(
            EVIL, profile=EVIL, origin=EVIL, tried=(TriedSource(EVIL, EVIL),), fixes=(EVIL,)
        ),
        OpwatchError(EVIL),
        RuntimeError(EVIL),
    ],
    ids=lambda error: type(error).__name__,
)
@pytest.mark.parametrize("debug", [False, True])
def test_no_error_lets_foreign_text_at_the_terminal(error: Exception, debug: bool) -> None:  # noqa: FBT001, a parameter of the test
    lines = error_lines(error, debug=debug)
    text = "\n".join([*lines, problem_of(error)])
    assert "\x1b" not in text
    assert "##[" not in text
    assert "\u202e" not in text
    assert not any(line.lstrip().startswith("::") for line in lines)
    assert not any("\r" in line or "\n" in line for line in lines)


def test_an_error_without_secrets_in_any_of_its_forms() -> None:
    def redact(text: str) -> str:
        return text.replace("canary-7f3a", "***")

    stream = Page()
    for error in (UsageError("canary-7f3a", hint="canary-7f3a"), ValueError("canary-7f3a")):
        write_error(stream, error, redact=redact, debug=True)
        assert "canary" not in problem_of(error, redact=redact)
    assert "***" in stream.getvalue()
    assert "canary" not in stream.getvalue()


def test_an_error_goes_nowhere_if_there_is_nowhere_to_go() -> None:
    closed = io.StringIO()
    closed.close()
    write_error(closed, UsageError("x"))
    write_error(None, UsageError("x"))
