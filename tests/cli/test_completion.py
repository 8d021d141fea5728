"""What a TAB offers: asked of the program, and typed into the shells themselves."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from cli.shell import SCRIPTS, Shell
from opwatch.cli.completion import profiles, table
from opwatch.cli.completion.words import complete

OWN = """\
version: 1
default_profile: zine
profiles:
  zine:
    title: My jobs
    base_url: https://{site}.example.com
    params: {site: {choices: [eu, us, two words], help: where}, team: {default: red}}
    request: {path: '/jobs/{id}'}
    read: {status: status}
    states: {succeeded: [done]}
"""


def offered(line: str, environ: dict[str, str] | None = None) -> list[str]:
    """Return what is offered at the end of *line*."""
    *before, typed = line.split(" ")
    found = complete(typed, before, environ or {"HOME": "/nowhere"})
    return [each.partition("\t")[0] for each in found.splitlines()]


# -- from the words alone -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("wa", ["wait"]),
        ("profile sc", ["schema"]),
        ("wait --time", ["--timeout", "--timeout-exit-code"]),
        ("wait -p full", ["fullstory", "fullstory-batch"]),
        ("wait -qp fullstory-", ["fullstory-batch"]),
        ("wait --profile=fullstory-", ["--profile=fullstory-batch"]),
        ("profile show circleci-", ["circleci-run"]),
        ("wait --progress ", ["auto", "bars", "lines", "none"]),
        ("wait --progress=n", ["--progress=none"]),
        ("get -p azure-devops-build --param ", ["organization=", "project="]),
        ("get -p azure-devops-build --param project=x --param ", ["organization="]),
        ("get --param cloud=us -p azure -p azure --param cloud=c", ["cloud=china"]),
        ("wait -p azure-async --param=cloud=u", ["--param=cloud=usgov"]),
        ("start P", ["POST", "PUT", "PATCH"]),
        ("start POST --data x /pa", []),
        ("completion z", ["zsh"]),
        ("history --outcome p", ["pending"]),
        ("wait --config ", [":files"]),
        ("wait --junit=", [":files"]),
        ("wait --download ", [":folders"]),
        ("profile check ", [":files"]),
        ("wait --data", []),
        ("wait --token-stdin --token", []),
        ("wait --header x --head", ["--header"]),
        ("wait -- -", []),
        ("wait --timeout ", []),
        ("nonsense --pro", []),
    ],
)
def test_a_tab_offers_what_may_come_next(line: str, words: list[str]) -> None:
    assert offered(line) == words


def test_each_word_is_offered_with_what_it_is() -> None:
    assert complete("--stal", ["wait"], {}).startswith("--stall\tGive up on an operation")


def test_where_only_a_reference_may_come_the_options_are_offered() -> None:
    assert "--timeout" in offered("wait ")


# -- a user's own profiles ----------------------------------------------------------------


@pytest.fixture
def home(tmp_path: Path) -> dict[str, str]:
    folder = tmp_path / ".config" / "opwatch"
    folder.mkdir(parents=True)
    (folder / "config.yaml").write_text(OWN)
    folder.chmod(0o700)
    (folder / "config.yaml").chmod(0o600)
    return {"HOME": str(tmp_path)}


def _forbidden(*_: Any, **__: Any) -> Any:
    raise AssertionError("the files are read again")


def test_own_profiles_are_offered_and_the_default_has_its_parameters(home: dict[str, str]) -> None:
    assert offered("wait -p zi", home) == ["zine"]
    assert offered("wait --param ", home) == ["site=", "team="]


def test_a_value_that_a_shell_would_part_is_not_offered(home: dict[str, str]) -> None:
    assert offered("wait --param site=", home) == ["site=eu", "site=us"]


def test_a_profile_named_by_the_variable_is_the_default(home: dict[str, str]) -> None:
    chosen = {**home, "OPWATCH_PROFILE": "azure-async"}

    assert offered("wait --param ", chosen) == ["cloud="]
    assert offered("wait --param ", home) == ["site=", "team="], "it is not kept"


def test_own_files_are_read_once_until_they_change(
    home: dict[str, str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    read = table.own_profiles
    assert offered("wait -p zi", home) == ["zine"]
    monkeypatch.setattr(table, "own_profiles", _forbidden)
    assert offered("wait -p zi", home) == ["zine"]

    monkeypatch.setattr(table, "own_profiles", read)
    config = tmp_path / ".config" / "opwatch" / "config.yaml"
    config.write_text(OWN.replace("  zine:", "  zimic:").replace(": zine", ": zimic"))
    assert offered("wait -p zi", home) == ["zimic"]

    beside = config.parent / "profiles" / "zirror.yaml"
    beside.parent.mkdir()
    beside.write_text("version: 1\nextends: azure-async\n")
    assert offered("wait -p zi", home) == ["zimic", "zirror"]
    assert offered("wait -p zirror --param ", home) == ["cloud="]
    os.utime(beside, ns=(1, 1))
    beside.write_text("version: 1\nextends: bentley-schedules\n")
    assert "cloud=" not in offered("wait -p zirror --param ", home), "a file changed in its place"


def test_a_list_of_another_version_is_not_used(
    home: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    offered("wait -p zi", home)
    monkeypatch.setattr(profiles, "__version__", "9.9")
    monkeypatch.setattr(table, "own_profiles", lambda *_, **__: ("profile newer\tNewer\n", True))

    assert offered("wait -p new", home) == ["newer"]


def test_no_secret_is_kept_of_a_profile_that_names_its_variable(
    home: dict[str, str], tmp_path: Path
) -> None:
    config = tmp_path / ".config" / "opwatch" / "config.yaml"
    config.write_text(OWN.replace("My jobs", "My ${JOBS_TOKEN}"))

    assert offered("wait -p zi", {**home, "JOBS_TOKEN": "canary-1f0c9d"}) == ["zine"]

    kept = [path.read_text() for path in (tmp_path / ".cache").rglob("*.txt")]
    assert len(kept) == 1
    assert "canary" not in kept[0]


@pytest.mark.parametrize("text", [b"", b"\xff\xfe", b"opwatch 0\n", b"profile stolen\tx\n"])
def test_a_list_that_is_damaged_is_written_anew(home: dict[str, str], text: bytes) -> None:
    offered("wait -p zi", home)
    kept = profiles.cache_file(f"{home['HOME']}/.config/opwatch/config.yaml", home)
    assert kept is not None
    Path(kept).write_bytes(text)

    assert offered("wait -p zi", home) == ["zine"]
    assert offered("wait -p stol", home) == []


def test_without_a_folder_to_write_to_own_profiles_are_offered_all_the_same(
    home: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / ".cache").write_text("a file where the folder would be")

    assert offered("wait -p zi", home) == ["zine"]
    assert offered("wait -p zi", home) == ["zine"]


@pytest.mark.parametrize("home", ["", "relative", "/nowhere/at/all"])
def test_without_a_home_the_built_in_profiles_are_offered(home: str) -> None:
    assert offered("wait -p circleci-", {"HOME": home}) == ["circleci-run"]


def test_a_broken_configuration_offers_the_built_in_profiles(home: dict[str, str]) -> None:
    Path(home["HOME"], ".config", "opwatch", "config.yaml").write_text("version: [")

    assert offered("wait -p circleci-", home) == ["circleci-run"]


def test_another_configuration_on_the_line_is_read_instead(
    home: dict[str, str], tmp_path: Path
) -> None:
    other = tmp_path / "other.yaml"
    other.write_text(OWN.replace("zine", "third"))

    assert offered(f"wait --config {other} -p thi", home) == ["third"]
    assert offered("wait -p zi", {**home, "OPWATCH_CONFIG": str(other)}) == []


@pytest.mark.parametrize("sort", ["config", "cache"])
@pytest.mark.parametrize("xdg", ["/elsewhere", "relative", None])
def test_folders_are_those_of_platformdirs(
    sort: str, xdg: str | None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from platformdirs.macos import MacOS  # noqa: PLC0415, as the next
    from platformdirs.unix import Unix  # noqa: PLC0415, no other test needs them

    monkeypatch.setenv("HOME", str(tmp_path))
    variable = f"XDG_{sort.upper()}_HOME"
    monkeypatch.delenv(variable, raising=False)
    if xdg is not None:
        monkeypatch.setenv(variable, xdg)

    for system, kind in (("linux", Unix), ("darwin", MacOS)):
        theirs = getattr(kind("opwatch", appauthor=False), f"user_{sort}_dir")
        assert profiles.user_folder(sort, os.environ, system) == theirs


# -- in the shells ------------------------------------------------------------------------

LINES = [
    ("opwatch prof\t", ["profile"]),
    ("opwatch profile sc\t", ["profile", "schema"]),
    ("opwatch wait --stal\t", ["wait", "--stall"]),
    ("opwatch wait -p circleci-\t", ["wait", "-p", "circleci-run"]),
    ("opwatch profile show circleci-\t", ["profile", "show", "circleci-run"]),
    (
        "opwatch wait -p bentley-schedules --param ho\tpr\t",
        ["wait", "-p", "bentley-schedules", "--param", "host=production"],
    ),
    ("opwatch wait --progress=n\t", ["wait", "--progress=none"]),
    ("opwatch wait --fail-on w\t", ["wait", "--fail-on", "warnings"]),
    ("opwatch start PA\t", ["start", "PATCH"]),
    ("opwatch completion po\t", ["completion", "powershell"]),
    ("opwatch wait --config na\t", ["wait", "--config", "names.yaml"]),
    ("opwatch wait --config=na\t", ["wait", "--config=names.yaml"]),
    ("opwatch wait --download fo\t", ["wait", "--download", "folder/"]),
]


@pytest.mark.parametrize("name", ["bash", "zsh"])
def test_a_shell_completes_what_is_typed(name: str, tmp_path: Path) -> None:
    (tmp_path / "names.yaml").touch()
    (tmp_path / "folder").mkdir()

    became = Shell(name, tmp_path).become(*(line for line, _ in LINES))

    # zsh takes the slash back where it ends a word.
    assert [[*words[:-1], words[-1].rstrip("/")] for words in became] == [
        [*words[:-1], words[-1].rstrip("/")] for _, words in LINES
    ]


def test_fish_completes_what_is_typed(tmp_path: Path) -> None:
    (tmp_path / "names.yaml").touch()
    (tmp_path / "folder").mkdir()
    shell = Shell("fish", tmp_path)
    lines = [line.rpartition("\t")[0].replace("ho\t", "host=") for line, _ in LINES]
    asked = "; ".join(f"complete -C '{line}'; echo @@@" for line in lines)

    done = subprocess.run(  # noqa: S603, a shell with our own lines
        [shell.program(), "--no-config", "-c", f"source {SCRIPTS / 'opwatch.fish'}; {asked}"],
        capture_output=True, text=True, check=True, cwd=tmp_path, env=shell.environ(), timeout=60,
    )  # fmt: skip

    found = [
        [each.partition("\t")[0] for each in part.split("\n") if each]
        for part in done.stdout.split("@@@")[:-1]
    ]
    assert found == [[words[-1]] for _, words in LINES]


def test_powershell_can_read_its_script(tmp_path: Path) -> None:
    shell = Shell("pwsh", tmp_path)
    script = SCRIPTS / "opwatch.ps1"
    read = f"[scriptblock]::Create((Get-Content -Raw '{script}')) | Out-Null"

    done = subprocess.run(  # noqa: S603, a shell with our own script
        [shell.program(), "-NoProfile", "-Command", read], check=False, timeout=60
    )

    assert done.returncode == 0
