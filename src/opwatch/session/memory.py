"""What one operation's polls leave for the next: a validator, and a moved URL.

Decides when a poll may be conditional. An ETag is a hint to save quota, never
the state itself: without a reading to stand for, none is sent.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from opwatch.domain.operation import Reading

if TYPE_CHECKING:
    from opwatch.domain.answer import Finding
    from opwatch.domain.messages import Request, Response
    from opwatch.domain.operation import Target


@dataclass(slots=True)
class Memory:
    """One operation's validators (RFC 9110 §8.8) and the URL that it moved to."""

    etag: str | None = None
    modified: str | None = None
    moved_to: str | None = None

    def place(self, target: Target) -> Target:
        """Return *target* at the URL that the last answer named."""
        return replace(target, url=self.moved_to) if self.moved_to else target

    def ask(self, request: Request) -> Request:
        """Return *request* made conditional, if there is something to compare with."""
        if self.etag is not None:
            return request.with_headers(If_None_Match=self.etag)
        if self.modified is not None:
            return request.with_headers(If_Modified_Since=self.modified)
        return request

    def learn(self, response: Response, finding: Finding) -> None:
        """Keep what *response* says for the next poll, if it was a good one."""
        if not isinstance(finding, Reading):
            self.etag = self.modified = None
            return
        self.etag = response.headers.get("etag")
        self.modified = response.headers.get("last-modified")
        self.moved_to = finding.moved_to or self.moved_to
