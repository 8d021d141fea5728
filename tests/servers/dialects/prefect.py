"""Prefect flow runs: a batch asked about in the body of a POST.

https://docs.prefect.io/v3/api-ref/rest-api (PrefectHQ/prefect, server/api/flow_runs.py)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Final

from opwatch.demo.dialect import Dialect, Route, stamp
from opwatch.demo.http import Reply
from opwatch.domain.operation import State
from servers.dialects.extras import json_body

if TYPE_CHECKING:
    from collections.abc import Mapping

    from opwatch.demo.dialect import Call
    from opwatch.demo.jobs import Job, JobPhase

# A server of one's own has /api, Prefect Cloud a workspace below it.
_API: Final = "{_api:(?:/api(?:/accounts/[^/]+/workspaces/[^/]+)?)?}"


class Prefect(Dialect):
    """Prefect leaves out of its list what it does not know."""

    profile = "prefect"
    starting = ("POST", _API + "/deployments/{_deployment}/create_flow_run")
    polling = _API + "/flow_runs/{id}"
    params: ClassVar[Mapping[str, str]] = {"_api": ""}
    words: ClassVar[Mapping[State, str]] = {
        State.PENDING: "PENDING",
        State.RUNNING: "RUNNING",
        State.BLOCKED: "PAUSED",
        State.SUCCEEDED: "COMPLETED",
        State.FAILED: "FAILED",
        State.CANCELLED: "CANCELLED",
    }
    errors: ClassVar[Mapping[int, tuple[str, str]]] = {
        401: ("", "Unauthorized"),
        404: ("", "Flow run not found"),
        422: ("", "The filter is not valid."),
        429: ("", "Too Many Requests"),
    }

    def routes(self) -> tuple[Route, ...]:
        """Return the usual calls, the batch, and those about a run's logs and tasks."""
        return (
            *super().routes(),
            Route("POST", _API + "/flow_runs/filter", self.filter),
            Route("POST", _API + "/logs/filter", self.logs),
            Route("POST", _API + "/task_runs/filter", self.tasks),
        )

    def path(self, job: Job) -> str:
        """Return the path below the root of the API that has started it."""
        return f"{job.params['_api']}/flow_runs/{job.id}"

    def start_reply(self, call: Call, job: Job) -> Reply:
        """Answer 201 with the flow run."""
        return Reply.json(201, self.run(job, job.phase(call.now)))

    def poll_reply(self, call: Call, job: Job, phase: JobPhase) -> Reply:
        """Answer with the flow run."""
        del call
        return Reply.json(200, self.run(job, phase))

    def filter(self, call: Call) -> Reply:
        """Answer for every flow run that the body names and that is known."""
        try:
            names = json_body(call.request)["flow_runs"]["id"]["any_"]
            found = [call.jobs.find(self.profile, name) for name in names]
        except (KeyError, TypeError):
            return self.refusal(422, call.now)
        jobs = [job for job in found if job and job.answers_to(call.params)]
        runs = [self.run(job, job.phase(call.now)) for job in jobs]
        return self.hitch_reply(call, *jobs) or Reply.json(200, runs)

    def logs(self, call: Call) -> Reply:
        """Answer with the log of the one flow run that the body names, the last line first."""
        asked = json_body(call.request)
        try:
            (name,) = asked["logs"]["flow_run_id"]["any_"]
            lines = [f"line {number} of {name}" for number in range(30, 0, -1)]
            found = lines[: asked["limit"]] if asked["sort"] == "TIMESTAMP_DESC" else lines[::-1]
        except (KeyError, TypeError, ValueError):
            return self.refusal(422, call.now)
        return Reply.json(200, [{"name": "prefect", "level": 40, "message": it} for it in found])

    def tasks(self, call: Call) -> Reply:
        """Answer with the one task of a flow run that has failed."""
        asked = json_body(call.request)
        try:
            is_sound = len(asked["flow_runs"]["id"]["any_"]) == 1
            states = asked["task_runs"]["state"]["type"]["any_"]
        except (KeyError, TypeError):
            return self.refusal(422, call.now)
        failed = [{"name": "load-0", "state_type": "FAILED"}]
        return Reply.json(200, failed if is_sound and "FAILED" in states else [])

    def run(self, job: Job, phase: JobPhase) -> dict[str, Any]:
        """Return the flow run; the name of a state is for display."""
        word = self.word(phase.state)
        message = (job.script.failure if phase.state is State.FAILED else job.script).message
        moment = stamp(job, phase.since, digits=6)
        state = {"type": word, "name": word.capitalize(), "message": message, "timestamp": moment}
        return {
            "id": job.id,
            "name": "demo-run",
            "state_type": word,
            "state_name": word.capitalize(),
            "state": state,
            "created": stamp(job, digits=6),
            "updated": moment,
            "start_time": None if phase.state is State.PENDING else stamp(job, digits=6),
            "end_time": moment if phase.state.is_terminal else None,
        }

    def envelope(self, status: int, code: str, message: str) -> Any:
        """Return the detail, as FastAPI sends it."""
        del status, code
        return {"detail": message}
