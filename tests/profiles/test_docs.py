"""What the documentation shows is right: each example in it is a profile without problems."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from opwatch.domain.messages import Response
from opwatch.domain.operation import Reading, State
from opwatch.profiles import bind_profile, check, load_config, load_profile, schema
from profiles.making import NOW, PLAIN

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "profiles.md").read_text("utf-8")
EXAMPLE = ROOT / "config.example.yaml"
BLOCKS = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
COPIES = next(block for block in BLOCKS if "copies:" in block)


def whole(block: str) -> str:
    """Return *block* as a file: what is only a part is laid over a plain profile."""
    if block.startswith("version:"):
        return block
    own = set(re.findall(r"^(\w+):", block, re.MULTILINE))
    kept = [line for line in PLAIN.strip().splitlines() if line.partition(":")[0] not in own]
    return "\n".join([*kept, block])


@pytest.mark.parametrize(
    "block", BLOCKS, ids=[block.strip().splitlines()[0][:50] for block in BLOCKS]
)
def test_every_example_is_a_profile_without_problems(block: str) -> None:
    assert check(whole(block), "profiles.md") == ()


def test_the_profile_that_waits_for_a_start_does(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_text(next(block for block in BLOCKS if "github-started:" in block), "utf-8")
    repository = {"owner": "o", "repo": "r"}
    bound = bind_profile(load_profile("github-started", load_config(path, {})), repository)
    target = bound.target("5")

    for status, conclusion, state in (
        ("queued", None, State.PENDING),
        ("in_progress", None, State.SUCCEEDED),
        ("completed", "success", State.SUCCEEDED),
        ("completed", "failure", State.FAILED),
    ):
        body = json.dumps({"id": 5, "status": status, "conclusion": conclusion}).encode()
        url = bound.request([target]).url
        (found,) = bound.read([target], Response(200, url, body=body, received_at=NOW)).findings
        assert isinstance(found, Reading)
        assert found.state is state


def test_the_example_answer_reads_as_the_page_says(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_text(COPIES, "utf-8")
    config = load_config(path, {})
    bound = bind_profile(load_profile(config.default_profile or "", config))
    sample = re.search(r"```json\n(.*?)```", PAGE, re.DOTALL)
    assert sample is not None
    body = json.loads(sample[1])

    target = bound.target("42")
    request = bound.request([target])
    assert request.url == "https://api.example.com/v1/jobs/42"
    for phase, state in (
        ("copying", State.RUNNING),
        ("complete", State.SUCCEEDED),
        ("broken", State.FAILED),
    ):
        answer = Response(
            200, request.url, body=json.dumps({**body, "phase": phase}).encode(), received_at=NOW
        )
        (found,) = bound.read([target], answer).findings
        assert isinstance(found, Reading)
        assert (found.state, found.progress) == (state, 25.0)


def test_the_page_shows_every_key_of_the_language() -> None:
    keys = set(schema()["definitions"]["profile"]["properties"])
    shown = set(re.findall(r"`?\b([a-z_]+):", PAGE))

    assert keys - shown == set()


def test_the_example_configuration_has_no_problem() -> None:
    text = EXAMPLE.read_text("utf-8")

    assert check(text, "config.example.yaml") == ()
    assert text.startswith(
        "# yaml-language-server: $schema=src/opwatch/profiles/profile.schema.json\n"
    )
    assert (ROOT / "src/opwatch/profiles/profile.schema.json").exists()


def test_every_profile_of_the_example_can_be_used() -> None:
    config = load_config(EXAMPLE, {"COPIES_HOST": "copies.example.com"})

    for name in ("schedules", "schedules-ci", "copies"):
        bound = bind_profile(load_profile(name, config))
        assert bound.request([bound.target("7")]).url.startswith("https://")
    copies = bind_profile(load_profile("copies", config))
    assert copies.base_url == "https://copies.example.com/v1"
    page = "https://www.example.com/acme/jobs/7/log"
    assert (
        copies.request([copies.target(page)]).url
        == "https://copies.example.com/v1/tenants/acme/jobs/7"
    )
