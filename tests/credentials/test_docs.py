"""What docs/credentials.md says is what the code does."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from opwatch.credentials.helper import PASSED, TOKEN_NAMES
from opwatch.credentials.keyring import PATIENCE, PATIENCE_AT_TERMINAL, PATIENCE_TO_KEEP, STUCK
from opwatch.credentials.redaction import SHORTEST as SHORTEST_MASKED
from opwatch.credentials.renewal import APART, HOLD_LONGEST, MOST_IN_A_ROW
from opwatch.credentials.validation import LONGEST, SHARE, SHORTEST
from opwatch.profiles import bind_profile, load_config, load_profile

if TYPE_CHECKING:
    from credentials.world import World

PAGE = (Path(__file__).parents[2] / "docs" / "credentials.md").read_text()
BLOCKS = [
    each for each in re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL) if each.startswith("auth:")
]


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: block.split("\n")[0][:60])
def test_every_example_is_a_profile_that_opens(world: World, tmp_path: Path, block: str) -> None:
    lines = [
        "base_url: https://api.example.com",
        "request: {path: '/ops/{id}'}",
        "read: {status: status}",
        "states: {succeeded: [DONE], failed: [FAILED]}",
        *block.splitlines(),
    ]
    config = tmp_path / "config.yaml"
    config.write_text(
        "version: 1\nprofiles:\n  my-api:\n" + "".join(f"    {line}\n" for line in lines)
    )
    definition = load_profile("my-api", load_config(config, {}))
    profile = bind_profile(definition, {})

    assert world.open(profile.auth, base_url=profile.base_url).status().profile == "my-api"


def test_every_scheme_and_source_has_an_example() -> None:
    text = "".join(BLOCKS)

    for word in ("none", "bearer", "header", "basic", "query", "oauth2", "device_code"):
        assert word in text
    for word in ("env", "file", "command", "keyring", "environ", "interactive", "timeout"):
        assert f"{word}: " in text


def test_the_figures_are_those_of_the_code() -> None:
    assert (SHARE, APART, MOST_IN_A_ROW, HOLD_LONGEST) == (0.8, 30.0, 3, 60.0)
    assert (SHORTEST, LONGEST) == (1.0, 24 * 3600.0)
    assert (PATIENCE, PATIENCE_TO_KEEP, PATIENCE_AT_TERMINAL, STUCK) == (10.0, 30.0, 60.0, 60.0)
    assert len("sixsix") == SHORTEST_MASKED
    assert {"HOME", "PATH", "LANG", "TERM", "TZ", "USER"} <= PASSED
    assert all(f'"{name}"' in PAGE for name in TOKEN_NAMES if name != "Secret")
