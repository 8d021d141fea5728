"""Each of the five first providers, by id, by URL and by path, through the whole program."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from opwatch.demo import Script
from opwatch.domain.operation import OperationError, State

if TYPE_CHECKING:
    from cli.program import Program
    from servers.demo import DemoServer

PROVIDERS = (
    "powerplatform",
    "bentley-schedules",
    "seismic-programs",
    "fullstory",
    "sap-service-manager",
)
QUICK = ("--interval", "0.1", "--timeout", "20", "--json")


def _params(params: object) -> list[str]:
    assert isinstance(params, dict) or hasattr(params, "items")
    return [word for key, value in params.items() for word in ("--param", f"{key}={value}")]


@pytest.mark.parametrize("provider", PROVIDERS)
def test_wait_confirms_success_by_id_by_url_and_by_path(
    provider: str, server: DemoServer, program: Program
) -> None:
    jobs = [server.start(provider, Script(0.4, pending=0.1)) for _ in range(3)]
    references = [jobs[0].id, jobs[1].url, jobs[2].path]

    ran = program.run("wait", "-p", provider, *QUICK, *_params(jobs[0].params), *references)

    assert (ran.code, ran.outcomes) == (0, ["succeeded"] * 3), ran.err


@pytest.mark.every(5)
@pytest.mark.parametrize("provider", PROVIDERS)
def test_wait_exits_with_1_and_the_reason_when_one_fails(
    provider: str, server: DemoServer, program: Program
) -> None:
    bad = Script(0.3, State.FAILED, error=OperationError(code="E17", message="no such crane"))
    failing, fine = server.start(provider, bad), server.start(provider, Script(0.3))

    ran = program.run(
        "wait", "-p", provider, *QUICK, *_params(fine.params), failing.path, fine.path
    )

    assert (ran.code, ran.outcomes) == (1, ["failed", "succeeded"]), ran.err
    assert "no such crane" in ran.document["operations"][0]["error"]["message"]


def test_get_looks_once_and_says_pending_with_8(server: DemoServer, program: Program) -> None:
    job = server.start("fullstory", Script(60))

    ran = program.run("get", "-p", "fullstory", job.id, "--json")

    assert (ran.code, ran.outcomes) == (8, ["pending"])
    assert ran.document["operations"][0]["polls"] == 1
    assert program.run("get", "-p", "fullstory", "--exit-zero", job.id).code == 0


def test_one_request_asks_seismic_about_many(server: DemoServer, program: Program) -> None:
    jobs = [server.start("seismic-programs", Script(0.1)) for _ in range(5)]

    ran = program.run("wait", "-p", "seismic-programs", *QUICK, *[job.id for job in jobs])

    asked = [seen for seen in server.requests("seismic-programs") if seen.method == "GET"]
    assert ran.code == 0, ran.err
    assert any(all(job.id in seen.target for job in jobs) for seen in asked)


def test_an_unknown_id_ends_with_5_after_its_grace(program: Program) -> None:
    ran = program.run("get", "-p", "fullstory", "nobody", "--json")

    assert (ran.code, ran.outcomes) == (5, ["not_found"])


def test_a_refused_token_ends_with_4_at_once(server: DemoServer, program: Program) -> None:
    job = server.start("fullstory", Script(60))

    ran = program.run(
        "wait",
        "-p",
        "fullstory",
        *QUICK,
        job.id,
        environ={"OPWATCH_TOKEN": "wrong-but-well-formed"},
    )

    assert (ran.code, ran.outcomes) == (4, ["denied"])
    assert "wrong-but-well-formed" not in ran.out + ran.err
    assert ran.document["operations"][0]["polls"] == 1
