"""SAP Service Manager: operations on platforms, brokers, instances and bindings.

https://help.sap.com/docs/service-manager (SAP-docs/btp-service-manager,
"Get Operation Status"), and the open-source server Peripli/service-manager.
"""

from __future__ import annotations

import math
import uuid
from typing import TYPE_CHECKING, Any, ClassVar, Final

from opwatch.demo.dialect import Call, Dialect, stamp
from opwatch.demo.http import Reply, http_date
from opwatch.domain.operation import State

if TYPE_CHECKING:
    from collections.abc import Mapping

    from opwatch.demo.jobs import Job, JobPhase, Jobs, Script

_ZERO_TIME: Final = "0001-01-01T00:00:00Z"
_TYPE: Final = "{resource_type:platforms|service_brokers|service_bindings|service_instances}"
_ON_THE_WAY: Final = [{"error": "BrokerTimeout", "description": "The first attempt timed out."}]


class Sap(Dialect):
    """SAP hands out a path without a host, and shows errors before anything has failed."""

    profile = "sap-service-manager"
    starting = ("POST", "/v1/" + _TYPE)
    polling = "/v1/" + _TYPE + "/{resource_id}/operations/{id}"
    params: ClassVar[Mapping[str, str]] = {"resource_type": "service_instances"}
    words: ClassVar[Mapping[State, str]] = {
        State.PENDING: "pending",
        State.RUNNING: "in progress",
        State.SUCCEEDED: "succeeded",
        State.FAILED: "failed",
    }
    errors: ClassVar[Mapping[int, tuple[str, str]]] = {
        401: ("Unauthorized", "The access token is missing or not valid."),
        404: ("NotFound", "could not find such operation"),
        429: ("BadRequest", "The allowed request limit of 600 responses has been reached."),
    }

    def begin(self, jobs: Jobs, script: Script, now: float, **params: str) -> Job:
        """Start an operation on a resource of its own."""
        resource = str(uuid.uuid5(uuid.NAMESPACE_URL, f"{self.profile}/of/{jobs.number()}"))
        return super().begin(jobs, script, now, **({"resource_id": resource} | params))

    def start_reply(self, call: Call, job: Job) -> Reply:
        """Answer 202 with an empty object and a relative Location."""
        del call
        return Reply.json(202, {}, Location=self.path(job))

    def poll_reply(self, call: Call, job: Job, phase: JobPhase) -> Reply:
        """Answer with the bare operation; the API has no progress."""
        del call
        document = {
            "id": job.id,
            "ready": phase.state is State.SUCCEEDED,
            "type": "create",
            "state": self.word(phase.state),
            "description": job.script.message or "",
            "resource_id": job.params["resource_id"],
            "resource_type": f"/v1/{job.params['resource_type']}",
            "transitive_resources": [],
            "platform_id": "service-manager",
            "correlation_id": job.id,
            "reschedule": False,
            "reschedule_timestamp": _ZERO_TIME,
            "deletion_scheduled": _ZERO_TIME,
            "created_at": stamp(job, digits=6),
            "updated_at": stamp(job, phase.since, digits=6),
            "errors": _errors(job, phase),
            "labels": {},
        }
        return Reply.json(200, document)

    def refusal(self, status: int, now: float, wait: int = 0) -> Reply:
        """Return the error; the wait is a date, which has whole seconds only."""
        named = {"Retry_After": http_date(math.ceil(now + wait))} if wait else {}
        return Reply.json(status, self.envelope(status, *self.errors[status]), **named)

    def envelope(self, status: int, code: str, message: str) -> Any:
        """Return the error document of Service Manager."""
        del status
        return {"error": code, "description": message}


def _errors(job: Job, phase: JobPhase) -> Any:
    """Return a list while it runs, as the documentation has it, and an object at the end.

    The open-source server sends one object, the first root cause.
    """
    match phase.state:
        case State.RUNNING:
            return _ON_THE_WAY
        case State.FAILED:
            error = job.script.failure
            return {"error": error.code, "description": error.message}
        case _:
            return []
