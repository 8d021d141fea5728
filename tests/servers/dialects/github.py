"""GitHub Actions: a workflow run has a status and, when completed, a conclusion.

https://docs.github.com/rest/actions/workflow-runs
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Final

from opwatch.demo.dialect import Dialect, stamp, with_etag
from opwatch.demo.http import Reply
from opwatch.domain.operation import State
from servers.dialects.extras import json_body

if TYPE_CHECKING:
    from collections.abc import Mapping

    from opwatch.demo.dialect import Call
    from opwatch.demo.jobs import Job
    from opwatch.demo.script import JobPhase

_LIMIT: Final = 5000
_HOUR: Final = 3600


class GitHub(Dialect):
    """GitHub counts what is left, and wants to know who asks."""

    profile = "github-actions"
    starting = ("POST", "/repos/{owner}/{repo}/actions/workflows/{_workflow}/dispatches")
    starting_body: ClassVar[str] = '{"ref": "main", "return_run_details": true}'
    polling = "/repos/{owner}/{repo}/actions/runs/{id}"
    params: ClassVar[Mapping[str, str]] = {"owner": "octo-org", "repo": "octo-repo"}
    words: ClassVar[Mapping[State, str]] = {
        State.PENDING: "queued",
        State.RUNNING: "in_progress",
        State.BLOCKED: "waiting",
        State.SUCCEEDED: "success",
        State.FAILED: "failure",
        State.CANCELLED: "cancelled",
    }
    errors: ClassVar[Mapping[int, tuple[str, str]]] = {
        401: ("", "Bad credentials"),
        403: ("", "Request forbidden: a User-Agent header is required."),
        404: ("", "Not Found"),
        429: ("", "You have exceeded a secondary rate limit."),
    }

    def new_id(self, number: int) -> str:
        """Return a number."""
        return str(30433642000 + number)

    def start_reply(self, call: Call, job: Job) -> Reply:
        """Answer 204, or 200 with the run if the call asked for that."""
        asked = json_body(call.request)
        if not (isinstance(asked, dict) and asked.get("return_run_details") is True):
            return Reply(204)
        document = {
            "workflow_run_id": int(job.id),
            "run_url": call.base_url + self.path(job),
            "html_url": _page(job),
        }
        return Reply.json(200, document)

    def poll(self, call: Call) -> Reply:
        """Refuse a poll that does not say who asks."""
        if "user-agent" not in call.request.headers:
            return self.refusal(403, call.now)
        return super().poll(call)

    def poll_reply(self, call: Call, job: Job, phase: JobPhase) -> Reply:
        """Answer with the run, its ETag and what is left of the limit, or 304."""
        word = self.word(phase.state)
        ended = phase.state.is_terminal
        document = {
            "id": int(job.id),
            "name": "Build",
            "display_title": job.script.message or "Update README.md",
            "status": "completed" if ended else word,
            "conclusion": word if ended else None,
            "run_attempt": 1,
            "html_url": _page(job),
            "created_at": stamp(job, digits=0),
            "run_started_at": stamp(job, digits=0),
            "updated_at": stamp(job, phase.since, digits=0),
        }
        limits = {
            "X_RateLimit_Limit": str(_LIMIT),
            "X_RateLimit_Remaining": str(max(0, _LIMIT - job.polls)),
            "X_RateLimit_Reset": str(int(call.now) // _HOUR * _HOUR + _HOUR),
        }
        return with_etag(call.request, Reply.json(200, document, **limits))

    def envelope(self, status: int, code: str, message: str) -> Any:
        """Return GitHub's error document."""
        del code
        link = "https://docs.github.com/rest/actions/workflow-runs"
        return {"message": message, "documentation_url": link, "status": str(status)}


def _page(job: Job) -> str:
    return f"https://github.com/{job.params['owner']}/{job.params['repo']}/actions/runs/{job.id}"
