"""What holds for every dialect."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from demo.callers import CREDENTIALS, PROGRESS, WORDS, Client, Clock, whole
from opwatch.demo import Hitch, Script
from opwatch.demo.dialects import DIALECTS
from opwatch.domain.operation import State
from opwatch.profiles import load_config, load_profile
from opwatch.profiles.language.rules import word_key
from servers.dialects import ALL_DIALECTS, PROFILES
from servers.dialects.extras import BlockedScript

if TYPE_CHECKING:
    from opwatch.demo.dialect import Dialect
    from servers.demo import DemoServer

_OF_PROFILE = {dialect.profile: dialect for dialect in ALL_DIALECTS}
_ENDS = [
    pytest.param(dialect.profile, end, id=f"{dialect.profile}-{end}")
    for dialect in ALL_DIALECTS
    for end in sorted(dialect.ends)
]
_OPEN = {"ogc-processes"}


def _expected(profile: str, state: State) -> str:
    # Google has no words; the caller reads its flags and says ours.
    if profile == "google-lro":
        return "running" if state in {State.PENDING, State.BLOCKED} else state.value
    return _OF_PROFILE[profile].word(state)


@pytest.mark.parametrize(("profile", "end"), _ENDS)
def test_an_operation_says_its_own_words_to_its_end(
    server: DemoServer, client: Client, clock: Clock, profile: str, end: State
) -> None:
    script = BlockedScript(10.0, end, pending=2.0, blocked=1.0)
    started = server.start(profile, script)
    began, said, expected = clock.now, [], []
    for elapsed in (0.0, 2.5, 3.0, 9.0, 10.0, 100.0):
        clock.now = began + elapsed
        said.append(WORDS[profile](client.poll(started)))
        expected.append(_expected(profile, script.at(elapsed).state))

    assert expected == said
    assert end is server.truth()[0].state


@pytest.mark.parametrize("profile", PROGRESS)
def test_progress_is_what_the_script_says(
    server: DemoServer, client: Client, clock: Clock, profile: str
) -> None:
    started = server.start(profile, Script(10.0, pending=2.0, steps=(0.0, 25.0, 50.0, 75.0)))
    read = PROGRESS[profile]
    seen = [read(client.poll(started).json)]
    for _ in range(4):
        clock.now += 2.0
        seen.append(read(client.poll(started).json))

    assert seen == [0.0, 0.0, 25.0, 50.0, 75.0]


@pytest.mark.parametrize("profile", sorted(set(PROFILES) - _OPEN))
def test_without_the_provider_s_credential_there_is_only_401(
    server: DemoServer, client: Client, profile: str
) -> None:
    started = server.start(profile, Script(10.0))
    method = "POST" if profile == "shopify-bulk" else "GET"
    name, value = next(iter(CREDENTIALS[profile].items()))
    others: list[dict[str, str]] = [{name: value + "x"}, {}, {"Authorization": "Bearer other"}]

    answers = [client.ask(started.path, headers, method=method) for headers in others]

    assert [answer.status for answer in answers] == [401] * 3
    assert all(answer.json for answer in answers)
    assert server.truth()[0].polls == 0


@pytest.mark.parametrize("profile", PROFILES)
def test_an_operation_started_over_http_can_be_polled(
    server: DemoServer, client: Client, clock: Clock, profile: str
) -> None:
    asked = {"Demo-Seconds": "2", "Demo-Pending": "1", "Demo-End": "failed"}

    answer = client.start(profile, *server.starting(profile), asked)

    assert answer.status in {200, 201, 202}
    (truth,) = server.truth()
    assert (profile, State.PENDING, State.FAILED) == (truth.profile, truth.state, truth.end)
    clock.now += 2.0
    assert State.FAILED is server.truth()[0].state


@pytest.mark.parametrize("profile", PROFILES)
def test_without_the_credential_nothing_is_started(
    server: DemoServer, client: Client, profile: str
) -> None:
    method, url = server.starting(profile)

    answer = client.ask(url, {}, method=method)

    assert (profile in _OPEN) == (answer.status != 401)
    assert (profile in _OPEN) == bool(server.truth())


@pytest.mark.parametrize("asked", [{"Demo-End": "over"}, {"Demo-Seconds": "soon"}])
@pytest.mark.parametrize("profile", ["powerplatform", "sap-service-manager", "prefect"])
def test_a_start_that_cannot_be_read_is_refused(
    server: DemoServer, client: Client, profile: str, asked: dict[str, str]
) -> None:
    assert client.start(profile, *server.starting(profile), asked).status == 400
    assert not server.truth()


@pytest.mark.parametrize("profile", sorted(set(PROFILES) - {"seismic-programs", "shopify-bulk"}))
def test_an_unknown_id_is_404_in_the_provider_s_shape(
    server: DemoServer, client: Client, profile: str
) -> None:
    started = server.start(profile, Script(10.0))
    other = started.path.replace(started.id.rpartition("/")[2].rstrip("="), "unknown")

    answer = client.ask(other, whole(profile))

    assert started.path != other
    assert answer.status == 404
    assert answer.json


@pytest.mark.parametrize(
    ("profile", "param"),
    [
        (dialect.profile, name)
        for dialect in ALL_DIALECTS
        for name in dialect.params
        if name not in {"space_id", "_parent", "_api", "api_version"}
    ],
)
def test_an_id_of_another_place_is_unknown(
    server: DemoServer, client: Client, profile: str, param: str
) -> None:
    value = "platforms" if param == "resource_type" else "elsewhere"
    there = server.start(profile, Script(10.0), **{param: value})

    assert 200 <= client.ask(there.path, whole(profile)).status < 300
    crossed = there.path.replace(value, _OF_PROFILE[profile].params[param])
    assert client.ask(crossed, whole(profile)).status == 404


@pytest.mark.parametrize("profile", PROFILES)
def test_a_limit_is_named_in_the_provider_s_own_way(
    server: DemoServer, client: Client, profile: str
) -> None:
    started = server.start(profile, Script(10.0, hitches=(Hitch(1, 429, wait=7),)))

    answer = client.poll(started)

    status = 200 if profile == "shopify-bulk" else 429
    assert status == answer.status
    silent = {"seismic-programs", "shopify-bulk", "google-lro"}
    assert (profile in silent) == (answer.headers["Retry-After"] is None)
    assert 200 <= client.poll(started).status < 300


def test_no_path_belongs_to_two_dialects(server: DemoServer) -> None:
    for dialect in ALL_DIALECTS:
        started = server.start(dialect.profile, Script(1.0))
        path = started.path.partition("?")[0]
        owners = {
            other.profile
            for other in ALL_DIALECTS
            for route in other.routes()
            if route.pattern().fullmatch(path)
        }

        assert {dialect.profile} == owners


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: dialect.profile)
def test_the_demo_sends_no_word_that_its_profile_does_not_know(dialect: Dialect) -> None:
    definition = load_profile(dialect.profile, load_config(None, {}))
    known = {word_key(each) for words in definition.spec.states.values() for each in words}
    literals = {
        word_key(each)
        for rule in definition.spec.rules
        if rule.condition.when
        for each in re.findall(r"'([^']*)'", rule.condition.when.text)
    }

    assert [word for word in dialect.words.values() if word_key(word) not in known | literals] == []
