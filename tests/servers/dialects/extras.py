"""What the dialects here need of the demo server that the five of the program do not.

Decides how an operation waits for a person, how it makes room for another of its id,
and how the body of a request is read.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from opwatch.demo.jobs import JobPhase, Script
from opwatch.domain.operation import State

if TYPE_CHECKING:
    from opwatch.demo.http import Request
    from opwatch.demo.jobs import Jobs


@dataclass(frozen=True, slots=True)
class BlockedScript(Script):
    """The life of an operation that, before it runs, waits for a person for *blocked* seconds."""

    blocked: float = 1.0

    def at(self, elapsed: float) -> JobPhase:
        """Return where the operation stands *elapsed* seconds after its start."""
        runs = self.pending + self.blocked
        if self.pending <= elapsed < runs:
            return JobPhase(State.BLOCKED, 0.0, self.pending)
        # The class that a dataclass with slots replaces has no super() without arguments.
        return Script.at(self if elapsed < runs else replace(self, pending=runs), elapsed)


def forget(jobs: Jobs, profile: str, name: str) -> None:
    """Drop the operation of *profile* with the id *name*, if there is one."""
    with jobs._lock:
        jobs._jobs.pop((profile, name), None)


def json_body(request: Request) -> Any:
    """Return the body of *request* as JSON, None if it is not JSON."""
    try:
        return json.loads(request.body)
    except ValueError:
        return None
