"""Azure's data plane with ``Operation-Location``, as Document Intelligence has it.

https://github.com/microsoft/api-guidelines/blob/vNext/azure/ConsiderationsForServiceDesign.md
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from opwatch.demo.dialect import shows, stamp
from opwatch.demo.http import Reply
from opwatch.domain.operation import State
from servers.dialects.azure import WAIT, Azure, failure

if TYPE_CHECKING:
    from collections.abc import Mapping

    from opwatch.demo.dialect import Call
    from opwatch.demo.http import Request
    from opwatch.demo.jobs import Job, JobPhase


class AzureOperationLocation(Azure):
    """A status monitor in camel case, with a Retry-After until it has ended."""

    profile = "azure-operation-location"
    starting = ("POST", "/documentintelligence/documentModels:build")
    polling = "/documentintelligence/operations/{id}"
    query = starting_query = "?api-version=2024-11-30"
    words: ClassVar[Mapping[State, str]] = {
        State.PENDING: "notStarted",
        State.RUNNING: "running",
        State.SUCCEEDED: "succeeded",
        State.FAILED: "failed",
        State.CANCELLED: "canceled",
    }

    def permits(self, request: Request) -> bool:
        """Take a key in a header of its own, or a bearer."""
        return super().permits(request) or shows(request, "Ocp-Apim-Subscription-Key", "{secret}")

    def start_reply(self, call: Call, job: Job) -> Reply:
        """Answer 202 with the URL and the wait, and no body."""
        url = call.base_url + self.path(job)
        return Reply(202, headers=(("Operation-Location", url), ("Retry-After", WAIT)))

    def poll_reply(self, call: Call, job: Job, phase: JobPhase) -> Reply:
        """Answer with the monitor."""
        del call
        document: dict[str, Any] = {
            "operationId": job.id,
            "kind": "documentModelBuild",
            "status": self.word(phase.state),
            "percentCompleted": int(phase.percent),
            "createdDateTime": stamp(job, digits=0),
            "lastUpdatedDateTime": stamp(job, phase.since, digits=0),
            **failure(job, phase.state),
        }
        if phase.state is State.SUCCEEDED:
            document["result"] = {"modelId": "demo"}
        waits = {} if phase.state.is_terminal else {"Retry_After": WAIT}
        return Reply.json(200, document, **waits)
