"""The Python API, and the example that the documentation shows."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import opwatch
from cli.inside import profile
from opwatch.credentials.context import KeyringEntry
from opwatch.credentials.keyring import SystemKeyring
from opwatch.demo import DEMO_TOKEN, Script
from opwatch.domain.errors import CredentialError, UsageError
from opwatch.domain.events import Ended, Finished, Started
from opwatch.domain.operation import State
from opwatch.domain.outcome import Outcome
from servers.demo import DemoServer
from servers.dialects import ALL_DIALECTS
from servers.echo import Api
from servers.oauth import Reply

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture
def server() -> Iterator[DemoServer]:
    with DemoServer() as running:
        yield running


async def test_watch_yields_every_event_and_ends_with_the_verdict(server: DemoServer) -> None:
    good = server.start("fullstory", Script(0.2))
    bad = server.start("fullstory", Script(0.1, State.FAILED))

    events = [
        event
        async for event in opwatch.watch(
            good.id, bad.id, profile="fullstory", base_url=server.base_url,
            token=DEMO_TOKEN.reveal(), interval=0.1, timeout=20,
        )
    ]  # fmt: skip

    assert isinstance(events[0], Started)
    last = events[-1]
    assert isinstance(last, Finished)
    assert [each.outcome for each in last.operations] == [Outcome.SUCCEEDED, Outcome.FAILED]
    assert last.verdict.code == 1


async def test_leaving_early_ends_the_run(server: DemoServer) -> None:
    job = server.start("fullstory", Script(60))

    watching = opwatch.watch(
        job.id, profile="fullstory", base_url=server.base_url, token=DEMO_TOKEN.reveal()
    )
    async for _event in watching:
        break
    await watching.aclose()

    asked = len(server.requests())
    assert len(server.requests()) == asked <= 1


async def test_get_looks_once(server: DemoServer) -> None:
    job = server.start("fullstory", Script(60))

    (operation,) = await opwatch.get(
        job.id, profile="fullstory", base_url=server.base_url, token=DEMO_TOKEN.reveal()
    )

    assert (operation.id, operation.outcome, operation.polls) == (job.id, Outcome.PENDING, 1)


@pytest.mark.parametrize("reason", [True, False])
async def test_a_program_learns_why_an_operation_failed_unless_it_does_not_want_to(
    *, reason: bool
) -> None:
    with DemoServer(ALL_DIALECTS) as server:
        job = server.start("github-actions", Script(0.0, State.FAILED))
        where: Any = {
            "profile": "github-actions",
            "params": {"owner": "octo-org", "repo": "octo-repo"},
            "base_url": server.base_url,
            "token": DEMO_TOKEN.reveal(),
            "reason": reason,
        }
        (looked_at,) = await opwatch.get(job.id, **where)
        (watched,) = [
            event.operation
            async for event in opwatch.watch(job.id, **where)
            if isinstance(event, Ended)
        ]

    for operation in (looked_at, watched):
        assert operation.outcome is Outcome.FAILED
        assert (operation.failure is not None) is reason
        if operation.failure is not None:
            assert operation.failure.text == "job test, step Run make test"
            assert operation.failure.lines[-1] == "Process completed with exit code 1."


async def test_a_program_says_how_long_an_operation_may_not_exist_yet(tmp_path: Path) -> None:
    missing, config = [Reply(404, {}), Reply(404, {})], tmp_path / "config.yaml"
    done = Reply(200, {"id": "a", "status": "done"})
    with Api(lambda _: missing.pop() if missing else done) as api:
        config.write_text(json.dumps({"version": 1, "profiles": {"mine": profile(api.base)}}))
        where: Any = {"profile": "mine", "config": config, "token": "x"}
        (at_once,) = await opwatch.get("a", **where)
        (later,) = await opwatch.get("a", grace=60, **where)

    assert (at_once.outcome, later.outcome) == (Outcome.NOT_FOUND, Outcome.SUCCEEDED)


async def test_no_reference_is_a_usage_error() -> None:
    with pytest.raises(UsageError, match="no operation given"):
        await opwatch.get(profile="fullstory", token="x")


def test_the_example_of_the_documentation_runs(server: DemoServer, tmp_path: Path) -> None:
    job = server.start("fullstory", Script(0.3))

    done = subprocess.run(  # noqa: S603, our own example
        [sys.executable, ROOT / "docs" / "watch_export.py", job.id, server.base_url],
        env={
            "PATH": os.environ["PATH"],
            "HOME": str(tmp_path),
            "FULLSTORY_API_KEY": DEMO_TOKEN.reveal(),
        },
        capture_output=True, text=True, timeout=30, check=False,
    )  # fmt: skip

    assert done.returncode == 0, done.stderr
    assert "succeeded" in done.stdout


async def test_whoever_leaves_at_the_last_event_leaves_nothing_open(server: DemoServer) -> None:
    job = server.start("fullstory", Script(0.1))
    before = asyncio.all_tasks()

    watching = opwatch.watch(
        job.id, profile="fullstory", base_url=server.base_url, token=DEMO_TOKEN.reveal(),
        interval=0.1, timeout=20,
    )  # fmt: skip
    async for event in watching:
        if isinstance(event, Finished):
            break

    assert asyncio.all_tasks() == before


LEAVING = """
import asyncio, sys
import opwatch

async def leave():
    async for event in opwatch.watch(
        *sys.argv[2:], profile="fullstory", base_url=sys.argv[1], token={token!r}, interval=0.1
    ):
        if type(event).__name__ == {event!r}:
            return

asyncio.run(leave())
"""


@pytest.mark.parametrize("event", ["Finished", "Started", "Observed"])
def test_no_warning_is_given_however_a_watch_is_left(event: str, server: DemoServer) -> None:
    ids = [server.start("fullstory", Script(0.1)).id for _ in range(8)]
    program = LEAVING.format(token=DEMO_TOKEN.reveal(), event=event)

    done = subprocess.run(  # noqa: S603, our own program
        [sys.executable, "-W", "error", "-c", program, server.base_url, *ids],
        capture_output=True, timeout=30, check=False,
    )  # fmt: skip

    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


@pytest.mark.parametrize("listed", [False, True])
async def test_the_keyring_is_asked_only_where_the_profile_lists_it(
    listed: bool,  # noqa: FBT001, data
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[str] = []

    async def read_entry(_self: object, service: str, *_: object, **__: object) -> KeyringEntry:
        asked.append(service)
        return KeyringEntry(why="no entry")

    monkeypatch.setattr(SystemKeyring, "read_entry", read_entry)
    for name in ("CI", "JOBS_TOKEN", "OPWATCH_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    source = "[{env: JOBS_TOKEN}, {keyring: jobs}]" if listed else "{env: JOBS_TOKEN}"
    file = tmp_path / "config.yaml"
    file.write_text(
        f"version: 1\nprofiles:\n  jobs: {{extends: fullstory, auth: {{bearer: {source}}}}}\n"
    )

    with pytest.raises(CredentialError):
        await opwatch.get("1", profile="jobs", config=file)

    assert asked == (["jobs"] if listed else [])


async def test_a_bare_url_is_read_as_at_the_prompt(server: DemoServer) -> None:
    job = server.start("bentley-schedules", Script(0.0))

    [operation] = await opwatch.get(job.url, token=DEMO_TOKEN.reveal())

    assert operation.outcome is Outcome.SUCCEEDED


async def test_a_url_brings_what_its_profile_lacks_as_at_the_prompt(server: DemoServer) -> None:
    job = server.start("bentley-schedules", Script(0.0))

    [operation] = await opwatch.get(job.url, profile="standard")

    assert operation.outcome is Outcome.DENIED, "it was asked, without the credential of another"


async def test_an_id_without_a_profile_is_refused() -> None:
    with pytest.raises(UsageError, match="no profile given, and this is not a URL"):
        await opwatch.get("42")


async def test_a_default_profile_is_used_from_python_as_well(
    server: DemoServer, tmp_path: Path
) -> None:
    file = tmp_path / "config.yaml"
    file.write_text("version: 1\ndefault_profile: fullstory\n")
    job = server.start("fullstory", Script(0.0))

    [operation] = await opwatch.get(
        job.id, config=file, base_url=server.base_url, token=DEMO_TOKEN.reveal()
    )

    assert operation.outcome is Outcome.SUCCEEDED
