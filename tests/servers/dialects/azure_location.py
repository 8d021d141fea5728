"""Azure Resource Manager with ``Location``: the HTTP status is the state.

https://learn.microsoft.com/azure/azure-resource-manager/management/async-operations
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

from opwatch.demo.dialect import Route
from opwatch.demo.http import Reply
from opwatch.domain.operation import State
from servers.dialects.azure import GROUP, LOCATION, SUBSCRIPTION, WAIT, Azure, failure

if TYPE_CHECKING:
    from collections.abc import Mapping

    from opwatch.demo.dialect import Call
    from opwatch.demo.jobs import Job, JobPhase


class AzureLocation(Azure):
    """202 while it runs, then 200 with the resource or, after a deletion, 204.

    The ``Location`` changes with every poll; older ones go on to serve, for an
    answer may be lost.
    """

    profile = "azure-location"
    starting = ("PUT", GROUP + "/Microsoft.Storage/storageAccounts/{_name}")
    polling = LOCATION + "/operationResults/{id}"
    params: ClassVar[Mapping[str, str]] = {
        "_subscription": SUBSCRIPTION,
        "_namespace": "Microsoft.Storage",
        "_location": "westeurope",
    }
    words: ClassVar[Mapping[State, str]] = {
        State.RUNNING: "202",
        State.SUCCEEDED: "200",
        State.FAILED: "409",
    }

    def routes(self) -> tuple[Route, ...]:
        """Return the usual calls and the deletion."""
        return (*super().routes(), Route("DELETE", self.starting[1], self.delete))

    def delete(self, call: Call) -> Reply:
        """Start a deletion."""
        return self.start(replace(call, params={**call.params, "_kind": "delete"}))

    def start_reply(self, call: Call, job: Job) -> Reply:
        """Answer 202 with nothing but where to ask."""
        return self._later(call, job)

    def poll_reply(self, call: Call, job: Job, phase: JobPhase) -> Reply:
        """Answer 202, or as the call itself would have answered."""
        match phase.state:
            case State.SUCCEEDED if job.params.get("_kind") == "delete":
                return Reply(204)
            case State.SUCCEEDED:
                return Reply.json(200, {"name": "demo", "kind": "StorageV2", "properties": {}})
            case State.FAILED:
                return Reply.json(409, failure(job, phase.state))
            case _:
                return self._later(call, job)

    def _later(self, call: Call, job: Job) -> Reply:
        url = f"{call.base_url}{self.path(job)}&t={job.polls + 1}"
        return Reply(202, headers=(("Location", url), ("Retry-After", WAIT)))
