"""Bentley iTwin Platform, Schedules: operations with an ETag.

https://developer.bentley.com/apis/schedules/
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any, ClassVar

from opwatch.demo.dialect import Call, Dialect, stamp, with_etag
from opwatch.demo.http import Reply
from opwatch.domain.operation import State

if TYPE_CHECKING:
    from collections.abc import Mapping

    from opwatch.demo.jobs import Job, JobPhase


class Bentley(Dialect):
    """Bentley knows no cancelled operation, and shows a failed one at 100 %."""

    profile = "bentley-schedules"
    starting = ("POST", "/schedules/{schedule_id}/resources/status-history")
    polling = "/schedules/{schedule_id}/operations/{id}"
    params: ClassVar[Mapping[str, str]] = {"schedule_id": "3f6e17c5-6f0b-4a0e-8f57-5f1d2f7f3a44"}
    words: ClassVar[Mapping[State, str]] = {
        State.PENDING: "Queued",
        State.RUNNING: "Started",
        State.SUCCEEDED: "Succeeded",
        State.FAILED: "Failed",
    }
    errors: ClassVar[Mapping[int, tuple[str, str]]] = {
        401: ("HeaderNotFound", "The request carries no valid Authorization header."),
        404: ("OperationNotFound", "The operation or its schedule is not available."),
        429: ("RateLimitExceeded", "More requests were sent than the client's tier allows."),
    }

    def start_reply(self, call: Call, job: Job) -> Reply:
        """Answer 202 with the id and the URL in the body."""
        document = {
            "operation": {"id": job.id},
            "_links": {"operationLocation": {"href": call.base_url + self.path(job)}},
        }
        return Reply.json(202, document)

    def poll_reply(self, call: Call, job: Job, phase: JobPhase) -> Reply:
        """Answer with the operation in its envelope, or 304."""
        failed = phase.state is State.FAILED
        document = {
            "operation": {
                "createdAt": stamp(job, digits=0),
                "failureDescription": job.script.failure.message if failed else None,
                "id": job.id,
                "percentComplete": 100.0 if failed else phase.percent,
                "status": self.word(phase.state),
                "subStatus": job.script.message or self.word(phase.state),
                "updatedAt": stamp(job, phase.since, digits=0),
            },
        }
        return with_etag(call.request, Reply.json(200, document))

    def envelope(self, status: int, code: str, message: str) -> Any:
        """Return the error response of the iTwin Platform."""
        error = {"code": code, "message": message}
        target = {"target": "operationId"} if status == HTTPStatus.NOT_FOUND else {}
        return {"error": error | target}
