"""GitHub Actions: a workflow run has a status and, when completed, a conclusion.

https://docs.github.com/rest/actions/workflow-runs
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Final

from opwatch.demo.dialect import Dialect, Route, stamp, with_etag
from opwatch.demo.http import Reply
from opwatch.domain.operation import State
from servers.dialects.extras import json_body

if TYPE_CHECKING:
    from collections.abc import Mapping

    from opwatch.demo.dialect import Call
    from opwatch.demo.jobs import Job, JobPhase

_STAMP: Final = "2026-11-28T10:00:00.1234567Z "
# A log as a runner writes it, by whoever can choose what a test prints.
LOG: Final = (
    "##[group]Run make test",
    *(f"test {number} ok" for number in range(1, 31)),
    "\x1b[31mFAILED\x1b[0m [bold]test_sum[/bold]\t1 != 2",
    "::error title=forged::all is well ##vso[task.complete result=Succeeded]",
    "downloading 10%\rdownloading 100%",
    "##[error]Process completed with exit code 1.",
    "Post job cleanup.",
    "Cleaning up orphan processes",
)
_FIRST: Final = 30433642000
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

    def routes(self) -> tuple[Route, ...]:
        """Return the usual calls, and those about the jobs of a run."""
        repo = "/repos/{owner}/{repo}/actions"
        return (
            *super().routes(),
            Route("GET", repo + "/runs/{id}/jobs", self.jobs),
            Route("GET", repo + "/jobs/{job}/logs", self.logs),
            Route("GET", "/github-logs/{job}.txt", self.signed_log, open=True),
        )

    def new_id(self, number: int) -> str:
        """Return a number."""
        return str(_FIRST + number)

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
            "run_number": int(job.id) - _FIRST,
            "display_title": job.script.message or "Update README.md",
            "status": "completed" if ended else word,
            "conclusion": word if ended else None,
            "run_attempt": 1,
            "html_url": _page(job),
            "jobs_url": f"{call.base_url}{self.path(job)}/jobs",
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

    def jobs(self, call: Call) -> Reply:
        """Answer with the jobs of the run: one that has gone well, one that has not."""
        job = call.jobs.find(self.profile, call.params["id"])
        if job is None:
            return self.refusal(404, call.now)
        word = self.word(job.phase(call.now).state)
        api = f"{call.base_url}/repos/{job.params['owner']}/{job.params['repo']}/actions/jobs"
        found = [
            {
                "id": int(job.id) * 10 + index,
                "name": name,
                "status": "completed",
                "conclusion": conclusion,
                "url": f"{api}/{int(job.id) * 10 + index}",
                "html_url": f"{_page(job)}/job/{int(job.id) * 10 + index}",
                "steps": [
                    {"name": "Set up job", "conclusion": "success", "number": 1},
                    {"name": "Run make test", "conclusion": conclusion, "number": 2},
                ],
            }
            for index, (name, conclusion) in enumerate((("lint", "success"), ("test", word)))
        ]
        return Reply.json(200, {"total_count": len(found), "jobs": found})

    def logs(self, call: Call) -> Reply:
        """Redirect to where the log is, signed, at another host."""
        location = f"{call.storage_url}/github-logs/{call.params['job']}.txt?sig=demo"
        return Reply(302, headers=(("Location", location),))

    def signed_log(self, call: Call) -> Reply:
        """Serve the log to a signed URL, and to nobody who shows a credential there."""
        if "authorization" in call.request.headers or call.request.parameter("sig") != "demo":
            return self.refusal(403, call.now)
        text = "".join(f"{_STAMP}{line}\n" for line in LOG)
        return Reply(200, text.encode(), (("Content-Type", "text/plain"),))

    def envelope(self, status: int, code: str, message: str) -> Any:
        """Return GitHub's error document."""
        del code
        link = "https://docs.github.com/rest/actions/workflow-runs"
        return {"message": message, "documentation_url": link, "status": str(status)}


def _page(job: Job) -> str:
    return f"https://github.com/{job.params['owner']}/{job.params['repo']}/actions/runs/{job.id}"
