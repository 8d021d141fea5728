"""The first five providers, as their documentation shows them."""

from __future__ import annotations

import gzip
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

import pytest

from demo.callers import TOKEN, Client, Clock, whole
from opwatch.demo import Hitch, Script
from opwatch.domain.operation import OperationError, State

if TYPE_CHECKING:
    from servers.demo import DemoServer

_ERROR = OperationError("ImportFailed", "The solution file is damaged.")


def test_power_platform_hands_out_a_url_of_another_version(
    server: DemoServer, client: Client
) -> None:
    answer = client.start("powerplatform", *server.starting("powerplatform"))

    url = answer.headers["Operation-Location"]
    assert (answer.status, answer.body) == (202, b"")
    assert url.startswith(server.base_url + "/appmanagement/environments/")
    assert url.endswith("?api-version=1")
    assert client.ask(url, whole("powerplatform")).json["status"] == "NotStarted"


def test_power_platform_wants_a_version(server: DemoServer, client: Client) -> None:
    started = server.start("powerplatform", Script(1.0))

    answer = client.ask(started.path.partition("?")[0], whole("powerplatform"))

    assert answer.status == 400
    assert answer.json["error"]["code"] == "MissingApiVersionParameter"


def test_power_platform_writes_seven_digits_and_a_rich_error(
    server: DemoServer, client: Client, clock: Clock
) -> None:
    started = server.start("powerplatform", Script(2.0, State.FAILED, error=_ERROR))
    clock.now += 2.0

    shown = client.poll(started).json

    assert shown["createdDateTime"] == "2024-11-22T12:00:00.2500000Z"
    assert shown["lastActionDateTime"] == "2024-11-22T12:00:02.2500000Z"
    assert shown["error"]["errorName"] == "ImportFailed"
    assert _ERROR.message == shown["error"]["message"] == shown["statusMessage"]
    assert {"errorCode", "statusCode", "type", "source"} < shown["error"].keys()


def test_bentley_hands_out_id_and_url_in_the_body(server: DemoServer, client: Client) -> None:
    answer = client.start("bentley-schedules", *server.starting("bentley-schedules"))

    href = answer.json["_links"]["operationLocation"]["href"]
    assert answer.status == 202
    assert href.endswith("/operations/" + answer.json["operation"]["id"])
    assert client.ask(href, whole("bentley-schedules")).json["operation"]["status"] == "Queued"


def test_bentley_fails_at_a_hundred_percent(
    server: DemoServer, client: Client, clock: Clock
) -> None:
    started = server.start("bentley-schedules", Script(2.0, State.FAILED, error=_ERROR))
    assert client.poll(started).json["operation"]["failureDescription"] is None
    clock.now += 2.0

    shown = client.poll(started).json["operation"]

    assert (shown["status"], shown["percentComplete"]) == ("Failed", 100.0)
    assert _ERROR.message == shown["failureDescription"]
    assert shown["updatedAt"] == "2024-11-22T12:00:02Z"


def test_bentley_confirms_what_has_not_changed_with_304(
    server: DemoServer, client: Client, clock: Clock
) -> None:
    started = server.start("bentley-schedules", Script(10.0, steps=(0.0, 50.0)))
    tag = client.poll(started).headers["ETag"]

    same = client.poll(started, {"If-None-Match": tag})
    clock.now += 5.0
    changed = client.poll(started, {"If-None-Match": tag})

    assert (304, b"", tag) == (same.status, same.body, same.headers["ETag"])
    assert (changed.status, changed.json["operation"]["percentComplete"]) == (200, 50.0)
    assert tag != changed.headers["ETag"]


def test_bentley_names_a_wait_in_seconds(server: DemoServer, client: Client) -> None:
    started = server.start("bentley-schedules", Script(9.0, hitches=(Hitch(1, 429, wait=1),)))

    answer = client.poll(started)

    assert (answer.status, answer.headers["Retry-After"]) == (429, "1")
    assert answer.json["error"]["code"] == "RateLimitExceeded"


def test_bentley_s_errors_name_their_code(server: DemoServer, client: Client) -> None:
    path = server.start("bentley-schedules", Script(1.0)).path

    assert client.ask(path).json["error"]["code"] == "HeaderNotFound"
    missing = client.ask(path + "0", whole("bentley-schedules")).json["error"]
    assert (missing["code"], missing["target"]) == ("OperationNotFound", "operationId")


@pytest.mark.parametrize("last", ["asyncActions", "asyncOperations"])
@pytest.mark.parametrize(
    "query",
    [
        "asyncOperationIds={0}&asyncOperationIds={1}&asyncOperationIds=unknown",
        "asyncOperationIds={0},{1},unknown,{0}",
        "asyncOperationIds%5B%5D={0}&asyncOperationIds%5B%5D={1}",
    ],
)
def test_seismic_answers_for_all_it_knows(
    server: DemoServer, client: Client, query: str, last: str
) -> None:
    ids = [server.start("seismic-programs", Script(5.0, id_end)).id for id_end in _BOTH]
    server.start("seismic-programs", Script(5.0), id="elsewhere", space_id="another")

    path = f"/programs/v2/spaces/default/{last}?{query.format(*ids)},elsewhere"
    answer = client.ask(path, whole("seismic-programs"))

    assert ids == [item["id"] for item in answer.json]
    assert [truth.polls for truth in server.truth()] == [1, 1, 0]


_BOTH = (State.SUCCEEDED, State.FAILED)


def test_seismic_hands_out_a_list(server: DemoServer, client: Client) -> None:
    answer = client.start("seismic-programs", *server.starting("seismic-programs"))

    assert {"asyncOperationIds": [server.truth()[0].id]} == answer.json
    assert len(server.truth()[0].id) == 22


def test_seismic_says_what_was_made_or_what_went_wrong(
    server: DemoServer, client: Client, clock: Clock
) -> None:
    good, bad = (server.start("seismic-programs", Script(1.0, it, error=_ERROR)) for it in _BOTH)
    clock.now += 1.0

    assert client.poll(good).json[0]["result"]["createdResourceIds"]
    assert _ERROR.message == client.poll(bad).json[0]["errorMessage"]


def test_seismic_names_a_wait_in_words_only(server: DemoServer, client: Client) -> None:
    started = server.start("seismic-programs", Script(9.0, hitches=(Hitch(1, 429, wait=47),)))

    answer = client.poll(started)

    assert "Try again in 47 seconds." in answer.json["message"]
    assert answer.headers["X-Seismic-Remaining-Calls"] == "0"
    assert answer.headers["Retry-After"] is None


def test_fullstory_wants_its_key_as_it_is(server: DemoServer, client: Client) -> None:
    path = server.start("fullstory", Script(1.0)).path

    assert client.ask(path, {"Authorization": f"Bearer {TOKEN}"}).status == 401
    assert client.ask(path, {"Authorization": f"Basic {TOKEN}"}).status == 200


def test_fullstory_hands_out_base64_that_a_path_must_encode(
    server: DemoServer, client: Client
) -> None:
    answer = client.start("fullstory", *server.starting("fullstory"))

    name = answer.json["operationId"]
    assert (answer.status, name.endswith("==")) == (200, True)
    path = f"/operations/v1/{name.replace('=', '%3D')}"
    assert name == client.ask(path, whole("fullstory")).json["id"]


def test_fullstory_says_pending_with_progress_and_a_finish_time(
    server: DemoServer, client: Client, clock: Clock
) -> None:
    started = server.start("fullstory", Script(10.0, State.FAILED, pending=1.0, error=_ERROR))
    fresh = client.poll(started).json
    clock.now += 6.0
    running = client.poll(started).json
    clock.now += 6.0
    failed = client.poll(started).json

    assert (fresh["finishedAt"], fresh["errorDetails"]) == (None, "")
    assert (running["state"], running["estimatePctComplete"]) == ("PENDING", 50)
    assert running["finishedAt"] == "2024-11-22T12:00:01.250000Z"
    assert ("FAILED", _ERROR.message) == (failed["state"], failed["errorDetails"])


def test_fullstory_leads_to_a_file_by_a_signed_url(
    server: DemoServer, client: Client, clock: Clock
) -> None:
    started = server.start("fullstory", Script(10.0))
    clock.now += 10.0
    export = client.poll(started).json["results"]["searchExportId"]
    path = f"/search/v1/exports/{export}/results"

    assert client.ask(path).status == 401
    chain = client.ask(path, whole("fullstory")).json

    assert chain["location"].startswith(server.storage_url)
    assert chain["expires"] == "2024-11-22T12:05:10.250Z"
    with Client(server.storage_url) as storage:
        answer = storage.ask(chain["location"])
        assert gzip.decompress(answer.body)[:12] == b'{"UserId":1,'
        assert answer.headers["Content-Type"] == "application/gzip"
        assert answer.headers["Content-Encoding"] is None
        assert "segment-export.json.gz" in answer.headers["Content-Disposition"]
        assert storage.ask(chain["location"], whole("fullstory")).status == 400
        assert storage.ask(chain["location"] + "0").status == 403
        clock.now += 301.0
        assert storage.ask(chain["location"]).status == 403


def test_fullstory_has_no_file_before_the_end(
    server: DemoServer, client: Client, clock: Clock
) -> None:
    started = server.start("fullstory", Script(10.0))
    clock.now += 10.0
    export = client.poll(started).json["results"]["searchExportId"]
    clock.now -= 1.0

    answer = client.ask(f"/search/v1/exports/{export}/results", whole("fullstory"))

    assert answer.status == 404


def test_sap_hands_out_a_path_without_a_host(server: DemoServer, client: Client) -> None:
    answer = client.start("sap-service-manager", *server.starting("sap-service-manager"))

    location = answer.headers["Location"]
    assert (answer.status, answer.body) == (202, b"{}")
    assert location.startswith("/v1/service_instances/")
    assert client.ask(location, whole("sap-service-manager")).json["state"] == "pending"


def test_sap_shows_errors_and_zero_times_while_in_progress(
    server: DemoServer, client: Client, clock: Clock
) -> None:
    started = server.start("sap-service-manager", Script(2.0, State.FAILED, error=_ERROR))
    running = client.poll(started).json
    clock.now += 2.0
    failed = client.poll(started).json

    assert running["state"] == "in progress"
    assert {"error", "description"} == running["errors"][0].keys()
    assert running["deletion_scheduled"] == "0001-01-01T00:00:00Z"
    assert {"error": "ImportFailed", "description": _ERROR.message} == failed["errors"]


def test_sap_names_a_wait_as_a_date(server: DemoServer, client: Client, clock: Clock) -> None:
    script = Script(9.0, hitches=(Hitch(1, 429, wait=5),))
    answer = client.poll(server.start("sap-service-manager", script))

    until = parsedate_to_datetime(answer.headers["Retry-After"])
    wait = (until - datetime.fromtimestamp(clock.now, UTC)).total_seconds()
    assert 5.0 <= wait <= 6.0


def test_sap_knows_four_types_of_resource(server: DemoServer, client: Client) -> None:
    started = server.start("sap-service-manager", Script(9.0), resource_type="platforms")

    assert started.path.startswith("/v1/platforms/")
    assert client.poll(started).json["resource_type"] == "/v1/platforms"
    other = started.path.replace("platforms", "plans")
    assert client.ask(other, whole("sap-service-manager")).status == 404
