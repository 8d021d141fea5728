"""Each dialect, to each of its ends, by each way that leads to an operation.

Over real HTTP and through the whole command line. What each dialect needs, and what is
closed to it, is in ``cli.dialects``.
"""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import subprocess
import sys
from itertools import product
from typing import TYPE_CHECKING, Final

import pytest

from cli.dialects import CLOSED, NO_WORD, SPOKEN, STARTING, Way, ways
from cli.hurried import Stepping, hurry
from cli.program import PATIENCE, Program, Ran
from demo.callers import Client, whole
from opwatch.demo import DEMO_TOKEN, Script
from opwatch.demo.dialects import DIALECTS
from opwatch.domain.operation import TERMINAL, State
from servers.demo import DemoServer
from servers.dialects import ALL_DIALECTS, DEMO_USER, PROFILES, STARTING_BODIES
from servers.dialects.extras import BlockedScript

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from cli.inside import Inside
    from opwatch.demo import StartedJob

TOKEN = DEMO_TOKEN.reveal()
CODES: Final[Mapping[State, int]] = {State.SUCCEEDED: 0, State.FAILED: 1, State.CANCELLED: 3}
SCRIPT: Final = (("Demo-Seconds", "2"), ("Demo-Pending", "0.5"))
QUICK: Final = ("--json", "--interval", "0.1", "--timeout", "10m")
RUNS: Final = tuple(
    (profile, end, way)
    for profile, end in product(PROFILES, CODES)
    if (profile, end) not in NO_WORD
    for way in ways(profile)
)


@pytest.fixture(scope="module")
def server() -> Iterator[DemoServer]:
    """One for all: it starts each operation under an id of its own."""
    with DemoServer(ALL_DIALECTS, clock=Stepping()) as running:
        yield running


@pytest.fixture
def opwatch(inside: Inside, monkeypatch: pytest.MonkeyPatch) -> Inside:
    inside.environ["OSB_USERNAME"] = DEMO_USER
    hurry(monkeypatch)
    return inside


def params(*pairs: str) -> list[str]:
    return [word for pair in pairs for word in ("--param", pair)]


def data(profile: str) -> list[str]:
    """Return the option that sends what the starting call of *profile* carries."""
    return ["-d", STARTING_BODIES[profile]] if profile in STARTING_BODIES else []


def called(server: DemoServer, profile: str, number: int) -> tuple[str, str]:
    """Return the call that starts operation *number*, on a resource of its own."""
    method, url = server.starting(profile)
    return method, url.replace("/vnet?", f"/vnet-{number}-x?").replace("/demo?", f"/demo-{number}?")


def answer(
    server: DemoServer, profile: str, method: str, url: str, script: tuple[tuple[str, str], ...]
) -> bytes:
    """Return what ``curl -i`` prints of the answer to a starting call."""
    with Client(server.base_url) as client:
        came = client.start(profile, method, url, dict(script))
    head = [f"HTTP/1.1 {came.status} Said", *(f"{key}: {it}" for key, it in came.headers.items())]
    return "\r\n".join([*head, "", ""]).encode() + came.body


def surround(opwatch: Inside, server: DemoServer, profile: str, way: Way) -> None:
    """Let the program know the host, and the credential, as it must in this *way*."""
    own = f"OPWATCH_{profile.upper().replace('-', '_')}_"
    match way:
        case Way.STRANGE_URL:
            pass
        case Way.KNOWN_URL | Way.PIPE_ALONE:
            opwatch.environ |= {f"{own}BASE_URL": server.base_url, f"{own}TOKEN": TOKEN}
        case _:
            opwatch.environ |= {"OPWATCH_BASE_URL": server.base_url, "OPWATCH_TOKEN": TOKEN}


def initial(opwatch: Inside, server: DemoServer, profile: str, end: State, way: Way) -> Ran:
    """Run the program in a *way* in which the operation is started over HTTP."""
    spoken, script = SPOKEN[profile], (*SCRIPT, ("Demo-End", end.value))
    method, url = called(server, profile, len(server.truth()))
    chosen = () if way is Way.PIPE_ALONE else ("-p", profile)
    if way is Way.START:
        headers = [word for key, value in script for word in ("-H", f"{key}: {value}")]
        return opwatch.run("start", *chosen, *QUICK, *headers, *data(profile), method, url)
    instance = url.rpartition("/")[2].partition("?")[0]
    more = [] if way is Way.PIPE_ALONE else [it.format(instance=instance) for it in spoken.to_pipe]
    said = answer(server, profile, method, url, script)
    return opwatch.run("wait", *chosen, *QUICK, *params(*more), "-", stdin=said)


def named(opwatch: Inside, profile: str, job: StartedJob, way: Way) -> Ran:
    """Run the program in a *way* in which it is told the name of *job*."""
    spoken = SPOKEN[profile]
    reference = spoken.reference(way, job)
    if way is Way.STRANGE_URL:
        return opwatch.run("wait", *QUICK, "--token-stdin", reference, stdin=TOKEN.encode())
    beside = [it.format(**job.params) for it in spoken.beside if way is Way.ID]
    chosen = [] if way is Way.KNOWN_URL else ["-p", profile]
    return opwatch.run("wait", *chosen, *params(*beside), *QUICK, reference)


def run(opwatch: Inside, server: DemoServer, profile: str, end: State, way: Way) -> Ran:
    surround(opwatch, server, profile, way)
    if way in STARTING:
        return initial(opwatch, server, profile, end, way)
    return named(opwatch, profile, server.start(profile, Script(2.0, end, pending=0.5)), way)


@pytest.mark.every(4)
@pytest.mark.parametrize(("profile", "end", "way"), RUNS)
def test_each_way_leads_to_each_end(
    profile: str, end: State, way: Way, server: DemoServer, opwatch: Inside
) -> None:
    ran = run(opwatch, server, profile, end, way)

    assert (ran.code, ran.outcomes) == (CODES[end], [end.value]), ran.err
    (operation,) = ran.document["operations"]
    assert (operation["state"], ran.document["exit_reason"]) == (end.value, end.value)
    # It was seen on its way, and is what the server knows to be true.
    assert operation["polls"] > 1
    truth = server.truth()[-1]
    assert (truth.profile, truth.state) == (profile, end)


@pytest.mark.parametrize(("profile", "way"), CLOSED)
def test_a_closed_way_is_told_with_what_to_do_instead(
    profile: str, way: Way, server: DemoServer, opwatch: Inside
) -> None:
    closed = CLOSED[profile, way]

    ran = run(opwatch, server, profile, State.SUCCEEDED, way)

    assert (ran.code, ran.document["exit_code"]) == (closed.code, closed.code), ran.err
    for said in closed.said:
        assert said in ran.err


def test_the_tables_leave_no_dialect_and_no_end_out() -> None:
    assert SPOKEN.keys() == set(PROFILES)
    assert CODES.keys() == TERMINAL
    assert {name for name, _ in (*CLOSED, *NO_WORD)} <= SPOKEN.keys()


@pytest.mark.parametrize(("profile", "end"), NO_WORD)
def test_an_end_that_a_dialect_has_no_word_for_is_refused_at_the_start(
    profile: str, end: State, server: DemoServer, opwatch: Inside
) -> None:
    ran = run(opwatch, server, profile, end, Way.START)

    assert (ran.code, ran.document["operations"]) == (6, [])
    assert "opwatch: not started: " in ran.err
    assert f"cannot end as {end}" in ran.err


# -- ends of their own -----------------------------------------------------------------


OSB: Final = ("-p", "osb", *QUICK)


@pytest.fixture
def known(server: DemoServer, opwatch: Inside) -> Inside:
    surround(opwatch, server, "", Way.ID)
    return opwatch


def deleted(server: DemoServer, name: str) -> bytes:
    """Return the answer to the deletion of a service instance."""
    url = f"{server.base_url}/v2/service_instances/{name}?accepts_incomplete=true"
    return answer(server, "osb", "DELETE", url, SCRIPT)


def test_a_service_broker_s_deletion_is_known_by_its_method(known: Inside) -> None:
    path = "/v2/service_instances/gone-1?accepts_incomplete=true"

    ran = known.run("start", *OSB, "-H", "Demo-Seconds: 2", "DELETE", path)

    assert (ran.code, ran.outcomes) == (0, ["succeeded"]), ran.err


def test_a_service_broker_s_deletion_ends_well_through_the_pipe_for_who_says_what_it_is(
    server: DemoServer, known: Inside
) -> None:
    more = params("id=gone-2", "kind=delete")

    ran = known.run("wait", *OSB, *more, "-", stdin=deleted(server, "gone-2"))

    assert (ran.code, ran.outcomes) == (0, ["succeeded"]), ran.err


def test_who_does_not_say_that_it_is_a_deletion_is_told_to(
    server: DemoServer, known: Inside
) -> None:
    more = [*params("id=gone-3"), "--timeout", "20s"]

    ran = known.run("wait", *OSB, *more, "-", stdin=deleted(server, "gone-3"))

    assert (ran.code, ran.outcomes) == (124, ["timed_out"]), ran.err
    assert "if it was to be deleted, say --param kind=delete" in ran.err


@pytest.mark.parametrize("profile", ["azure-async", "azure-location", "azure-provisioning"])
def test_azure_takes_a_piped_answer_of_any_kind(
    profile: str, server: DemoServer, opwatch: Inside
) -> None:
    surround(opwatch, server, "azure", Way.PIPE)
    said = answer(server, profile, *called(server, profile, len(server.truth())), SCRIPT)

    ran = opwatch.run(
        "wait", "-p", "azure", *QUICK, "--param", "api_version=2024-07-01", "-", stdin=said
    )

    assert (ran.code, ran.outcomes) == (0, ["succeeded"]), ran.err


@pytest.mark.parametrize("way", [Way.START, Way.PIPE])
def test_azure_s_deletion_ends_without_a_body(way: Way, server: DemoServer, known: Inside) -> None:
    _, url = called(server, "azure-location", len(server.truth()))
    chosen = ("-p", "azure-location", *QUICK)
    if way is Way.START:
        ran = known.run("start", *chosen, "-H", "Demo-Seconds: 2", "DELETE", url)
    else:
        said = answer(server, "azure-location", "DELETE", url, SCRIPT)
        ran = known.run("wait", *chosen, "-", stdin=said)

    assert (ran.code, ran.outcomes) == (0, ["succeeded"]), ran.err
    assert server.requests("azure-location")[-1].status == 204


@pytest.mark.parametrize("profile", ["github-actions", "prefect"])
@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ((), (0, "succeeded", " blocked")),
        (("--fail-on", "blocked"), (1, "failed", "waiting for a person")),
    ],
)
def test_an_operation_that_waits_for_a_person_goes_on_unless_told_otherwise(
    profile: str,
    more: tuple[str, ...],
    expected: tuple[int, str, str],
    server: DemoServer,
    known: Inside,
) -> None:
    job = server.start(profile, BlockedScript(6.0, blocked=4.0))
    beside = [it.format(**job.params) for it in SPOKEN[profile].beside]

    ran = known.run("wait", "-p", profile, *params(*beside), *QUICK, *more, job.id)

    code, outcome, said = expected
    assert (ran.code, ran.outcomes) == (code, [outcome]), ran.err
    assert said in ran.err


# -- references of their own -----------------------------------------------------------


def test_a_binding_is_named_with_its_instance(server: DemoServer, known: Inside) -> None:
    job = server.start("osb", Script(2.0), id="i-1/service_bindings/b-1")

    for reference in (job.id, job.path, job.url):
        ran = known.run("wait", *OSB, *params(f"operation={job.params['operation']}"), reference)
        assert (ran.code, ran.outcomes) == (0, ["succeeded"]), ran.err


@pytest.mark.parametrize("profile", ["github-actions", "prefect"])
def test_the_address_of_a_web_page_finds_its_profile(
    profile: str, server: DemoServer, opwatch: Inside
) -> None:
    surround(opwatch, server, profile, Way.KNOWN_URL)
    job = server.start(profile, Script(2.0))

    ran = opwatch.run("wait", *QUICK, SPOKEN[profile].reference(Way.PAGE, job))

    assert (ran.code, ran.outcomes) == (0, ["succeeded"]), ran.err
    assert f"using the profile {profile}" in ran.err


@pytest.mark.parametrize(("profile", "method"), [("prefect", "POST"), ("seismic-programs", "GET")])
def test_several_are_asked_about_in_one_request_and_each_has_its_own_end(
    profile: str, method: str, server: DemoServer, known: Inside
) -> None:
    ends = (State.SUCCEEDED, State.FAILED, State.SUCCEEDED)
    jobs = [server.start(profile, Script(2.0, end)) for end in ends]
    before = len(server.requests(profile))

    ran = known.run("wait", "-p", profile, *QUICK, *[job.id for job in jobs])

    assert (ran.code, ran.outcomes) == (1, [end.value for end in ends]), ran.err
    asked = [seen.method for seen in server.requests(profile)[before:]]
    assert asked[:2] == [method] * 2
    assert len(asked) < sum(each["polls"] for each in ran.document["operations"])


def test_all_that_a_bare_id_lacks_is_asked_for_at_once(known: Inside) -> None:
    ran = known.run("wait", "-p", "github-actions", *QUICK, "42")

    assert ran.code == 2
    assert "needs owner (the account that owns the repository) and repo (" in ran.err
    assert "--param owner=… --param repo=…" in ran.err


def test_long_ids_are_told_apart_by_their_ends(server: DemoServer, known: Inside) -> None:
    jobs = [server.start("azure-provisioning", Script(2.0)) for _ in range(2)]
    assert all(len(job.id) > 80 for job in jobs)

    ran = known.run("wait", "-p", "azure-provisioning", *QUICK, *[job.path for job in jobs])

    assert ran.code == 0, ran.err
    for job in jobs:
        assert f"{job.id[-12:]} succeeded" in ran.err


# -- what is said when an answer is of no use ------------------------------------------


def test_a_dispatch_that_names_no_run_says_where_it_is_told_how_to_ask_for_one(
    server: DemoServer, known: Inside
) -> None:
    method, url = server.starting("github-actions")
    started = known.run("start", "-p", "github-actions", *QUICK, method, url, "-d", "{}")
    piped = known.run(
        "wait", "-p", "github-actions", "-", stdin=b"HTTP/2 204 \r\ndate: now\r\n\r\n"
    )

    assert (started.code, piped.code) == (6, 2)
    assert "it was sent and answered with HTTP 204, but the answer names no" in started.err
    assert "the answer (HTTP 204) names no" in piped.err
    for said in (started.err, piped.err):
        assert "it must be in body html_url or body run_url" in said
        assert "opwatch profile show github-actions" in said


def test_what_graphql_complains_of_under_a_status_of_success_is_told(known: Inside) -> None:
    shopify, path = ("-p", "shopify-bulk", *QUICK), "/admin/api/2025-07/graphql.json"
    body = b'{"data": {"x": {"bulkOperation": null, "userErrors": [{"message": "one at a time"}]}}}'

    started = known.run("start", *shopify, "POST", path, "-d", '{"query": "{ shop { name } }"}')
    piped = known.run("wait", *shopify, "-", stdin=b"HTTP/1.1 200 OK\r\n\r\n" + body)

    assert (started.code, piped.code) == (6, 2)
    assert "names no operation of 'shopify-bulk': The query asks for nothing" in started.err
    assert "names no operation of 'shopify-bulk': one at a time" in piped.err


def test_an_answer_that_does_not_name_the_instance_asks_for_it(
    server: DemoServer, known: Inside
) -> None:
    ran = known.run("wait", *OSB, "-", stdin=deleted(server, "gone-4"))

    assert (ran.code, ran.document["exit_reason"]) == (2, "usage")
    assert "names no operation of 'osb'" in ran.err
    assert "--param id=…" in ran.err
    assert "opwatch start" in ran.err


@pytest.mark.parametrize(
    ("arguments", "stdin", "said"),
    [
        (("--param", "id=i-1", "i-2"), b"", "the id of an operation is not a parameter"),
        (("--param", "id=i-1", "-"), b"i-2\n", "goes with a whole answer only"),
        (("--param", "id=i-1", "-"), b'{"operation": "task_1"}', "goes with a whole answer only"),
        (("-",), b"", "no operation given: standard input names none"),
        (("-",), b"HTTP/1.1 409 Conflict\r\n\r\n{}", "the answer says that nothing was started"),
    ],
)
def test_an_id_or_an_answer_of_no_use_is_a_usage_error(
    arguments: tuple[str, ...], stdin: bytes, said: str, server: DemoServer, known: Inside
) -> None:
    before = len(server.requests())

    ran = known.run("wait", *OSB, *arguments, stdin=stdin)

    assert (ran.code, len(server.requests())) == (2, before)
    assert said in ran.err


def test_an_answer_that_names_its_operation_wants_no_id(known: Inside) -> None:
    answered = b'HTTP/1.1 200 OK\r\n\r\n{"operationId": "a"}'

    ran = known.run("wait", "-p", "fullstory", "--param", "id=b", "-", stdin=answered)

    assert ran.code == 2
    assert "the answer names its operation itself" in ran.err
    assert "leave out --param id=…" in ran.err


def test_what_names_the_instance_is_no_parameter_of_the_command_that_goes_on(
    server: DemoServer, known: Inside
) -> None:
    url = f"{server.base_url}/v2/service_instances/slow-1?accepts_incomplete=true"
    said = answer(server, "osb", "PUT", url, (("Demo-Seconds", "9000"),))

    ran = known.run("wait", "-p", "osb", "--timeout", "3s", "--param", "id=slow-1", "-", stdin=said)

    (line,) = [each for each in ran.err.splitlines() if "to go on: " in each]
    again = known.run(*shlex.split(line.partition("to go on: opwatch ")[2]), "--timeout", "3s")
    assert (ran.code, again.code) == (124, 124), again.err
    assert "id=slow-1" not in line


def test_a_refusal_is_told_without_a_profile_too(opwatch: Inside) -> None:
    ran = opwatch.run("wait", "-", stdin=b"HTTP/1.1 403 Forbidden\r\nLocation: /x\r\n\r\n")

    assert ran.code == 2
    assert "the answer says that nothing was started: HTTP 403" in ran.err


def test_a_host_that_nobody_named_is_shown_no_secret_and_the_way_out_is_told(
    server: DemoServer, opwatch: Inside
) -> None:
    opwatch.environ |= {"OPWATCH_TOKEN": TOKEN, "AZURE_ACCESS_TOKEN": TOKEN}
    said = answer(server, "azure-async", *called(server, "azure-async", 0), SCRIPT)

    ran = opwatch.run("wait", *QUICK, "-", stdin=said)

    assert (ran.code, ran.outcomes) == (4, ["denied"])
    assert "to fix: name its profile with -p" in ran.err
    assert "authorization" not in server.requests("azure-async")[-1].headers


# -- real processes --------------------------------------------------------------------


CURL: Final = shutil.which("curl")
needs_curl = pytest.mark.skipif(
    CURL is None, reason="THERE IS NO curl HERE: the pipe is not tested with a real one"
)
HERE: Final = shlex.join([sys.executable, "-m", "opwatch"])


def pipeline(server: DemoServer, profile: str) -> str:
    """Return what a person would type: curl, and a wait behind it."""
    method, url = server.starting(profile)
    headers = [f"{key}: {value}" for key, value in whole(profile).items()]
    words = [str(CURL), "-si", "-X", method, url]
    for header in (*headers, "Demo-Seconds: 0.3"):
        words += ["-H", header]
    words += data(profile)
    more = params(*(it.format(instance="demo") for it in SPOKEN[profile].to_pipe))
    wait = ["wait", "-p", profile, *more, "--interval", "0.1", "--json", "-"]
    return f"{shlex.join(words)} | {HERE} {shlex.join(wait)}"


@pytest.fixture(scope="module")
def piped(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Ran]]:
    """Runs the pipeline of a profile in a shell."""
    home = tmp_path_factory.mktemp("home")
    with DemoServer(ALL_DIALECTS) as server:
        environ = {**Program(home, server.base_url).environ, "OSB_USERNAME": DEMO_USER}
        yield lambda profile: in_shell(pipeline(server, profile), environ, home)


def in_shell(command: str, environ: Mapping[str, str], home: Path) -> Ran:
    done = subprocess.run(  # noqa: S603, what it runs is ours
        ["/bin/sh", "-c", command],
        env=dict(environ),
        capture_output=True,
        timeout=PATIENCE,
        cwd=home,
        check=False,
    )
    return Ran(done.returncode, done.stdout.decode(), done.stderr.decode(), 0.0)


@pytest.mark.every(20)
@needs_curl
@pytest.mark.parametrize("profile", PROFILES)
def test_a_real_curl_is_read_through_a_real_pipe(profile: str, piped: Callable[[str], Ran]) -> None:
    ran = piped(profile)

    assert (ran.code, ran.outcomes) == (0, ["succeeded"]), ran.err


SERVED: Final = tuple(dialect.profile for dialect in DIALECTS)


@pytest.mark.parametrize("profile", [name for name in PROFILES if name not in SERVED])
def test_the_start_of_what_the_demo_does_not_serve_is_typed_as_simply(
    profile: str, server: DemoServer, known: Inside
) -> None:
    method, url = server.starting(profile)
    command = ["start", "-p", profile, *data(profile), method, url.removeprefix(server.base_url)]

    ran = known.run(*command, environ={"OPWATCH_TIMEOUT": "0"})

    assert ran.code in {0, 124}, ran.err
    assert server.truth()[-1].profile == profile


@pytest.fixture
def invitation(inside: Inside) -> Iterator[list[str]]:
    """What ``demo --serve`` prints, for as long as it serves."""
    serving = subprocess.Popen(
        [sys.executable, "-m", "opwatch", "demo", "--serve"],
        env=Program(inside.home).environ,
        cwd=inside.home,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert serving.stdout is not None
    lines: list[str] = []
    while not any(f"opwatch start -p {SERVED[-1]} " in line for line in lines):
        lines.append(serving.stdout.readline().rstrip("\n"))
        assert lines[-1], lines
    yield lines
    serving.send_signal(signal.SIGINT)
    serving.communicate(timeout=PATIENCE)


@pytest.mark.slow
@needs_curl
def test_every_command_that_the_served_demo_prints_runs_when_it_is_pasted(
    invitation: list[str], opwatch: Inside
) -> None:
    (exported,) = [line for line in invitation if line.startswith("export ")]
    environ = dict(word.split("=", 1) for word in shlex.split(exported)[1:])
    commands = [line for line in invitation if not line.startswith(("#", "export "))]
    kinds = {" ".join(line.split()[:2]) for line in commands}

    assert kinds == {"opwatch wait", "opwatch get", "opwatch start", "curl -si"}
    for what in ("| opwatch wait", "opwatch start"):
        assert all(any(f"{what} -p {name} " in line for line in commands) for name in SERVED)
    for command in commands:
        call, _, wait = command.rpartition(" | ")
        # Each looks once: what still runs then is 124, or 8 for get.
        usual = {"PATH": os.environ["PATH"], "OPWATCH_TIMEOUT": "0", **environ}
        said = in_shell(call, usual, opwatch.home).out if call else ""
        ran = opwatch.run(*shlex.split(wait)[1:], environ=usual, stdin=said.encode())
        assert ran.code in {0, 8, 124}, (command, ran.err)
