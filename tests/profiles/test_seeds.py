"""The five founding documents, line by line: where each of their facts went.

A line is a field, a status word, an HTTP status, a header, a parameter or a host. It is a
key of the JSON, a state, a fault, a header of the request, or a parameter of the profile. The
sample of each document is read by its real profile, and written by the real writer.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import pytest

from opwatch.domain.auth import HeaderAuth
from opwatch.domain.messages import Headers, Response
from opwatch.domain.operation import Operation, Reading
from opwatch.domain.trouble import Trouble
from opwatch.output.formats.writer import Writer
from opwatch.profiles import bind_profile, load_config, load_profile
from opwatch.profiles.values import moment
from profiles.answers import NOW, NOWHERE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from opwatch.domain.operation import Finding
    from opwatch.profiles.profile import Profile


class Document(NamedTuple):
    """A founding document: what it shows, and where each line of it went.

    *fields* lead from a path in the *sample* to a key of an operation in the JSON. *words*
    are its states. *statuses* are a body that the document shows (or its description) and
    the fault that it is. *params* are its parameters and an example;
    *sent* and *heard* its headers of the request and of the answer.
    """

    url: str
    params: dict[str, str]
    sample: dict[str, Any]
    fields: dict[str, str]
    word_at: str
    words: dict[str, str]
    failed: str
    succeeded: str
    statuses: Mapping[int, tuple[dict[str, Any], str]] = {}
    sent: Mapping[str, str] = {}
    heard: Mapping[str, str] = {}


BENTLEY: Final = "bdc8fb5d-ce72-42f9-8818-bb2942927428"
SPACE: Final = "rkr83lapKkyCJuLLWqLqzB"
SAP: Final = "https://service-manager.cfapps.eu10.hana.ondemand.com"
LABELS: Final = ["value1", "value2", "value3"]
DOCUMENTS: Final = {
    "powerplatform": Document(
        url="https://api.powerplatform.com/appmanagement/environments/e1/operations/abc123?api-version=1",
        params={},
        sample={
            "id": "abc123",
            "status": "NotStarted",
            "createdDateTime": "2026-01-15T10:30:00Z",
            "lastActionDateTime": "2026-01-15T10:31:00Z",
            "error": {"code": "ImportFailed", "message": "The package is damaged."},
        },
        fields={
            "id": "id",
            "status": "status",
            "createdDateTime": "created_at",
            "lastActionDateTime": "updated_at",
            "error.code": "error.code",
            "error.message": "error.message",
        },
        word_at="status",
        words={
            "NotStarted": "pending",
            "Running": "running",
            "Succeeded": "succeeded",
            "Failed": "failed",
            "Cancelled": "cancelled",
        },
        failed="Failed",
        succeeded="Succeeded",
    ),
    "bentley-schedules": Document(
        url=f"https://dev-api.bentley.com/schedules/s1/operations/{BENTLEY}",
        params={"host": "dev", "schedule_id": "s1"},
        sample={
            "operation": {
                "createdAt": "2019-11-15T12:00:00Z",
                "failureDescription": "An error occurred whilst processing your request.",
                "id": BENTLEY,
                "percentComplete": 100,
                "status": "Failed",
                "subStatus": "Failed",
                "updatedAt": "2020-11-15T12:00:00Z",
            }
        },
        fields={
            "operation.createdAt": "created_at",
            "operation.failureDescription": "error.message",
            "operation.id": "id",
            "operation.percentComplete": "progress",
            "operation.status": "status",
            "operation.subStatus": "message",
            "operation.updatedAt": "updated_at",
        },
        word_at="operation.status",
        words={
            "Queued": "pending",
            "Started": "running",
            "Failed": "failed",
            "Succeeded": "succeeded",
            "Unknown": "running",
        },
        failed="Failed",
        succeeded="Succeeded",
        statuses={
            401: (
                {"error": {"code": "HeaderNotFound", "message": "Access denied."}},
                "status_unauthorized",
            ),
            404: (
                {"error": {"code": "Not", "message": "Not available.", "target": "operationId"}},
                "status_not_found",
            ),
            429: (
                {"error": {"code": "RateLimitExceeded", "message": "More requests than allowed."}},
                "status_throttled",
            ),
        },
        sent={
            "Accept": "application/vnd.bentley.itwin-platform.v1+json",
            "Authorization": "Bearer {secret}",
            "If-None-Match": "the ETag of the last answer",
        },
        heard={"ETag": "sent with the next request", "retry-after": "the pause"},
    ),
    "seismic-programs": Document(
        url=f"https://api.seismic.com/programs/v2/spaces/{SPACE}/asyncActions?asyncOperationIds=a1",
        params={"space_id": SPACE},
        # The document shows no answer; these are the facts that it names.
        sample={
            "items": [
                {
                    "id": "a1",
                    "state": "Not Started",
                    "percentComplete": 30,
                    "result": {"createdId": "p-1"},
                    "errorMessage": "no such program",
                }
            ]
        },
        fields={
            "items.0.id": "id",
            "items.0.state": "status",
            "items.0.percentComplete": "progress",
            "items.0.result": "result",
            "items.0.errorMessage": "error.message",
        },
        word_at="items.0.state",
        words={
            "Not Started": "pending",
            "Running": "running",
            "Succeeded": "succeeded",
            "Failed": "failed",
        },
        failed="Failed",
        succeeded="Succeeded",
        sent={"Authorization": "Bearer {secret}"},
    ),
    "fullstory": Document(
        url="https://api.fullstory.com/operations/v1/op1",
        params={},
        sample={
            "id": "op1",
            "type": "SEARCH_EXPORT",
            "state": "RUNNING",
            "errorDetails": "bad segment",
            "createdAt": "2026-03-01T09:00:00Z",
            "finishedAt": "2026-03-01T09:50:00Z",
            "estimatePctComplete": 40.5,
            "results": {"downloadUrl": "https://storage.example.com/file.gz?sig=1"},
        },
        fields={
            "id": "id",
            "type": "kind",
            "state": "status",
            "errorDetails": "error.message",
            "createdAt": "created_at",
            "finishedAt": "finished_at",
            "estimatePctComplete": "progress",
            "results.downloadUrl": "result.downloadUrl",
        },
        word_at="state",
        words={
            "PENDING": "running",  # with progress; without it: pending
            "RUNNING": "running",
            "COMPLETED": "succeeded",
            "FAILED": "failed",
        },
        failed="FAILED",
        succeeded="COMPLETED",
    ),
    "sap-service-manager": Document(
        url=f"{SAP}/v1/service_instances/r1/operations/dsdssd498da96-e5f3-4402-8",
        params={
            "server": SAP,
            "resource_type": "service_instances",
            "resource_id": "r1",
        },
        sample={
            "id": "dsdssd498da96-e5f3-4402-8",
            "ready": True,
            "type": "CREATE",
            "state": "in progress",
            "description": "creating",
            "resource_id": "r1",
            "transitive_resources": [
                {"id": "0aba8e41", "type": "t", "operation_type": "create", "criteria": "c"}
            ],
            "resource_type": "/v1/service_instances",
            "platform_id": "p1",
            "correlation_id": "c1",
            "reschedule": True,
            "deletion_scheduled": "2020-04-10T22:28:05.215Z",
            "created_at": "2020-04-10T22:28:05.215Z",
            "updated_at": "2020-04-10T22:29:05.215Z",
            "errors": [{"error": "BrokerError", "description": "quota exceeded"}],
            "labels": {"label1": LABELS, "label2": LABELS},
        },
        fields={
            "id": "id",
            "ready": "details.ready",
            "type": "kind",
            "state": "status",
            "description": "message",
            "resource_id": "details.resource_id",
            "transitive_resources": "details.transitive_resources",
            "resource_type": "details.resource_type",
            "platform_id": "details.platform_id",
            "correlation_id": "details.correlation_id",
            "reschedule": "details.reschedule",
            "deletion_scheduled": "details.deletion_scheduled",
            "created_at": "created_at",
            "updated_at": "updated_at",
            "errors.0.error": "error.code",
            "errors.0.description": "error.message",
            "labels": "details.labels",
        },
        word_at="state",
        words={"in progress": "running", "succeeded": "succeeded", "failed": "failed"},
        failed="failed",
        succeeded="succeeded",
        statuses={
            400: ({"error": "BadRequest", "description": "no"}, "status_refused"),
            403: ({"error": "Forbidden", "description": "no"}, "status_forbidden"),
            404: ({"error": "NotFound", "description": "no such operation"}, "status_not_found"),
        },
        sent={"Authorization": "Bearer {secret}"},
        heard={"content-type": "the body is read as JSON, whatever it says"},
    ),
}
ROWS: Final = [
    pytest.param(name, path, key, id=f"{name}: {path} → {key}")
    for name, document in DOCUMENTS.items()
    for path, key in document.fields.items()
]


def bound(name: str) -> Profile:
    config = load_config(None, {}, folder=NOWHERE)
    return bind_profile(load_profile(name, config), DOCUMENTS[name].params)


def answered(name: str, body: Any, status: int = 200, **headers: str) -> Finding:
    """Return what the profile reads in *body*, asked for by the document's own URL."""
    profile = bound(name)
    target = profile.target(DOCUMENTS[name].url)
    answer = Response(
        status,
        DOCUMENTS[name].url,
        Headers(tuple((key.replace("_", "-"), value) for key, value in headers.items())),
        json.dumps(body).encode(),
        NOW,
    )
    return profile.read([target], answer).findings[0]


def with_word(name: str, word: str) -> dict[str, Any]:
    """Return the sample with another status *word*."""
    whole: dict[str, Any] = json.loads(json.dumps(DOCUMENTS[name].sample))
    *way, last = DOCUMENTS[name].word_at.split(".")
    place: Any = whole
    for key in way:
        place = place[int(key)] if key.isdigit() else place[key]
    place[last] = word
    return whole


def at(value: Any, path: str) -> Any:
    for key in path.split("."):
        value = value[int(key)] if key.isdigit() else value[key]
    return value


def shown(name: str, key: str) -> Any:
    """Return *key* of the operation in the JSON, in the state in which it is shown."""
    document = DOCUMENTS[name]
    word = at(document.sample, document.word_at)
    word = {"error": document.failed}.get(key.partition(".")[0], word)
    if key.startswith(("result", "finished_at")):
        word = document.succeeded
    found = answered(name, with_word(name, word))
    assert isinstance(found, Reading)
    target = bound(name).target(document.url)
    write = Writer(lambda _at: datetime.fromtimestamp(NOW, UTC))
    return at(write.operation(Operation(target, 0.0, found), 0.0), key)


def leaves(value: Any, path: str = "") -> list[str]:
    if not isinstance(value, (dict, list)):
        return [path]
    inner: Any = value.items() if isinstance(value, dict) else enumerate(value)
    return [each for key, part in inner for each in leaves(part, f"{path}.{key}".strip("."))]


@pytest.mark.parametrize(("name", "path", "key"), ROWS)
def test_a_field_of_a_founding_document_is_in_the_json(name: str, path: str, key: str) -> None:
    said, found = at(DOCUMENTS[name].sample, path), shown(name, key)

    is_time = isinstance(said, str) and moment(said) is not None
    assert (moment(found), bool(found)) == (moment(said), True) if is_time else found == said


@pytest.mark.parametrize("name", DOCUMENTS)
def test_no_field_of_a_sample_is_left_out(name: str) -> None:
    fields = DOCUMENTS[name].fields

    left = [
        leaf
        for leaf in leaves(DOCUMENTS[name].sample)
        if not any(f"{leaf}.".startswith(f"{path}.") for path in fields)
    ]

    assert left == []


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_status_word_of_a_document_is_a_state(name: str) -> None:
    found = {word: answered(name, with_word(name, word)) for word in DOCUMENTS[name].words}

    read = {word: each.state.value for word, each in found.items() if isinstance(each, Reading)}
    assert read == DOCUMENTS[name].words
    assert all(each.is_known_word for each in found.values() if isinstance(each, Reading))


@pytest.mark.parametrize(
    ("name", "status"), [(name, each) for name, it in DOCUMENTS.items() for each in it.statuses]
)
def test_every_http_status_of_a_document_is_the_trouble_that_it_describes(
    name: str, status: int
) -> None:
    body, fault = DOCUMENTS[name].statuses[status]

    found = answered(name, body, status)

    assert isinstance(found, Trouble)
    assert (found.fault.value, found.status) == (fault, status)
    for part in leaves(body):
        if not part.endswith(("code", "error")):  # the fault says that in our words
            assert at(body, part) in found.detail


@pytest.mark.parametrize("name", DOCUMENTS)
def test_the_url_and_the_headers_of_a_document_are_those_of_the_request(name: str) -> None:
    document, profile = DOCUMENTS[name], bound(name)

    request = profile.request([profile.target(document.url)])

    assert request.url == document.url
    for header, value in document.sent.items():
        if header == "Authorization":
            assert isinstance(profile.auth, HeaderAuth)
            assert (profile.auth.name, profile.auth.template) == (header, value)
        elif header == "If-None-Match":
            assert profile.conditional
        else:
            assert request.headers[header] == value


def test_the_headers_of_an_answer_are_heeded() -> None:
    known = {"content-type", "etag", "retry-after"}
    throttled = answered("bentley-schedules", {}, 429, retry_after="17")
    plain = answered("sap-service-manager", with_word("sap-service-manager", "failed"))

    assert {each.lower() for it in DOCUMENTS.values() for each in it.heard} == known
    assert isinstance(throttled, Trouble)
    assert throttled.wait == 17
    assert isinstance(plain, Reading)  # no Content-Type at all


def test_the_parameters_of_a_document_are_those_of_its_profile() -> None:
    kinds = bound("sap-service-manager").definition.spec.params["resource_type"].choices
    space = bound("seismic-programs").definition.spec.params["space_id"]

    assert set(kinds) == {"platforms", "service_brokers", "service_bindings", "service_instances"}
    assert space.default == "default"
    assert [space.fault("space_id", "a" * n) is None for n in (6, 7, 22, 23)] == [
        False, True, True, False,
    ]  # fmt: skip


def test_several_operations_of_seismic_are_asked_for_at_once() -> None:
    profile = bound("seismic-programs")

    request = profile.request([profile.target(each) for each in ("a1", "a2")])

    assert request.url.endswith("?asyncOperationIds=a1&asyncOperationIds=a2")
