"""How one poll becomes one answer: profile, sender, profile.

Decides nothing about operations: the profile writes the request and reads the answer,
the sender gets it there. But decides when a poll may be conditional: an ETag is a hint
to save quota, never the state itself, and without a reading that it stands for none is
sent. And when the pages of a list end: at the last, at one that was there before, or
after a thousand (fault 80). Half a list is never taken for a whole one.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, Protocol

from opwatch.domain.operation import Answer, Finding, Poll, Reading, Target, TargetKey, Unchanged
from opwatch.domain.trouble import Fault, Trouble

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from opwatch.domain.messages import Request, Response
    from opwatch.profiles import Profile

NOT_MODIFIED: Final = 304
MOST_PAGES: Final = 1000


class Sends(Protocol):
    """What brings a request to its answer; *now* is the run's clock, in seconds."""

    def now(self) -> float:
        """Return the time."""

    async def send(self, request: Request, timeout: float, /) -> Response | Trouble:
        """Return the answer to *request*, within *timeout* seconds."""


class Fetcher:
    """Answers the polls of a run; *profiles* and *senders* are by the profile's name."""

    def __init__(self, profiles: Mapping[str, Profile], senders: Mapping[str, Sends]) -> None:
        self._profiles = profiles
        self._senders = senders
        self._memories: dict[TargetKey, PollMemory] = {}

    def memory(self, target: Target) -> tuple[str | None, str | None, str | None]:
        """Return the validators of the last answer about *target*, and where it has moved to."""
        known = self._memories.get(target.key) or PollMemory.of(target)
        return known.etag, known.modified, known.moved_to

    async def __call__(self, poll: Poll) -> Answer:
        """Return the answer to *poll*; whatever goes wrong is trouble in it."""
        try:
            return await self._answer(poll)
        except (MemoryError, ExceptionGroup) as problem:
            if isinstance(problem, ExceptionGroup) and problem.split(MemoryError)[1]:
                raise
            # Others may give it back: the watch goes on, as without a descriptor.
            return Answer.all(Trouble(Fault.OS_ERROR, "out of memory"), len(poll.targets))

    async def _answer(self, poll: Poll) -> Answer:
        name = poll.targets[0].profile
        profile, sender = self._profiles[name], self._senders[name]
        memories = [
            self._memories.setdefault(target.key, PollMemory.of(target)) for target in poll.targets
        ]
        targets: Sequence[Target] = poll.targets
        if len(targets) == 1:  # the URL of one says nothing of the others
            targets = [memories[0].moved(targets[0])]
        request = profile.request(targets)
        asked = request
        if poll.conditional and profile.conditional and len(targets) == 1:
            asked = memories[0].conditional(request)
        until = sender.now() + poll.timeout
        response = await sender.send(asked, poll.timeout)
        if isinstance(response, Trouble):
            return profile.read_status(targets, response)
        if response.status == NOT_MODIFIED:
            return _unchanged(response, len(targets), was_asked=asked is not request)
        pages = await further_pages(profile, sender, targets, response, until)
        if isinstance(pages, Trouble):
            return Answer.all(pages, len(targets))
        answer = profile.read(targets, response, pages)
        for memory, finding in zip(memories, answer.findings, strict=True):
            memory.update(response, finding, is_own=len(targets) == 1)
        return answer


def _unchanged(response: Response, count: int, *, was_asked: bool) -> Answer:
    if was_asked:
        return Answer.all(Unchanged(), count)
    return Answer.all(Trouble(Fault.NOT_MODIFIED_UNASKED, status=response.status), count)


@dataclass(slots=True)
class PollMemory:
    """What a poll leaves for the next: validators (RFC 9110 §8.8), and the URL it moved to."""

    etag: str | None = None
    modified: str | None = None
    moved_to: str | None = None

    @classmethod
    def of(cls, target: Target) -> PollMemory:
        """Return what an earlier process left for the next poll of *target*."""
        earlier = target.earlier
        return cls(earlier.etag, earlier.modified, earlier.moved_to) if earlier else cls()

    def moved(self, target: Target) -> Target:
        """Return *target* at the URL that the last answer named."""
        return replace(target, url=self.moved_to) if self.moved_to else target

    def conditional(self, request: Request) -> Request:
        """Return *request* made conditional, if there is something to compare with."""
        if self.etag is not None:
            return request.with_headers(If_None_Match=self.etag)
        if self.modified is not None:
            return request.with_headers(If_Modified_Since=self.modified)
        return request

    def update(self, response: Response, finding: Finding, *, is_own: bool) -> None:
        """Keep what the next poll needs of *response*, if it was a good one.

        A validator is of one URL: that of a list, or of where it moves from, is of no use.
        """
        self.etag = self.modified = None
        if not isinstance(finding, Reading):
            return
        if finding.moved_to not in {None, self.moved_to}:
            self.moved_to = finding.moved_to
        elif is_own:
            self.etag = response.headers.get("etag")
            self.modified = response.headers.get("last-modified")


async def further_pages(
    profile: Profile,
    sender: Sends,
    targets: Sequence[Target],
    first: Response,
    until: float,
) -> tuple[Response, ...] | Trouble:
    """Return the pages after *first*, or the trouble with one of them.

    All of them must be there at *until* of the run's clock.
    """
    pages: list[Response] = []
    page, seen = first, {first.url}
    while (request := profile.next_page(targets, page)) is not None:
        if isinstance(request, Trouble):
            return request
        if request.url in seen or len(pages) >= MOST_PAGES:
            return Trouble(Fault.REDIRECT_LOOP, "its pages lead in a circle")
        seen.add(request.url)
        reply = await sender.send(request, until - sender.now())
        if isinstance(reply, Trouble):
            return reply
        pages.append(reply)
        page = reply
    return tuple(pages)
