"""An API of jobs, as a profile and as a run against a server that a test scripts."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from opwatch.domain.outcome import Policy
from opwatch.domain.secret import Secret
from opwatch.profiles import bind_profile, load_config, load_profile
from opwatch.session.context import RunContext
from opwatch.session.plan import Plan
from opwatch.session.session import open_session

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from opwatch.profiles import Profile
    from opwatch.session.plan import ResultOptions, StartRequest
    from opwatch.session.session import Session

TOKEN = "job-token-worth-nothing"
YAML = """
version: 1
profiles:
  jobs:
    base_url: https://api.example.com/v1
    request: {path: '/jobs/{id}', headers: {X-Version: '7'}}
    auth: {bearer: {env: JOBS_TOKEN}}
    read: {id: id, status: state, error: {message: why}, result: result}
    states: {running: [busy], succeeded: [done], failed: [broken]}
    handoff: [{header: Location}, {body: id, with: {task: task}}, {body: ids}]
    params: {id: {}, task: {}}
    result:
      - {when: parts, path: '/jobs/{id}/parts'}
      - {url: location, authorize: false, download: true}
  parts: {extends: jobs, result: [{path: '/jobs/{id}/parts'}]}
  direct: {extends: jobs, result: [{url: location, authorize: false, download: true}]}
  located: {extends: jobs, final: location}
  resource: {extends: jobs, final: resource}
  open: {extends: located, auth: none}
  keyed: {extends: jobs, auth: {header: {name: X-Key, from: {env: JOBS_TOKEN}}}}
"""
GOES_ON = b'{"id": "j-1", "state": "busy"}'
DONE = b'{"id": "j-1", "state": "done", "result": {"rows": 3}}'


def at_once(_low: float, _high: float) -> float:
    """Return no pause: a source of chance for a test that cannot wait."""
    return 0.0


def bound(folder: Path, base_url: str, name: str = "jobs") -> Profile:
    file = folder / "config.yaml"
    file.write_text(YAML)
    return bind_profile(load_profile(name, load_config(file, {})), {}, base_url=base_url)


def context() -> RunContext:
    return RunContext(token_from_stdin=Secret(TOKEN), uniform=at_once)


@asynccontextmanager
async def session(
    profile: Profile,
    *,
    starting: StartRequest | None = None,
    results: ResultOptions | None = None,
    policy: Policy | None = None,
    world: RunContext | None = None,
) -> AsyncIterator[Session]:
    """Give a session for *profile* without operations, for a test to start some."""
    limits = policy or Policy(interval=0.02)
    plan = Plan({profile.name: profile}, (), limits, starting=starting, results=results)
    async with open_session(plan, world or context()) as opened:
        yield opened
