from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from demo.callers import Client, Clock, whole
from opwatch.demo import scenario
from opwatch.domain.operation import State

if TYPE_CHECKING:
    from servers.demo import DemoServer


def test_eight_operations_of_five_providers_of_which_one_fails(server: DemoServer) -> None:
    cast = scenario(server)

    assert len(cast) == 8
    assert len({operation.profile for operation in cast}) == 5
    assert sum(operation.expected is State.FAILED for operation in cast) == 1
    assert sum(operation.expected is State.SUCCEEDED for operation in cast) == 7


def test_references_are_ids_urls_and_paths(server: DemoServer) -> None:
    cast = scenario(server)

    forms = {
        "url"
        if it.reference.startswith(server.base_url)
        else "path"
        if "/" in it.reference
        else "id"
        for it in cast
    }
    assert {"id", "url", "path"} == forms


def test_all_ends_in_time_and_as_expected(server: DemoServer, clock: Clock) -> None:
    cast = scenario(server, scale=2.0)
    began = clock.now
    clock.now += 24.0

    truths = {truth.id: truth for truth in server.truth()}
    assert {it.id: it.expected for it in cast} == {it.id: it.state for it in truths.values()}
    assert max(truth.ends_at for truth in truths.values()) - began == 24.0


def test_trouble_happens_on_the_way(server: DemoServer, client: Client) -> None:
    cast = scenario(server)
    statuses = set()
    for _ in range(6):
        for operation in cast:
            parts = urlsplit(operation.reference)
            if not parts.path.startswith("/"):
                continue
            target = f"{parts.path}?{parts.query}"
            try:
                statuses.add(client.ask(target, whole(operation.profile)).status)
            except ConnectionError:
                statuses.add(0)
                client.http.close()

    assert {0, 200, 502} == statuses
    limited = [it for it in cast if it.profile == "bentley-schedules" and "/" not in it.reference]
    path = f"/schedules/{limited[0].params['schedule_id']}/operations/{limited[0].id}"
    answers = [client.ask(path, whole("bentley-schedules")) for _ in range(3)]
    assert (answers[2].status, answers[2].headers["Retry-After"]) == (429, "1")


def test_the_one_that_fails_stands_at_a_hundred_before(
    server: DemoServer, client: Client, clock: Clock
) -> None:
    (bad,) = (it for it in scenario(server) if it.expected is State.FAILED)
    clock.now += 9.9

    shown = client.ask(bad.reference, whole(bad.profile)).json["operation"]

    assert (shown["status"], shown["percentComplete"]) == ("Started", 100.0)
