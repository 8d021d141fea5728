"""The JSON Schema that editors use, and what a start costs."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import jsonschema
import pytest

import opwatch.profiles
from opwatch.profiles import check, schema
from opwatch.profiles.config import BUILTIN, read_file
from opwatch.profiles.yaml.parser import parse
from profiles.answers import NAMES
from profiles.making import PLAIN

if TYPE_CHECKING:
    from pathlib import Path

SHIPPED = BUILTIN.parent / "profile.schema.json"
VALIDATOR = jsonschema.Draft7Validator(schema())


def accepts(text: str) -> bool:
    return bool(VALIDATOR.is_valid(parse("p.yaml", text).plain()))


def test_the_shipped_schema_is_the_one_of_the_language() -> None:
    assert json.loads(SHIPPED.read_text("utf-8")) == schema(), "opwatch profile schema > FILE"


def test_the_schema_is_one() -> None:
    jsonschema.Draft7Validator.check_schema(schema())


@pytest.mark.parametrize("name", NAMES)
def test_every_built_in_profile_is_right_by_the_schema(name: str) -> None:
    assert list(VALIDATOR.iter_errors(read_file(BUILTIN / f"{name}.yaml").plain())) == []


@pytest.mark.parametrize(
    "more",
    [
        "poll: {frist: 2s}",
        "intervall: 2s",
        "auth: {bearer: abc}",
        "gone: running",
        "batch: {query: ids}",
        "confirm: 0",
        "rules: [{when: a}]",
        "conditional: maybe",
    ],
)
def test_what_the_check_refuses_by_its_shape_the_schema_refuses_too(more: str) -> None:
    assert accepts(PLAIN)
    assert not accepts(PLAIN + more)
    assert check(PLAIN + more, "p.yaml")


def test_a_configuration_has_its_own_form_in_the_schema() -> None:
    good = "version: 1\ndefault_profile: a\nprofiles: {a: {extends: fullstory, x-note: 1}}\n"

    assert accepts(good)
    assert not accepts(good + "profile: x\n")


def test_every_key_says_what_it_is_for() -> None:
    profile = schema()["definitions"]["profile"]["properties"]

    assert [name for name, key in profile.items() if not key.get("description")] == []


def test_every_exported_name_is_there() -> None:
    for name in opwatch.profiles.__all__:
        assert getattr(opwatch.profiles, name)
    with pytest.raises(AttributeError):
        opwatch.profiles.nothing  # noqa: B018, the look itself is the test


def loaded_by(code: str) -> set[str]:
    """Return which of the libraries a fresh interpreter has loaded after *code*."""
    names = ("yaml", "jmespath", "pydantic", "platformdirs", "difflib", "html")
    script = f"{code}\nimport sys; print(*(each for each in {names} if each in sys.modules))"
    done = subprocess.run(  # noqa: S603, our own interpreter
        [sys.executable, "-I", "-c", script], capture_output=True, text=True, check=True
    )
    return set(done.stdout.split())


def test_no_exported_name_loads_the_drafting_of_profiles() -> None:
    script = (
        "import sys, opwatch.profiles as profiles\n"
        "[getattr(profiles, name) for name in profiles.__all__]\n"
        "print(*(name for name in sys.modules if name.startswith('opwatch.profiles.draft')))"
    )
    done = subprocess.run(  # noqa: S603, our own interpreter
        [sys.executable, "-I", "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == []


def test_importing_the_room_loads_no_library() -> None:
    assert loaded_by("import opwatch.profiles") == set()


def test_a_plain_profile_needs_nothing_but_yaml(tmp_path: Path) -> None:
    code = f"""
from pathlib import Path
from opwatch.profiles import bind_profile, load_config, load_profile
config = load_config(None, {{}}, folder=Path({str(tmp_path)!r}))
bind_profile(load_profile("bentley-schedules", config), {{"schedule_id": "x"}}).target("a")
"""
    assert loaded_by(code) == {"yaml"}
