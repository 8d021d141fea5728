"""URLs without a profile: each finds its own, says so, and is shown no secret of another's."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from opwatch.demo import DEMO_TOKEN, Script
from opwatch.domain.operation import State
from servers.demo import DemoServer
from servers.dialects import ALL_DIALECTS

if TYPE_CHECKING:
    from cli.inside import Inside
    from cli.program import Program

TOKEN = DEMO_TOKEN.reveal()
QUICK = ("--interval", "0.1", "--timeout", "20", "--json")
STANDARDS = {
    "google-lro": "is not known: reading plain status words only",
    "azure-async": "has the paths of azure",
    "azure-location": "has the paths of azure",
    "azure-provisioning": "has the paths of azure",
    "azure-operation-location": "is not known: reading plain status words only",
    "ogc-processes": "is not known: reading plain status words only",
}


def shown(server: DemoServer) -> set[str | None]:
    """Return what the server was shown as a credential."""
    return {seen.headers.get("authorization") for seen in server.requests()}


def test_each_standard_is_waited_for_by_its_url_alone(server: DemoServer, program: Program) -> None:
    urls = [server.start(name, Script(0.4, pending=0.1)).url for name in STANDARDS]

    ran = program.run("wait", *QUICK, "--token-stdin", *urls, stdin=f"{TOKEN}\n")

    assert (ran.code, ran.outcomes) == (0, ["succeeded"] * len(urls)), ran.err
    assert [each["reference"] for each in ran.document["operations"]] == urls
    for said in STANDARDS.values():
        assert said in ran.err
    assert "with the token from standard input" in ran.err
    assert shown(server) == {f"Bearer {TOKEN}"}


@pytest.mark.parametrize(
    ("name", "end", "code"),
    [
        ("ogc-processes", State.FAILED, 1),
        ("ogc-processes", State.CANCELLED, 3),
        ("google-lro", State.FAILED, 1),
        ("google-lro", State.CANCELLED, 3),
        ("azure-async", State.FAILED, 1),
        ("azure-async", State.CANCELLED, 3),
        ("azure-location", State.FAILED, 1),
        ("azure-operation-location", State.FAILED, 1),
    ],
)
def test_a_bad_end_is_told_from_a_good_one(
    name: str, end: State, code: int, server: DemoServer, inside: Inside
) -> None:
    job = server.start(name, Script(0.0, end))

    ran = inside.run("wait", *QUICK, "--token-stdin", job.url, stdin=TOKEN.encode())

    assert (ran.code, ran.outcomes) == (code, [end.value]), ran.err


def test_a_broker_is_known_by_its_path_and_wants_its_user(
    server: DemoServer, inside: Inside
) -> None:
    job = server.start("osb", Script(0.2))
    environ = {"OSB_USERNAME": "demo"}

    ran = inside.run(
        "wait", *QUICK, "--token-stdin", job.url, stdin=TOKEN.encode(), environ=environ
    )

    assert (ran.code, ran.outcomes) == (0, ["succeeded"]), ran.err


def test_a_host_that_is_configured_gets_its_own_credential(
    server: DemoServer, inside: Inside
) -> None:
    job = server.start("osb", Script(0.2))
    environ = {
        "OSB_USERNAME": "demo",
        "OSB_PASSWORD": TOKEN,
        "OPWATCH_OSB_SERVER": server.base_url,
    }

    ran = inside.run("wait", *QUICK, job.url, environ=environ)

    assert (ran.code, ran.outcomes) == (0, ["succeeded"]), ran.err
    assert f"{server.base_url} is known: using the profile osb" in ran.err


def test_no_token_goes_to_a_host_that_nobody_named(server: DemoServer, inside: Inside) -> None:
    jobs = [server.start(name, Script(60)) for name in ("google-lro", "osb", "azure-async")]
    environ = dict.fromkeys(
        ("OPWATCH_TOKEN", "OPWATCH_STANDARD_TOKEN", "OSB_PASSWORD", "AZURE_ACCESS_TOKEN"), TOKEN
    )

    ran = inside.run("get", "--json", *[job.url for job in jobs], environ=environ)

    assert (ran.code, ran.outcomes) == (4, ["denied"] * 3)
    assert shown(server) == {None}
    assert "without a credential (give one with --token-stdin)" in ran.err


def test_the_common_token_is_not_for_a_profile_that_was_only_recognised(
    server: DemoServer, inside: Inside
) -> None:
    job = server.start("github-actions", Script(60))
    environ = {"OPWATCH_TOKEN": TOKEN, "OPWATCH_GITHUB_ACTIONS_BASE_URL": server.base_url}

    ran = inside.run("get", "--json", job.url, environ=environ)
    named = inside.run("get", "--json", "-p", "github-actions", job.url, environ=environ)

    assert (ran.code, ran.outcomes) == (4, ["denied"])
    assert "only for the one profile that the command line names" in ran.err
    assert (named.code, named.outcomes) == (8, ["pending"]), named.err


def test_one_token_is_not_for_two_hosts(server: DemoServer, inside: Inside) -> None:
    job = server.start("ogc-processes", Script(60))

    ran = inside.run(
        "wait", "--json", "--token-stdin", job.url, "http://127.0.0.1:9/jobs/1", stdin=b"x"
    )

    assert ran.code == 2
    assert "one token cannot be for several hosts" in ran.err
    assert server.requests() == ()


def test_two_hosts_of_one_kind_are_watched_side_by_side(server: DemoServer, inside: Inside) -> None:
    with DemoServer(ALL_DIALECTS) as other:
        urls = [each.start("ogc-processes", Script(0.2)).url for each in (server, other, server)]

        ran = inside.run("wait", *QUICK, *urls)

    assert (ran.code, ran.outcomes) == (0, ["succeeded"] * 3), ran.err
    assert [each["reference"] for each in ran.document["operations"]] == urls
    assert ran.err.count("is not known") == 2


def test_an_answer_that_says_nothing_plain_ends_as_unknown_and_says_what_to_write(
    server: DemoServer, inside: Inside
) -> None:
    url = f"{server.start('ogc-processes', Script(0.0)).url}/results"

    ran = inside.run("wait", "--json", "--interval", "0.1", url)

    assert (ran.code, ran.outcomes) == (6, ["unknown"]), ran.err
    assert f"opwatch profile new --from {url}" in ran.err


def test_the_profile_may_be_named_and_the_url_still_says_where_the_api_is(
    server: DemoServer, inside: Inside
) -> None:
    url = server.start("ogc-processes", Script(0.2)).url

    ran = inside.run("wait", *QUICK, "-p", "standard", url, environ={"OPWATCH_TOKEN": TOKEN})
    bare = inside.run("wait", *QUICK, "-p", "standard", "op-1")

    assert (ran.code, ran.outcomes) == (0, ["succeeded"]), ran.err
    assert shown(server) == {None}
    assert bare.code == 2
    assert "needs server" in bare.err


def test_a_starting_answer_needs_no_profile_either(server: DemoServer, inside: Inside) -> None:
    job = server.start("ogc-processes", Script(0.2))
    answer = f"HTTP/1.1 201 Created\r\nLocation: {job.url}\r\n\r\n{{}}"

    ran = inside.run("wait", *QUICK, "-", stdin=answer.encode())

    assert (ran.code, ran.outcomes) == (0, ["succeeded"]), ran.err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("abc",), "no profile given, and this is not a URL"),
        ((), "no profile given"),
        (("--base-url", "http://127.0.0.1:8", "http://127.0.0.1:9/x"), "this is not at"),
        (("--param", "a=b", "http://127.0.0.1:9/x"), "has no parameter 'a'"),
        (("http://example.com/jobs/1",), "plain http"),
    ],
)
def test_what_cannot_be_asked_without_a_profile_is_a_usage_error(
    arguments: tuple[str, ...], said: str, inside: Inside
) -> None:
    ran = inside.run("get", *arguments)

    assert ran.code == 2
    assert said in ran.err


def test_quiet_says_nothing_of_what_was_assumed(server: DemoServer, inside: Inside) -> None:
    job = server.start("ogc-processes", Script(0.1))

    ran = inside.run("wait", "--interval", "0.1", "-q", job.url)

    assert (ran.code, ran.out, ran.err) == (0, "", "")
