"""What Azure's dialects share: where a subscription is, and the shape of an error.

https://learn.microsoft.com/azure/azure-resource-manager/management/async-operations
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Final

from opwatch.demo.dialect import Dialect
from opwatch.domain.operation import State

if TYPE_CHECKING:
    from collections.abc import Mapping

    from opwatch.demo.dialect import Call
    from opwatch.demo.http import Reply
    from opwatch.demo.jobs import Job

SUBSCRIPTION: Final = "0b1f6471-1bf0-4dda-aec3-cb9272f09590"
GROUP: Final = "/subscriptions/{_subscription}/resourceGroups/{_group}/providers"
LOCATION: Final = "/subscriptions/{_subscription}/providers/{_namespace}/locations/{_location}"
WAIT: Final = "1"


class Azure(Dialect):
    """An API of Azure: every call names its version, every error is an object."""

    query = starting_query = "?api-version=2024-07-01"
    errors: ClassVar[Mapping[int, tuple[str, str]]] = {
        400: ("MissingApiVersionParameter", "The api-version query parameter is required."),
        401: ("AuthenticationFailed", "Authentication failed."),
        404: ("NotFound", "The entity was not found."),
        429: ("TooManyRequests", "The request is being throttled."),
    }

    def poll(self, call: Call) -> Reply:
        """Refuse a poll that names no version of the API."""
        if not call.request.parameter("api-version"):
            return self.refusal(400, call.now)
        return super().poll(call)

    def envelope(self, status: int, code: str, message: str) -> Any:
        """Return the error response of every Azure API."""
        del status
        return {"error": {"code": code, "message": message}}


def failure(job: Job, state: State) -> dict[str, Any]:
    """Return the ``error`` of an operation that failed or was cancelled, nothing else."""
    error = job.script.failure
    match state:
        case State.FAILED:
            return {"error": {"code": error.code, "message": error.message}}
        case State.CANCELLED:
            return {"error": {"code": "OperationPreempted", "message": "It was cancelled."}}
        case _:
            return {}
