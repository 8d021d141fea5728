"""Microsoft Power Platform: installing an application package.

https://learn.microsoft.com/rest/api/power-platform/appmanagement/applications/get-application-package-install-status
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Final

from opwatch.demo.dialect import Call, Dialect, stamp
from opwatch.demo.http import Reply
from opwatch.domain.operation import State

if TYPE_CHECKING:
    from collections.abc import Mapping

    from opwatch.demo.jobs import Job, JobPhase

# .NET writes seven digits of a second.
_DIGITS: Final = 7


class PowerPlatform(Dialect):
    """Power Platform hands out a URL whose api-version is not the starting call's."""

    profile = "powerplatform"
    starting = (
        "POST",
        "/appmanagement/environments/{environment_id}/applicationPackages/{_package}/install",
    )
    polling = "/appmanagement/environments/{environment_id}/operations/{id}"
    starting_query = "?api-version=2022-03-01-preview"
    query = "?api-version=1"
    params: ClassVar[Mapping[str, str]] = {"environment_id": "4f2e9b1c-0d53-4a57-9d6e-2b8f6c1a7e30"}
    words: ClassVar[Mapping[State, str]] = {
        State.PENDING: "NotStarted",
        State.RUNNING: "Running",
        State.SUCCEEDED: "Succeeded",
        State.FAILED: "Failed",
        State.CANCELLED: "Canceled",
    }
    errors: ClassVar[Mapping[int, tuple[str, str]]] = {
        400: ("MissingApiVersionParameter", "The query parameter api-version is required."),
        401: ("Unauthorized", "The access token is missing or not valid."),
        404: ("OperationNotFound", "No operation with this id exists in the environment."),
        429: ("TooManyRequests", "Too many requests; try again later."),
    }

    def start_reply(self, call: Call, job: Job) -> Reply:
        """Answer 202 without a body; the URL is in a header."""
        return Reply(202, headers=(("Operation-Location", call.base_url + self.path(job)),))

    def poll(self, call: Call) -> Reply:
        """Refuse a poll that names no version of the API."""
        if not call.request.parameter("api-version"):
            return self.refusal(400, call.now)
        return super().poll(call)

    def poll_reply(self, call: Call, job: Job, phase: JobPhase) -> Reply:
        """Answer with the bare operation; the API has no progress."""
        del call
        failed = phase.state is State.FAILED
        error = job.script.failure
        document: dict[str, Any] = {
            "operationId": job.id,
            "createdDateTime": stamp(job, digits=_DIGITS),
            "lastActionDateTime": stamp(job, phase.since, digits=_DIGITS),
            "status": self.word(phase.state),
            "statusMessage": (error.message if failed else job.script.message) or "",
        }
        if failed:
            document["error"] = {
                "errorName": error.code,
                "errorCode": -2147204295,
                "message": error.message,
                "type": "ImportError",
                "statusCode": 400,
                "source": "Dataverse",
            }
        return Reply.json(200, document)

    def envelope(self, status: int, code: str, message: str) -> Any:
        """Return the usual error object of Microsoft's APIs."""
        del status
        return {"error": {"code": code, "message": message}}
