"""Azure Resource Manager with ``Azure-AsyncOperation``: a URL of its own for the status.

https://learn.microsoft.com/azure/azure-resource-manager/management/async-operations
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from opwatch.demo.dialect import Route, stamp
from opwatch.demo.http import Reply
from opwatch.domain.operation import State
from servers.dialects.azure import GROUP, LOCATION, SUBSCRIPTION, WAIT, Azure, failure

if TYPE_CHECKING:
    from collections.abc import Mapping

    from opwatch.demo.dialect import Call
    from opwatch.demo.jobs import Job, JobPhase


class AzureAsync(Azure):
    """Three words are terminal; any other means that it is still running."""

    profile = "azure-async"
    starting = ("PUT", GROUP + "/Microsoft.Compute/virtualMachines/{_name}")
    polling = LOCATION + "/operationStatuses/{id}"
    params: ClassVar[Mapping[str, str]] = {
        "_subscription": SUBSCRIPTION,
        "_namespace": "Microsoft.Compute",
        "_location": "westeurope",
    }
    words: ClassVar[Mapping[State, str]] = {
        State.PENDING: "Accepted",
        State.RUNNING: "PreparingVMDisk",
        State.SUCCEEDED: "Succeeded",
        State.FAILED: "Failed",
        State.CANCELLED: "Canceled",
    }

    def routes(self) -> tuple[Route, ...]:
        """Return the usual calls and that for the resource itself."""
        return (*super().routes(), Route("GET", self.starting[1], self.resource))

    def resource(self, call: Call) -> Reply:
        """Answer with the resource."""
        return Reply.json(200, {"name": call.params["_name"], "type": "virtualMachines"})

    def start_reply(self, call: Call, job: Job) -> Reply:
        """Answer 201 with the resource and the URL of its operation."""
        resource = {"name": "vm-1", "properties": {"provisioningState": "Creating"}}
        url = call.base_url + self.path(job)
        return Reply.json(201, resource, Azure_AsyncOperation=url, Retry_After=WAIT)

    def poll_reply(self, call: Call, job: Job, phase: JobPhase) -> Reply:
        """Answer 200 whatever became of the operation."""
        del call
        ended = phase.state.is_terminal
        document = {
            "id": self.path(job).removesuffix(self.query),
            "name": job.id,
            "status": self.word(phase.state),
            "startTime": stamp(job, digits=7),
            "percentComplete": phase.percent,
            **({"endTime": stamp(job, phase.since, digits=7)} if ended else {}),
            **failure(job, phase.state),
        }
        return Reply.json(200, document, **({} if ended else {"Retry_After": WAIT}))
