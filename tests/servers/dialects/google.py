"""Google Cloud long-running operations (AIP-151), as the Kubernetes Engine starts them.

https://google.aip.dev/151 and google/longrunning/operations.proto
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Final

from opwatch.demo.dialect import Dialect, stamp
from opwatch.demo.http import Reply
from opwatch.domain.operation import State

if TYPE_CHECKING:
    from collections.abc import Mapping

    from opwatch.demo.dialect import Call
    from opwatch.demo.jobs import Job, JobPhase, Jobs, Script

_PLACE: Final = "projects/demo-project/locations/europe-west1"
# google.rpc.Code
_CANCELLED: Final = 1
_FAILED_PRECONDITION: Final = 9
_TYPE: Final = "type.googleapis.com/google."


class Google(Dialect):
    """Google has no status word: ``done`` and then an error or a response.

    The id of an operation is its name, whose slashes must not be encoded.
    """

    profile = "google-lro"
    starting = ("POST", "/v1/{_parent:projects/[^/]+/locations/[^/]+}/clusters")
    polling = "/v1/{id:(?:projects/[^/]+/locations/[^/]+/)?operations/[^/]+}"
    params: ClassVar[Mapping[str, str]] = {"_parent": _PLACE}
    words: ClassVar[Mapping[State, str]] = {
        State.RUNNING: "metadata",
        State.SUCCEEDED: "response",
        State.FAILED: "error",
        State.CANCELLED: "error",
    }
    errors: ClassVar[Mapping[int, tuple[str, str]]] = {
        401: ("UNAUTHENTICATED", "The request has no valid authentication credentials."),
        404: ("NOT_FOUND", "The operation was not found."),
        429: ("RESOURCE_EXHAUSTED", "The quota of requests per minute is exceeded."),
    }

    def new_id(self, number: int) -> str:
        """Return a name of several segments."""
        return f"{_PLACE}/operations/operation-{1732286400000 + number}"

    def path(self, job: Job) -> str:
        """Return the path, the name as it is."""
        return f"/v1/{job.id}"

    def begin(self, jobs: Jobs, script: Script, now: float, **params: str) -> Job:
        """Start an operation where the path's parent says."""
        if "id" not in params:
            parent = params.get("_parent", _PLACE)
            params["id"] = self.new_id(jobs.number()).replace(_PLACE, parent)
        return super().begin(jobs, script, now, **params)

    def start_reply(self, call: Call, job: Job) -> Reply:
        """Answer 200 with the operation itself."""
        return self.poll_reply(call, job, job.phase(call.now))

    def poll_reply(self, call: Call, job: Job, phase: JobPhase) -> Reply:
        """Answer with the operation; proto3 leaves out a ``done`` that is false."""
        del call
        metadata = {
            "@type": _TYPE + "cloud.common.OperationMetadata",
            "createTime": stamp(job, digits=9),
            "progressPercent": int(phase.percent),
            "statusDetail": job.script.message or "",
        }
        document: dict[str, Any] = {"name": job.id, "metadata": metadata}
        if phase.state.is_terminal:
            metadata["endTime"] = stamp(job, phase.since, digits=9)
            document |= {"done": True, self.word(phase.state): _outcome(job, phase)}
        return Reply.json(200, document)

    def envelope(self, status: int, code: str, message: str) -> Any:
        """Return a transport error, which looks much like a failed operation (AIP-193)."""
        return {"error": {"code": status, "message": message, "status": code}}

    def refusal(self, status: int, now: float, wait: int = 0) -> Reply:
        """Return the error; Google names no wait, so neither does its 429."""
        del wait
        return super().refusal(status, now)


def _outcome(job: Job, phase: JobPhase) -> dict[str, Any]:
    match phase.state:
        case State.SUCCEEDED:
            return {"@type": _TYPE + "container.v1.Cluster", "name": "demo-cluster"}
        case State.CANCELLED:
            return {"code": _CANCELLED, "message": "Operation was cancelled.", "details": []}
        case _:
            error = job.script.failure
            info = {"@type": _TYPE + "rpc.ErrorInfo", "reason": error.code, "domain": "demo"}
            return {"code": _FAILED_PRECONDITION, "message": error.message, "details": [info]}
