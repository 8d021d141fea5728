"""Azure Resource Manager without a header to follow: the resource itself tells.

https://learn.microsoft.com/azure/azure-resource-manager/management/async-operations
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Final

from opwatch.demo.http import Reply
from opwatch.domain.operation import State
from servers.dialects.azure import SUBSCRIPTION, Azure
from servers.dialects.extras import forget

if TYPE_CHECKING:
    from collections.abc import Mapping

    from opwatch.demo.dialect import Call
    from opwatch.demo.jobs import Job, JobPhase

_NETWORK: Final = "providers/Microsoft.Network/virtualNetworks"
_RESOURCE: Final = f"subscriptions/{SUBSCRIPTION}/resourceGroups/demo/{_NETWORK}/vnet"


class AzureProvisioning(Azure):
    """The id is the path of the resource, whose slashes must not be encoded."""

    profile = "azure-provisioning"
    polling = "/{id:subscriptions/[^/]+/resourceGroups/[^/]+/" + _NETWORK + "/[^/]+}"
    starting = ("PUT", polling)
    params: ClassVar[Mapping[str, str]] = {"api_version": "2024-07-01"}
    words: ClassVar[Mapping[State, str]] = {
        State.PENDING: "Accepted",
        State.RUNNING: "Updating",
        State.SUCCEEDED: "Succeeded",
        State.FAILED: "Failed",
        State.CANCELLED: "Canceled",
    }

    def starting_path(self) -> str:
        """Return the path of a resource that is not there yet."""
        return f"/{_RESOURCE}{self.starting_query}"

    def new_id(self, number: int) -> str:
        """Return the path of a resource."""
        return f"{_RESOURCE}-{number}"

    def path(self, job: Job) -> str:
        """Return the path of the resource as it is."""
        return f"/{job.id}{self.query}"

    def start(self, call: Call) -> Reply:
        """Make the resource, or update the one that is there."""
        forget(call.jobs, self.profile, call.params["id"])
        return super().start(call)

    def start_reply(self, call: Call, job: Job) -> Reply:
        """Answer 201 with the resource."""
        del call
        return Reply.json(201, self.resource(job, job.script.at(0.0)))

    def poll_reply(self, call: Call, job: Job, phase: JobPhase) -> Reply:
        """Answer 200 with the resource."""
        del call
        return Reply.json(200, self.resource(job, phase))

    def resource(self, job: Job, phase: JobPhase) -> dict[str, Any]:
        """Return the resource as it is in *phase*."""
        return {
            "id": f"/{job.id}",
            "name": job.id.rpartition("/")[2],
            "type": "Microsoft.Network/virtualNetworks",
            "properties": {"provisioningState": self.word(phase.state)},
        }
