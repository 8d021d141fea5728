"""FullStory Operations: exporting a segment, up to the download.

https://developer.fullstory.com/server/v1/operations/get-operation-status
https://developer.fullstory.com/get-export-results/
"""

from __future__ import annotations

import base64
import gzip
from hashlib import blake2s
from typing import TYPE_CHECKING, Any, ClassVar, Final

from opwatch.demo.dialect import Call, Dialect, Route, shows, stamp
from opwatch.demo.http import Reply, Request
from opwatch.domain.operation import State

if TYPE_CHECKING:
    from collections.abc import Mapping

    from opwatch.demo.jobs import Job, JobPhase

_DIGITS: Final = 6
_WEEK: Final = 7 * 86400.0
_SIGNED_SECONDS: Final = 300.0
_FILE: Final = b'{"UserId":1,"EventType":"navigate"}\n' * 32


class FullStory(Dialect):
    """FullStory says PENDING until the end, and a finish time may stand there before it."""

    profile = "fullstory"
    starting = ("POST", "/segments/v1/exports")
    polling = "/operations/v1/{id}"
    words: ClassVar[Mapping[State, str]] = {
        State.PENDING: "PENDING",
        State.RUNNING: "PENDING",
        State.SUCCEEDED: "COMPLETED",
        State.FAILED: "FAILED",
    }
    errors: ClassVar[Mapping[int, tuple[str, str]]] = {
        401: ("unauthorized", "The API key is missing or not valid."),
        403: ("forbidden", "The signature is not valid or has expired."),
        404: ("not_found", "Nothing with this id exists."),
        429: ("rate_limit_exceeded", "Too many requests."),
    }

    def routes(self) -> tuple[Route, ...]:
        """Return the operation's calls, and the two that lead to its file."""
        return (
            *super().routes(),
            Route("GET", "/search/v1/exports/{export_id}/results", self.results),
            Route("GET", "/fullstory-exports/{export_id}.json.gz", self.download, open=True),
        )

    def permits(self, request: Request) -> bool:
        """Want the key as it is, not the base64 of a pair."""
        return shows(request, "Authorization", "Basic {secret}")

    def new_id(self, number: int) -> str:
        """Return base64 with padding, which a path must percent-encode."""
        return base64.b64encode(f"bulk:{57495663331706880 + number}".encode()).decode()

    def start_reply(self, call: Call, job: Job) -> Reply:
        """Answer 200 with the id."""
        del call
        return Reply.json(200, {"operationId": job.id})

    def poll_reply(self, call: Call, job: Job, phase: JobPhase) -> Reply:
        """Answer with the bare operation."""
        del call
        succeeded, failed = phase.state is State.SUCCEEDED, phase.state is State.FAILED
        export = {"expires": stamp(job, _WEEK), "searchExportId": _export_id(job)}
        waits = phase.state is State.PENDING
        document = {
            "id": job.id,
            "type": "SEARCH_EXPORT",
            "details": None,
            "results": export if succeeded else None,
            "state": self.word(phase.state),
            "errorDetails": (job.script.failure.message or "") if failed else "",
            "createdAt": stamp(job, digits=_DIGITS),
            "finishedAt": None if waits else stamp(job, phase.since, digits=_DIGITS),
            "estimatePctComplete": int(phase.percent),
        }
        return Reply.json(200, document)

    def results(self, call: Call) -> Reply:
        """Answer with a URL that is signed and serves for five minutes."""
        job = self.export_job(call)
        if job is None:
            return self.refusal(404, call.now)
        age = call.now - job.began + _SIGNED_SECONDS
        name = call.params["export_id"]
        query = f"?Expires={int(job.began + age)}&Signature={_signature(name)}"
        location = f"{call.storage_url}/fullstory-exports/{name}.json.gz{query}"
        return Reply.json(200, {"location": location, "expires": stamp(job, age)})

    def download(self, call: Call) -> Reply:
        """Serve the file to a signed URL, and to nobody who shows a credential there."""
        if "authorization" in call.request.headers:
            text = (
                b"<Error><Code>InvalidArgument</Code><Message>Two ways to sign.</Message></Error>"
            )
            return Reply(400, text, (("Content-Type", "application/xml"),))
        expires = call.request.parameter("Expires") or ""
        signed = call.request.parameter("Signature") == _signature(call.params["export_id"])
        if not (signed and expires.isdecimal() and call.now <= int(expires)):
            return self.refusal(403, call.now)
        headers = (
            ("Content-Type", "application/gzip"),
            ("Content-Disposition", 'attachment; filename="segment-export.json.gz"'),
        )
        return Reply(200, gzip.compress(_FILE, mtime=0), headers)

    def export_job(self, call: Call) -> Job | None:
        """Return the finished operation whose export the path names."""
        for job in call.jobs.of_profile(self.profile):
            if _export_id(job) == call.params["export_id"]:
                return job if job.phase(call.now).state is State.SUCCEEDED else None
        return None

    def envelope(self, status: int, code: str, message: str) -> Any:
        """Return FullStory's error document."""
        del status
        return {"message": message, "code": code}


def _export_id(job: Job) -> str:
    return base64.urlsafe_b64encode(blake2s(job.id.encode()).digest()).decode().rstrip("=")


def _signature(name: str) -> str:
    return blake2s(name.encode(), key=b"demo").hexdigest()
