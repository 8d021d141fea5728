"""Open Service Broker API: the last operation on a service instance.

https://github.com/openservicebrokerapi/servicebroker/blob/master/spec.md
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar, Final
from urllib.parse import quote

from opwatch.demo.dialect import DEMO_TOKEN, Dialect, Route
from opwatch.demo.http import Reply
from opwatch.domain.operation import State
from opwatch.domain.secret import Secret
from servers.dialects.extras import forget

if TYPE_CHECKING:
    from collections.abc import Mapping

    from opwatch.demo.dialect import Call
    from opwatch.demo.http import Request
    from opwatch.demo.jobs import Job, JobPhase, Jobs, Script

DEMO_USER: Final = "demo"
"""The user of HTTP Basic authentication; the password is the demo's token."""


_PLACE: Final = "/v2/service_instances/{id:[^/]+(?:/service_bindings/[^/]+)?}"


class Osb(Dialect):
    """The id is the instance's, or that of a binding on it; a deletion ends as 410."""

    profile = "osb"
    starting = ("PUT", _PLACE)
    starting_query = "?accepts_incomplete=true"
    polling = _PLACE + "/last_operation"
    words: ClassVar[Mapping[State, str]] = {
        State.RUNNING: "in progress",
        State.SUCCEEDED: "succeeded",
        State.FAILED: "failed",
    }
    errors: ClassVar[Mapping[int, tuple[str, str]]] = {
        401: ("Unauthorized", "The broker wants its user and password."),
        404: ("NotFound", "There is no such service instance."),
        412: ("PreconditionFailed", "The header X-Broker-API-Version is required."),
        422: ("AsyncRequired", "This plan requires a client that accepts_incomplete."),
        429: ("TooManyRequests", "Too many requests."),
    }

    def routes(self) -> tuple[Route, ...]:
        """Return the usual calls and the deletion."""
        return (*super().routes(), Route("DELETE", self.starting[1], self.delete))

    def permits(self, request: Request) -> bool:
        """Want HTTP Basic, a user and a password."""
        shown = Secret(request.headers.get("authorization") or "")
        return shown == Secret.basic(DEMO_USER, DEMO_TOKEN)

    def path(self, job: Job) -> str:
        """Return the path, with the broker's own word for the operation."""
        path = f"/v2/service_instances/{quote(job.id)}/last_operation"
        return f"{path}?operation={job.params['operation']}"

    def begin(self, jobs: Jobs, script: Script, now: float, **params: str) -> Job:
        """Start an operation; a deletion takes the place of the instance's last one."""
        number = jobs.number()
        name = params.get("id") or self.new_id(number)
        if params.get("kind") == "delete":
            forget(jobs, self.profile, name)
        task = {"operation": f"task_{number}"}
        return super().begin(jobs, script, now, **{**task, **params, "id": name})

    def start(self, call: Call) -> Reply:
        """Start an operation, if the client has said that it will wait."""
        if call.request.parameter("accepts_incomplete") != "true":
            return self.refusal(422, call.now)
        return self._versioned(call) or self._there(call) or super().start(call)

    def _there(self, call: Call) -> Reply | None:
        """Answer for an instance that is there; one that failed, or is gone, is made anew."""
        job = call.jobs.find(self.profile, call.params["id"])
        if job is None or "kind" in call.params:
            return None
        state = job.phase(call.now).state
        if state is State.FAILED or "kind" in job.params:
            forget(call.jobs, self.profile, job.id)
            return None
        return Reply.json(200, {}) if state.is_terminal else self.start_reply(call, job)

    def delete(self, call: Call) -> Reply:
        """Start a deletion."""
        return self.start(replace(call, params={**call.params, "kind": "delete"}))

    def poll(self, call: Call) -> Reply:
        """Answer for the instance's last operation."""
        return self._versioned(call) or super().poll(call)

    def start_reply(self, call: Call, job: Job) -> Reply:
        """Answer 202 with the word to echo."""
        del call
        return Reply.json(202, {"operation": job.params["operation"]})

    def poll_reply(self, call: Call, job: Job, phase: JobPhase) -> Reply:
        """Answer with a word and a sentence, or 410 when the instance is gone."""
        del call
        deletes = job.params.get("kind") == "delete"
        if deletes and phase.state is State.SUCCEEDED:
            return Reply.json(410, {})
        document: dict[str, Any] = {
            "state": self.word(phase.state),
            "description": _sentence(job, phase, "Deleting" if deletes else "Creating"),
        }
        if phase.state is State.FAILED:
            document["instance_usable"] = deletes
        return Reply.json(200, document)

    def envelope(self, status: int, code: str, message: str) -> Any:
        """Return a service broker error."""
        del status
        return {"error": code, "description": message}

    def _versioned(self, call: Call) -> Reply | None:
        if "x-broker-api-version" in call.request.headers:
            return None
        return self.refusal(412, call.now)


def _sentence(job: Job, phase: JobPhase, doing: str) -> str:
    match phase.state:
        case State.FAILED:
            return job.script.failure.message or ""
        case State.SUCCEEDED:
            return "Done."
        case _:
            return f"{doing} service ({phase.percent:.0f}% complete)."
