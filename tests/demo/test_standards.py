"""The standards, and three providers whose way of polling is their own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from demo.callers import TOKEN, Client, Clock, whole
from opwatch.demo import Hitch, Script
from opwatch.domain.operation import OperationError, State
from servers.dialects.extras import BlockedScript

if TYPE_CHECKING:
    from servers.demo import DemoServer

_ERROR = OperationError("QuotaExceeded", "No more machines of this size.")


def test_google_leaves_out_done_until_it_is_true(
    server: DemoServer, client: Client, clock: Clock
) -> None:
    started = server.start("google-lro", Script(1.0))
    running = client.poll(started).json
    clock.now += 1.0
    done = client.poll(started).json

    assert {"name", "metadata"} == running.keys()
    assert (True, started.id) == (done["done"], done["name"])
    assert "error" not in done
    assert done["response"]


def test_google_s_starting_answer_is_the_operation(client: Client) -> None:
    url = "/v1/projects/mine/locations/us-east1/clusters"
    name = client.start("google-lro", "POST", url).json["name"]

    assert name.startswith("projects/mine/locations/us-east1/operations/")
    assert name == client.ask("/v1/" + name, whole("google-lro")).json["name"]
    encoded = name.replace("/", "%2F")
    assert client.ask("/v1/" + encoded, whole("google-lro")).status == 404


@pytest.mark.parametrize(("end", "code"), [(State.FAILED, 9), (State.CANCELLED, 1)])
def test_google_s_error_has_a_code(
    server: DemoServer, client: Client, end: State, code: int
) -> None:
    done = client.poll(server.start("google-lro", Script(0.0, end, error=_ERROR))).json

    assert code == done["error"]["code"]
    assert "response" not in done


def test_google_s_404_looks_like_a_failed_operation(server: DemoServer, client: Client) -> None:
    path = server.start("google-lro", Script(0.0)).path

    error = client.ask(path + "0", whole("google-lro")).json["error"]

    assert (error["code"], error["status"]) == (404, "NOT_FOUND")


@pytest.mark.parametrize(
    ("profile", "status", "header"),
    [
        ("azure-async", 201, "Azure-AsyncOperation"),
        ("azure-location", 202, "Location"),
        ("azure-operation-location", 202, "Operation-Location"),
    ],
)
def test_azure_hands_out_a_url_in_a_header(
    server: DemoServer, client: Client, profile: str, status: int, header: str
) -> None:
    answer = client.start(profile, *server.starting(profile))

    url = answer.headers[header]
    assert status == answer.status
    assert url.startswith(server.base_url)
    assert 200 <= client.ask(url, whole(profile)).status < 300


def test_azure_s_status_has_an_error_with_each_bad_end(server: DemoServer, client: Client) -> None:
    for end in (State.FAILED, State.CANCELLED):
        shown = client.poll(server.start("azure-async", Script(0.0, end, error=_ERROR))).json

        assert {"code", "message"} == shown["error"].keys()


@pytest.mark.parametrize("profile", ["azure-async", "azure-location", "azure-operation-location"])
def test_azure_names_a_wait_until_the_end(
    server: DemoServer, client: Client, clock: Clock, profile: str
) -> None:
    started = server.start(profile, Script(1.0))
    waits = [client.poll(started).headers["Retry-After"]]
    clock.now += 1.0
    waits.append(client.poll(started).headers["Retry-After"])

    assert waits == ["1", None]


def test_azure_s_location_moves_with_every_poll_and_ends_without_a_state(
    server: DemoServer, client: Client, clock: Clock
) -> None:
    asked = {"Demo-Seconds": "5"}
    answer = client.start("azure-location", *server.starting("azure-location"), asked)
    urls = [answer.headers["Location"]]
    for _ in range(3):
        answer = client.ask(urls[-1], whole("azure-location"))
        assert (answer.status, answer.body) == (202, b"")
        urls.append(answer.headers["Location"])
    clock.now += 5.0
    last = client.ask(urls[-1], whole("azure-location"))

    assert len(set(urls)) == 4
    assert last.status == 200
    assert "status" not in last.json
    assert last.headers["Location"] is None


def test_azure_s_deletion_ends_with_204(server: DemoServer, client: Client, clock: Clock) -> None:
    _, url = server.starting("azure-location")
    answer = client.start("azure-location", "DELETE", url)
    clock.now += 10.0

    last = client.ask(answer.headers["Location"], whole("azure-location"))

    assert (last.status, last.body) == (204, b"")


def test_azure_s_failure_by_location_is_a_status(server: DemoServer, client: Client) -> None:
    started = server.start("azure-location", Script(0.0, State.FAILED, error=_ERROR))

    answer = client.poll(started)

    assert (answer.status, answer.json["error"]["code"]) == (409, "QuotaExceeded")


def test_azure_s_resource_tells_of_its_own_provisioning(
    server: DemoServer, client: Client, clock: Clock
) -> None:
    method, url = server.starting("azure-provisioning")
    created = client.start("azure-provisioning", method, url)
    clock.now += 10.0
    resource = client.ask(url, whole("azure-provisioning"))

    assert created.status == 201
    assert created.json["properties"]["provisioningState"] == "Accepted"
    assert resource.json["properties"]["provisioningState"] == "Succeeded"
    assert url.partition("?")[0] == server.base_url + resource.json["id"]


def test_a_service_broker_tells_progress_in_a_sentence(
    server: DemoServer, client: Client, clock: Clock
) -> None:
    started = server.start("osb", Script(10.0))
    clock.now += 1.0

    shown = client.poll(started).json

    assert shown == {"state": "in progress", "description": "Creating service (10% complete)."}


def test_a_service_broker_hands_out_a_word_to_echo(server: DemoServer, client: Client) -> None:
    answer = client.start("osb", "PUT", "/v2/service_instances/i-1?accepts_incomplete=true")

    assert answer.status == 202
    task = answer.json["operation"]
    path = f"/v2/service_instances/i-1/last_operation?operation={task}"
    assert client.ask(path, whole("osb")).json["state"] == "in progress"
    started = server.start("osb", Script(1.0), id="i-2")
    assert started.params["operation"] not in {"", task}


def test_a_service_broker_s_deletion_ends_with_410(client: Client, clock: Clock) -> None:
    path = "/v2/service_instances/i-1"
    client.start("osb", "PUT", path + "?accepts_incomplete=true")
    clock.now += 10.0
    created = client.ask(path + "/last_operation", whole("osb"))
    client.start("osb", "DELETE", path + "?accepts_incomplete=true")
    deleting = client.ask(path + "/last_operation", whole("osb"))
    clock.now += 10.0
    deleted = client.ask(path + "/last_operation", whole("osb"))

    assert [it.json["state"] for it in (created, deleting)] == ["succeeded", "in progress"]
    assert (deleted.status, deleted.json) == (410, {})


def test_a_service_broker_wants_a_client_that_waits_and_its_version(
    server: DemoServer, client: Client
) -> None:
    path = "/v2/service_instances/i-1"
    unversioned = {"Authorization": whole("osb")["Authorization"]}

    assert client.ask(path, whole("osb"), method="PUT").status == 422
    url = path + "?accepts_incomplete=true"
    assert client.ask(url, unversioned, method="PUT").status == 412
    assert client.ask(path + "/last_operation", unversioned).status == 412
    assert not server.truth()


def test_an_ogc_job_is_created_and_links_to_its_results(client: Client, clock: Clock) -> None:
    created = client.start("ogc-processes", "POST", "/processes/echo/execution")
    url = created.headers["Location"]
    assert created.status == 201
    assert ((early := client.ask(url)).status, early.json["links"]) == (200, [])
    assert client.ask(url + "/results").status == 404
    clock.now += 10.0

    status = client.ask(url).json

    assert (status["status"], status["progress"]) == ("successful", 100)
    assert client.ask(status["links"][0]["href"]).json["value"] == "Echo"


def test_an_ogc_job_that_fails_says_why(server: DemoServer, client: Client) -> None:
    status = client.poll(server.start("ogc-processes", Script(0.0, State.FAILED, error=_ERROR)))

    assert _ERROR.message == status.json["message"]


def test_github_hands_out_a_run_only_when_asked(server: DemoServer, client: Client) -> None:
    method, url = server.starting("github-actions")

    assert client.ask(url, whole("github-actions"), method=method, body={}).status == 204
    asked = client.start("github-actions", method, url).json
    shown = client.ask(asked["run_url"], whole("github-actions")).json
    assert asked["workflow_run_id"] == shown["id"]


def test_github_has_a_conclusion_when_completed(
    server: DemoServer, client: Client, clock: Clock
) -> None:
    started = server.start("github-actions", BlockedScript(2.0, State.CANCELLED, blocked=1.0))
    said = []
    for _ in range(3):
        run = client.poll(started).json
        said.append((run["status"], run["conclusion"]))
        clock.now += 1.0

    assert said == [("waiting", None), ("in_progress", None), ("completed", "cancelled")]


def test_github_counts_what_is_left_and_knows_what_was_seen(
    server: DemoServer, client: Client, clock: Clock
) -> None:
    started = server.start("github-actions", Script(9.0))
    first = client.poll(started)
    second = client.poll(started)
    third = client.poll(started, {"If-None-Match": first.headers["ETag"]})

    assert [it.headers["X-RateLimit-Remaining"] for it in (first, second)] == ["4999", "4998"]
    assert int(first.headers["X-RateLimit-Reset"]) > clock.now
    assert third.status == 304


def test_github_wants_to_know_who_asks(server: DemoServer, client: Client) -> None:
    path = server.start("github-actions", Script(9.0)).path

    answer = client.ask(path, {"Authorization": f"Bearer {TOKEN}"})

    assert answer.status == 403


_SHOP = "/admin/api/2025-07/graphql.json"


@pytest.mark.parametrize("field", ["node", "bulkOperation"])
def test_shopify_is_asked_by_variable_or_in_the_query(
    server: DemoServer, client: Client, field: str
) -> None:
    name = server.start("shopify-bulk", Script(9.0)).id
    inline = {"query": f'{{ {field}(id: "{name}") {{ status }} }}'}
    variable = {
        "query": f"query($id: ID!) {{ {field}(id: $id) {{ id }} }}",
        "variables": {"id": name},
    }

    for body in (inline, variable):
        answer = client.ask(_SHOP, whole("shopify-bulk"), method="POST", body=body)
        assert name == answer.json["data"][field]["id"]


def test_shopify_starts_by_mutation(server: DemoServer, client: Client) -> None:
    answer = client.start("shopify-bulk", *server.starting("shopify-bulk"))

    payload = answer.json["data"]["bulkOperationRunQuery"]
    assert (payload["bulkOperation"]["status"], payload["userErrors"]) == ("CREATED", [])


def test_shopify_does_not_know_other_nodes(client: Client) -> None:
    body = {"query": '{ node(id: "gid://shopify/BulkOperation/1") { id } }'}

    answer = client.ask(_SHOP, whole("shopify-bulk"), method="POST", body=body)

    assert (answer.status, answer.json) == (200, {"data": {"node": None}})


@pytest.mark.parametrize("body", [{"query": "{ shop { name } }"}, ["odd"], None])
def test_shopify_s_errors_come_with_200(client: Client, body: object) -> None:
    answer = client.ask(_SHOP, whole("shopify-bulk"), method="POST", body=body)

    assert answer.status == 200
    assert answer.json["errors"][0]["message"]
    assert "data" not in answer.json


def test_shopify_leads_to_a_file_of_lines(server: DemoServer, client: Client, clock: Clock) -> None:
    started = server.start("shopify-bulk", Script(1.0))
    assert client.poll(started).json["data"]["node"]["url"] is None
    clock.now += 1.0
    url = client.poll(started).json["data"]["node"]["url"]

    assert url.startswith(server.storage_url)
    with Client(server.storage_url) as storage:
        assert storage.ask(url).body.count(b"\n") == 2


def test_shopify_throttles_with_200(server: DemoServer, client: Client) -> None:
    started = server.start("shopify-bulk", Script(9.0, hitches=(Hitch(1, 429),)))

    answer = client.poll(started)

    assert (
        answer.status,
        answer.json["errors"][0]["extensions"]["code"],
    ) == (200, "THROTTLED")


@pytest.mark.parametrize("root", ["", "/api", "/api/accounts/a-1/workspaces/w-1"])
def test_prefect_answers_for_all_it_knows(server: DemoServer, client: Client, root: str) -> None:
    ids = [server.start("prefect", Script(9.0), _api=root).id for _ in range(2)]
    server.start("prefect", Script(9.0), id="elsewhere", _api="/other")
    body = {"flow_runs": {"id": {"any_": [*ids, "unknown", "elsewhere"]}}}

    url = root + "/flow_runs/filter"
    answer = client.ask(url, whole("prefect"), method="POST", body=body)

    assert ids == [run["id"] for run in answer.json]
    assert ids[0] == client.ask(f"{root}/flow_runs/{ids[0]}", whole("prefect")).json["id"]


@pytest.mark.parametrize("body", [None, [], {"flow_runs": {}}, {"flow_runs": {"id": {"any_": 1}}}])
def test_prefect_refuses_a_filter_of_another_shape(client: Client, body: object) -> None:
    answer = client.ask("/flow_runs/filter", whole("prefect"), method="POST", body=body)

    assert answer.status == 422


def test_prefect_s_start_is_a_flow_run(server: DemoServer, client: Client) -> None:
    run = client.start("prefect", *server.starting("prefect"))

    assert (run.status, run.json["state_type"]) == (201, "PENDING")
    assert run.json["id"] == server.truth()[0].id
