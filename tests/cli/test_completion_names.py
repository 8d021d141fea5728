"""The names that a TAB offers are those of the configuration, or it is read as a whole."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from opwatch.cli.completion.names import names_in, quick_names
from opwatch.profiles import load_config

EXAMPLE = Path(__file__).resolve().parents[2] / "config.example.yaml"
PLAIN = "version: 1\nprofiles:\n  one: {extends: azure}\n\n  # two\n  two:\n    base_url: x\n"

linux = pytest.mark.skipif(sys.platform in {"win32", "darwin"}, reason="the folder is elsewhere")


@linux
@pytest.mark.parametrize("text", [EXAMPLE.read_text(encoding="utf-8"), PLAIN, None])
@pytest.mark.parametrize("is_named", [True, False])
def test_the_names_are_those_of_the_real_reader(
    text: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, is_named: bool
) -> None:
    folder = tmp_path / "opwatch"
    (folder / "profiles").mkdir(parents=True)
    (folder / "profiles" / "beside.yaml").write_text("version: 1\n")
    (folder / "profiles" / "Not a name.yaml").write_text("version: 1\n")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    environ = {"XDG_CONFIG_HOME": str(tmp_path)}
    if text is not None:
        (folder / "config.yaml").write_text(text)
        (folder / "config.yaml").chmod(0o600)
        if is_named:
            environ["OPWATCH_CONFIG"] = str(folder / "config.yaml")

    names = quick_names(environ)

    assert names is not None
    assert sorted(names) == [*load_config(None, environ).names()]
    assert "beside" in names


@linux
def test_a_configuration_that_others_may_write_is_left_to_the_real_reader(tmp_path: Path) -> None:
    file = tmp_path / "opwatch" / "config.yaml"
    file.parent.mkdir()
    file.write_text(PLAIN)
    file.chmod(0o666)

    assert quick_names({"XDG_CONFIG_HOME": str(tmp_path)}) is None


@pytest.mark.parametrize(
    "text",
    [
        "profiles: {one: {}}\n",
        "{profiles: {one: {}}}\n",
        '"profiles":\n  one: {}\n',
        'profiles:\n  "one": {}\n',
        "profiles:\n  One: {}\n",
        "profiles:\n    one: {}\n  two: {}\n",
        "profiles:\n  ? one\n",
        "profiles:\n\tone: {}\n",
        "---\nprofiles:\n  one: {}\n",
        "profiles: &all\n  one: {}\n",
    ],
)
def test_what_is_written_in_another_way_is_left_to_the_real_reader(text: str) -> None:
    assert names_in(text.splitlines()) is None


def test_keys_below_a_profile_are_no_names() -> None:
    text = "default_profile: one\nprofiles:  # ours\n  one:\n    read:\n      id: id\n  two: {}\n"

    assert names_in(text.splitlines()) == {"one", "two"}
