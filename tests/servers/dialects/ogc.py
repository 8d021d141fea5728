"""OGC API - Processes: jobs.

https://docs.ogc.org/is/18-062r2/18-062r2.html, as pygeoapi answers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Final

from opwatch.demo.dialect import Dialect, Route, stamp
from opwatch.demo.http import Reply
from opwatch.domain.operation import State

if TYPE_CHECKING:
    from collections.abc import Mapping

    from opwatch.demo.dialect import Call
    from opwatch.demo.http import Request
    from opwatch.demo.jobs import Job, JobPhase

_REL: Final = "http://www.opengis.net/def/rel/ogc/1.0/results"
_EXCEPTION: Final = "http://www.opengis.net/def/exceptions/ogcapi-processes-1/1.0/"


class Ogc(Dialect):
    """A standard with words of its own, and no word on credentials: none are wanted."""

    profile = "ogc-processes"
    starting = ("POST", "/processes/{_process}/execution")
    polling = "/jobs/{id}"
    words: ClassVar[Mapping[State, str]] = {
        State.PENDING: "accepted",
        State.RUNNING: "running",
        State.SUCCEEDED: "successful",
        State.FAILED: "failed",
        State.CANCELLED: "dismissed",
    }
    errors: ClassVar[Mapping[int, tuple[str, str]]] = {
        404: ("no-such-job", "There is no such job."),
        429: ("too-many-requests", "Too many requests."),
    }

    def routes(self) -> tuple[Route, ...]:
        """Return the usual calls and the results."""
        return (*super().routes(), Route("GET", "/jobs/{id}/results", self.results))

    def permits(self, request: Request) -> bool:
        """Want nothing."""
        del request
        return True

    def start_reply(self, call: Call, job: Job) -> Reply:
        """Answer 201 with the status and its URL."""
        status = self.status(call, job, job.phase(call.now))
        return Reply.json(201, status, Location=call.base_url + self.path(job))

    def poll_reply(self, call: Call, job: Job, phase: JobPhase) -> Reply:
        """Answer with the status."""
        return Reply.json(200, self.status(call, job, phase))

    def status(self, call: Call, job: Job, phase: JobPhase) -> dict[str, Any]:
        """Return the status information of *job*."""
        failed, succeeded = phase.state is State.FAILED, phase.state is State.SUCCEEDED
        word = self.word(phase.state)
        href = f"{call.base_url}{self.path(job)}/results?f=json"
        link = {"href": href, "rel": _REL, "type": "application/json", "title": "Results"}
        return {
            "type": "process",
            "processID": "demo",
            "jobID": job.id,
            "status": word,
            "message": (job.script.failure if failed else job.script).message or f"Job {word}",
            "progress": int(phase.percent),
            "created": stamp(job, digits=6),
            "started": None if phase.state is State.PENDING else stamp(job, digits=6),
            "finished": stamp(job, phase.since, digits=6) if phase.state.is_terminal else None,
            "updated": stamp(job, phase.since, digits=6),
            "links": [link] if succeeded else [],
        }

    def results(self, call: Call) -> Reply:
        """Answer with what a job has made."""
        job = call.jobs.find(self.profile, call.params["id"])
        if job is None or job.phase(call.now).state is not State.SUCCEEDED:
            return self.refusal(404, call.now)
        return Reply.json(200, {"id": "echo", "value": "Echo"})

    def envelope(self, status: int, code: str, message: str) -> Any:
        """Return an OGC exception."""
        return {"type": _EXCEPTION + code, "title": message, "status": status, "detail": message}
