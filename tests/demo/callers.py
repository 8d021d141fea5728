"""How each provider's own client would call the demo server, over raw HTTP."""

from __future__ import annotations

import http.client
import json
from base64 import b64encode
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from opwatch.demo import DEMO_TOKEN
from servers.dialects import DEMO_USER, STARTING_BODIES

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import TracebackType
    from typing import Self

    from opwatch.demo import StartedJob

TOKEN = DEMO_TOKEN.reveal()
_BEARER = {"Authorization": f"Bearer {TOKEN}"}
_BASIC = "Basic " + b64encode(f"{DEMO_USER}:{TOKEN}".encode()).decode()

CREDENTIALS: Mapping[str, Mapping[str, str]] = {
    "powerplatform": _BEARER,
    "bentley-schedules": _BEARER,
    "seismic-programs": _BEARER,
    "fullstory": {"Authorization": f"Basic {TOKEN}"},
    "sap-service-manager": _BEARER,
    "google-lro": _BEARER,
    "azure-async": _BEARER,
    "azure-location": _BEARER,
    "azure-provisioning": _BEARER,
    "azure-operation-location": {"Ocp-Apim-Subscription-Key": TOKEN},
    "osb": {"Authorization": _BASIC},
    "ogc-processes": {},
    "github-actions": _BEARER,
    "shopify-bulk": {"X-Shopify-Access-Token": TOKEN},
    "prefect": _BEARER,
}
_HEADERS: Mapping[str, Mapping[str, str]] = {
    "osb": {"X-Broker-API-Version": "2.17"},
    "github-actions": {"User-Agent": "test"},
}


NOON = 1_732_276_800.25


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> float:
        return self.now


@dataclass(frozen=True)
class Answer:
    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Client:
    """One keep-alive connection."""

    def __init__(self, base_url: str) -> None:
        self.http = http.client.HTTPConnection(urlsplit(base_url).netloc, timeout=5)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.http.close()

    def ask(
        self,
        target: str,
        headers: Mapping[str, str] | None = None,
        *,
        method: str = "GET",
        body: Any = None,
    ) -> Answer:
        content = None if body is None else json.dumps(body).encode()
        parts = urlsplit(target)
        where = parts.path + (f"?{parts.query}" if parts.query else "")
        self.http.request(method, where, content, dict(headers or {}))
        response = self.http.getresponse()
        return Answer(response.status, response.headers, response.read())

    def start(
        self, profile: str, method: str, url: str, headers: Mapping[str, str] | None = None
    ) -> Answer:
        """Send the starting call as the provider wants it."""
        return self.ask(
            url,
            whole(profile) | dict(headers or {}),
            method=method,
            body=json.loads(STARTING_BODIES.get(profile, "null")),
        )

    def poll(self, started: StartedJob, headers: Mapping[str, str] | None = None) -> Answer:
        """Ask about the operation as the provider wants it."""
        sent = whole(started.profile) | dict(headers or {})
        if started.profile == "shopify-bulk":
            query = {"query": "query($id: ID!) { node(id: $id) { id } }", "variables": {}}
            query["variables"] = {"id": started.id}
            return self.ask(started.path, sent, method="POST", body=query)
        return self.ask(started.path, sent)


def whole(profile: str) -> dict[str, str]:
    """Return all the headers that *profile* sends."""
    return {**CREDENTIALS[profile], **_HEADERS.get(profile, {})}


def _google(answer: Answer) -> str:
    operation = answer.json
    if not operation.get("done"):
        return "running"
    if "error" in operation:
        return "cancelled" if operation["error"]["code"] == 1 else "failed"
    return "succeeded"


def _github(answer: Answer) -> str:
    run = answer.json
    return str(run["conclusion"] if run["status"] == "completed" else run["status"])


WORDS: Mapping[str, Callable[[Answer], str]] = {
    "powerplatform": lambda it: it.json["status"],
    "bentley-schedules": lambda it: it.json["operation"]["status"],
    "seismic-programs": lambda it: it.json[0]["state"],
    "fullstory": lambda it: it.json["state"],
    "sap-service-manager": lambda it: it.json["state"],
    "google-lro": _google,
    "azure-async": lambda it: it.json["status"],
    "azure-location": lambda it: str(it.status),
    "azure-provisioning": lambda it: it.json["properties"]["provisioningState"],
    "azure-operation-location": lambda it: it.json["status"],
    "osb": lambda it: it.json["state"],
    "ogc-processes": lambda it: it.json["status"],
    "github-actions": _github,
    "shopify-bulk": lambda it: it.json["data"]["node"]["status"],
    "prefect": lambda it: (
        it.json[0]["state_type"] if isinstance(it.json, list) else it.json["state_type"]
    ),
}
PROGRESS: Mapping[str, Callable[[Any], float]] = {
    "bentley-schedules": lambda it: it["operation"]["percentComplete"],
    "seismic-programs": lambda it: it[0]["percentComplete"],
    "fullstory": lambda it: it["estimatePctComplete"],
    "google-lro": lambda it: it["metadata"]["progressPercent"],
    "azure-async": lambda it: it["percentComplete"],
    "azure-operation-location": lambda it: it["percentCompleted"],
    "osb": lambda it: float(it["description"].partition("(")[2].partition("%")[0]),
    "ogc-processes": lambda it: it["progress"],
    "shopify-bulk": lambda it: int(it["data"]["node"]["objectCount"]) / 10,
}
