"""Seismic Programs: one request asks about many operations.

https://developer.seismic.com/seismicsoftware/reference/programs-get-async-actions
The vendor publishes no answer: the last segment of the path, the names of the
fields and the words for the states are assumptions.
"""

from __future__ import annotations

import base64
import uuid
from typing import TYPE_CHECKING, Any, ClassVar, Final

from opwatch.demo.dialect import Call, Dialect, Route
from opwatch.demo.http import Reply
from opwatch.domain.operation import State

if TYPE_CHECKING:
    from collections.abc import Mapping

    from opwatch.demo.jobs import Job, JobPhase

_SPACE: Final = "/programs/v2/spaces/{space_id}"
_QUERY: Final = "asyncOperationIds"


class Seismic(Dialect):
    """Seismic leaves out of its list what it does not know, and names a wait in words."""

    profile = "seismic-programs"
    starting = ("POST", _SPACE + "/programs/template/{_template}/apply")
    polling = _SPACE + "/{_last:asyncActions|asyncOperations}"
    params: ClassVar[Mapping[str, str]] = {"space_id": "default"}
    words: ClassVar[Mapping[State, str]] = {
        State.PENDING: "NotStarted",
        State.RUNNING: "Running",
        State.SUCCEEDED: "Succeeded",
        State.FAILED: "Failed",
    }
    errors: ClassVar[Mapping[int, tuple[str, str]]] = {
        401: ("", "Access token is missing or not valid."),
        429: ("", "Rate limit is exceeded. Try again in {wait} seconds."),
    }

    def routes(self) -> tuple[Route, ...]:
        """Return the starting call and the batch."""
        return (
            Route(*self.starting, self.start),
            Route("GET", self.polling, self.batch),
        )

    def new_id(self, number: int) -> str:
        """Return 22 characters of base 62."""
        key = uuid.uuid5(uuid.NAMESPACE_URL, f"{self.profile}/{number}").bytes
        return base64.b64encode(key, altchars=b"sP").decode().rstrip("=")

    def path(self, job: Job) -> str:
        """Return the batch of one that asks about *job*."""
        return f"/programs/v2/spaces/{job.params['space_id']}/asyncActions?{_QUERY}={job.id}"

    def start_reply(self, call: Call, job: Job) -> Reply:
        """Answer 202 with a list of one id."""
        del call
        return Reply.json(202, {_QUERY: [job.id]})

    def batch(self, call: Call) -> Reply:
        """Answer for every operation asked about that is known in the space."""
        found = (call.jobs.find(self.profile, name) for name in _requested_ids(call))
        jobs = [job for job in found if job and job.answers_to(call.params)]
        items = [self.item(job, job.phase(call.now)) for job in jobs]
        return self.hitch_reply(call, *jobs) or Reply.json(200, items)

    def poll_reply(self, call: Call, job: Job, phase: JobPhase) -> Reply:
        """Answer with a list of one."""
        del call
        return Reply.json(200, [self.item(job, phase)])

    def item(self, job: Job, phase: JobPhase) -> dict[str, Any]:
        """Return what the list says of *job*."""
        succeeded = phase.state is State.SUCCEEDED
        failed = phase.state is State.FAILED
        return {
            "id": job.id,
            "state": self.word(phase.state),
            "percentComplete": phase.percent,
            "result": {"createdResourceIds": [self.new_id(0)]} if succeeded else None,
            "errorMessage": job.script.failure.message if failed else None,
        }

    def refusal(self, status: int, now: float, wait: int = 0) -> Reply:
        """Return the error; the wait is in its text and in no header."""
        del now
        code, message = self.errors[status]
        document = self.envelope(status, code, message.format(wait=wait))
        spent = {"X_Seismic_Remaining_Calls": "0", "X_Seismic_Total_Calls": "600"}
        return Reply.json(status, document, **(spent if wait else {}))

    def envelope(self, status: int, code: str, message: str) -> Any:
        """Return the error document of Seismic's gateway."""
        del code
        return {"statusCode": status, "message": message, "clientId": "demo", "tenant": "demo"}


def _requested_ids(call: Call) -> list[str]:
    """Return the ids, whether repeated, separated by commas, or under ``[]``, each once."""
    values = [value for name, value in call.request.query if name.removesuffix("[]") == _QUERY]
    return list(dict.fromkeys(part for value in values for part in value.split(",") if part))
