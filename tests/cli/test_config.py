"""``opwatch config``: which files are read, and why one is not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from opwatch.cli.options import keeps_nothing
from opwatch.domain.errors import UsageError
from opwatch.version import __version__

if TYPE_CHECKING:
    from cli.inside import Inside
    from cli.program import Program


def test_without_any_file_it_says_where_they_would_go(inside: Inside) -> None:
    ran = inside.run("config")

    assert ran.code == 0
    assert "config.yaml: not there" in ran.out
    assert "profile new --from" in ran.out


def test_a_configuration_that_is_named_is_shown_with_what_named_it(inside: Inside) -> None:
    path = inside.home / "mine" / "config.yaml"
    (path.parent / "profiles").mkdir(parents=True)
    path.write_text("version: 1\ndefault_profile: other\n")
    (path.parent / "profiles" / "other.yaml").write_text("version: 1\nextends: standard\n")

    ran = inside.run("config", "--config", str(path), "--json")

    assert ran.code == 0
    assert ran.document == {
        "configuration": {
            "path": str(path),
            "named_by": "--config",
            "read": True,
            "problem": None,
        },
        "profiles": {"path": str(path.parent / "profiles"), "names": ["other"]},
        "default_profile": "other",
    }


def test_a_broken_configuration_is_named_and_is_a_usage_error(inside: Inside) -> None:
    path = inside.home / "config.yaml"
    path.write_text("version: 1\nprofile: {}\n")

    ran = inside.run("config", "--config", str(path))

    assert ran.code == 2
    assert ": broken" in ran.out
    assert "did you mean 'profiles'?" in ran.err


@pytest.mark.parametrize("command", [("config",), ("get", "-p", "none"), ("wait", "-p", "none")])
def test_a_misspelt_variable_is_warned_of_in_one_line(
    command: tuple[str, ...], inside: Inside
) -> None:
    ran = inside.run(*command, environ={"OPWATCH_TIMOUT": "1s", "OPWATCH_FULLSTORY_TOKEN": "x"})

    assert ran.err.count("OPWATCH_") == 2
    assert "opwatch: OPWATCH_TIMOUT has no effect; did you mean OPWATCH_TIMEOUT?" in ran.err


@pytest.mark.parametrize(
    ("value", "off"),
    [("off", True), ("OFF", True), ("0", True), ("", False), ("on", False), (" true ", False)],
)
def test_the_environment_says_whether_anything_is_kept(value: str, off: bool) -> None:  # noqa: FBT001, a parameter
    assert keeps_nothing({"OPWATCH_STATE": value}) is off
    assert keeps_nothing({}) is False


def test_what_says_neither_is_refused() -> None:
    with pytest.raises(UsageError, match="'foo' is neither on nor off"):
        keeps_nothing({"OPWATCH_STATE": "foo"})


def test_a_report_of_a_bug_is_told_what_it_runs_on(program: Program) -> None:
    ran = program.run("--version", "--verbose")

    first, second, *_ = ran.out.splitlines()
    assert first.startswith(f"opwatch {__version__} in ")
    assert second.startswith("CPython 3.")
    assert "h11 " in ran.out
    assert "missing" not in ran.out
