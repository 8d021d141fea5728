"""Shopify bulk operations: GraphQL, where what goes wrong is an answer of 200.

https://shopify.dev/docs/api/admin-graphql/latest/objects/BulkOperation
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, ClassVar, Final

from opwatch.demo.dialect import Dialect, Route, shows, stamp
from opwatch.demo.http import Reply
from opwatch.domain.operation import State
from servers.dialects.extras import json_body

if TYPE_CHECKING:
    from collections.abc import Mapping

    from opwatch.demo.dialect import Call
    from opwatch.demo.http import Request
    from opwatch.demo.jobs import Job, JobPhase

_PATH: Final = "/admin/api/{_version}/graphql.json"
_FILE: Final = b'{"id":"gid://shopify/Product/1"}\n{"id":"gid://shopify/Product/2"}\n'
_ID: Final = re.compile(r"gid://shopify/BulkOperation/\d+")
_FIELD: Final = re.compile(r"\b(node|bulkOperation)\s*\(")


class Shopify(Dialect):
    """One URL for everything; the operation is named in the body."""

    profile = "shopify-bulk"
    starting = ("POST", _PATH)
    starting_body: ClassVar[str] = (
        '{"query": "mutation { bulkOperationRunQuery(query: $q) { userErrors } }"}'
    )
    polling = "/admin/api/2025-07/graphql.json"
    words: ClassVar[Mapping[State, str]] = {
        State.PENDING: "CREATED",
        State.RUNNING: "RUNNING",
        State.SUCCEEDED: "COMPLETED",
        State.FAILED: "FAILED",
        State.CANCELLED: "CANCELED",
    }
    errors: ClassVar[Mapping[int, tuple[str, str]]] = {
        400: ("undefinedField", "The query asks for nothing that is served here."),
        401: ("", "[API] Invalid API key or access token"),
        429: ("THROTTLED", "Throttled"),
    }

    def routes(self) -> tuple[Route, ...]:
        """Return the one call that there is, and the file that it leads to."""
        return (
            Route(*self.starting, self.graphql),
            Route("GET", "/shopify-bulk/{_file:[0-9]+}.jsonl", self.download, open=True),
        )

    def permits(self, request: Request) -> bool:
        """Want the token in a header of its own."""
        return shows(request, "X-Shopify-Access-Token", "{secret}")

    def new_id(self, number: int) -> str:
        """Return a global id."""
        return f"gid://shopify/BulkOperation/{720918 + number}"

    def graphql(self, call: Call) -> Reply:
        """Start an operation for a mutation, and show one for a query."""
        asked = json_body(call.request)
        text = str(asked.get("query")) if isinstance(asked, dict) else ""
        if "bulkOperationRunQuery" in text:
            return self.start(call)
        field, found = _FIELD.search(text), _ID.search(str(asked))
        if not field or not found:
            return self.refusal(400, call.now)
        job = call.jobs.find(self.profile, found[0])
        if job is None:
            return Reply.json(200, {"data": {field[1]: None}})
        shown = {"data": {field[1]: self.operation(call, job, job.phase(call.now))}}
        return self.hitch_reply(call, job) or Reply.json(200, shown)

    def download(self, call: Call) -> Reply:
        """Serve the file, a line for each object."""
        name = call.params["_file"]
        headers = (
            ("Content-Type", "application/jsonl"),
            ("Content-Disposition", f'attachment; filename="bulk-{name}.jsonl"'),
        )
        return Reply(200, _FILE, headers)

    def start_reply(self, call: Call, job: Job) -> Reply:
        """Answer with the operation in the mutation's payload."""
        operation = self.operation(call, job, job.phase(call.now))
        payload = {"bulkOperation": operation, "userErrors": []}
        return Reply.json(200, {"data": {"bulkOperationRunQuery": payload}})

    def poll_reply(self, call: Call, job: Job, phase: JobPhase) -> Reply:
        """Answer with the node."""
        return Reply.json(200, {"data": {"node": self.operation(call, job, phase)}})

    def operation(self, call: Call, job: Job, phase: JobPhase) -> dict[str, Any]:
        """Return every field, whichever were asked for; the count is a text."""
        succeeded, failed = phase.state is State.SUCCEEDED, phase.state is State.FAILED
        code = job.script.failure.code
        file = f"{call.storage_url}/shopify-bulk/{job.id.rpartition('/')[2]}.jsonl"
        return {
            "id": job.id,
            "status": self.word(phase.state),
            "errorCode": code if failed else None,
            "objectCount": str(int(phase.percent * 10)),
            "createdAt": stamp(job, digits=0),
            "completedAt": stamp(job, phase.since, digits=0) if succeeded else None,
            "url": file if succeeded else None,
            "partialDataUrl": None,
        }

    def refusal(self, status: int, now: float, wait: int = 0) -> Reply:
        """Return errors with the status 200, but for the credential."""
        del now, wait
        document = self.envelope(status, *self.errors[status])
        return Reply.json(401 if status == 401 else 200, document)

    def envelope(self, status: int, code: str, message: str) -> Any:
        """Return GraphQL's errors; the gateway in front sends a text."""
        if status == 401:
            return {"errors": message}
        return {"errors": [{"message": message, "extensions": {"code": code}}]}
