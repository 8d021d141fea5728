"""How one poll becomes one answer: profile, carrier, profile.

Decides nothing about operations; the profile writes the request and reads the
answer, the carrier gets it there, and a memory per operation keeps validators.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from opwatch.domain.answer import Answer, Unchanged
from opwatch.domain.trouble import Fault, Trouble
from opwatch.session.memory import Memory
from opwatch.session.pages import further_pages

if TYPE_CHECKING:
    from collections.abc import Mapping

    from opwatch.domain.answer import Poll
    from opwatch.domain.messages import Response
    from opwatch.profiles import Profile
    from opwatch.session.sender import Carrier

NOT_MODIFIED: Final = 304


class Fetcher:
    """Answers the polls of a run; *profiles* and *carriers* are by name of the profile."""

    def __init__(self, profiles: Mapping[str, Profile], carriers: Mapping[str, Carrier]) -> None:
        self._profiles = profiles
        self._carriers = carriers
        self._memories: dict[tuple[str, str], Memory] = {}

    async def __call__(self, poll: Poll) -> Answer:
        """Return the answer to *poll*; whatever goes wrong is in it, as trouble."""
        name = poll.targets[0].profile
        profile, carrier = self._profiles[name], self._carriers[name]
        memories = [
            self._memories.setdefault((target.profile, target.reference), Memory())
            for target in poll.targets
        ]
        targets = [m.place(target) for m, target in zip(memories, poll.targets, strict=True)]
        request = profile.request(targets)
        asked = request
        if poll.conditional and profile.conditional and len(targets) == 1:
            asked = memories[0].ask(request)
        until = carrier.now() + poll.timeout
        response = await carrier.carry(asked, poll.timeout)
        if isinstance(response, Trouble):
            return profile.read_status(targets, response)
        if response.status == NOT_MODIFIED:
            return _unchanged(response, len(targets), was_asked=asked is not request)
        pages = await further_pages(profile, carrier, targets, response, until)
        if isinstance(pages, Trouble):
            return Answer.all(pages, len(targets))
        answer = profile.read(targets, response, pages)
        for memory, finding in zip(memories, answer.findings, strict=True):
            memory.learn(response, finding)
        return answer


def _unchanged(response: Response, count: int, *, was_asked: bool) -> Answer:
    if was_asked:
        return Answer.all(Unchanged(), count)
    return Answer.all(Trouble(Fault.NOT_MODIFIED_UNASKED, status=response.status), count)
