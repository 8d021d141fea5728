"""Recorded replies, read once more by the code that read them when they came.

Decides nothing: the replies go through ``Fetcher``, which follows pages and moved URLs and
remembers validators as it does in a run. Only the network is not there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from opwatch.domain.trouble import Trouble
from opwatch.session.fetch import NOT_MODIFIED, Fetcher

if TYPE_CHECKING:
    from collections.abc import Coroutine, Iterator, Mapping, Sequence

    from opwatch.domain.messages import Request, Response
    from opwatch.domain.operation import Answer, Poll
    from opwatch.profiles import Profile
    from opwatch.session.recording.codec import Reply

VALIDATORS: Final = frozenset({"if-none-match", "if-modified-since"})


class NotRecordedError(Exception):
    """A reply was asked for that is not in the recording."""


class RecordedAnswers:
    """Reads replies as *profiles*, by their names, would have; it stands for the network itself.

    Who asks for a whole answer where a 304 was recorded gets the last whole one.
    """

    def __init__(self, profiles: Mapping[str, Profile]) -> None:
        self._replies: Iterator[Reply] = iter(())
        self._whole: dict[str, Response] = {}
        self._fetch = Fetcher(profiles, dict.fromkeys(profiles, self))

    def read(self, poll: Poll, replies: Sequence[Reply]) -> Answer | None:
        """Return what *replies* say to *poll*, None if they are not all that is needed."""
        self._replies = iter(replies)
        try:
            return at_once(self._fetch(poll))
        except NotRecordedError:
            return None

    def now(self) -> float:
        """Return the time: no recorded reply is too late."""
        return 0.0

    async def send(self, request: Request, _timeout: float) -> Reply:
        """Return the next reply, whatever the request is.

        Raises:
            NotRecordedError: there is none.
        """
        reply = next(self._replies, None)
        if reply is None:
            raise NotRecordedError
        if isinstance(reply, Trouble):
            return reply
        if reply.status != NOT_MODIFIED:
            self._whole[reply.url] = reply
        elif not any(name.lower() in VALIDATORS for name in request.headers):
            return self._whole.get(reply.url, reply)
        return reply


def at_once(work: Coroutine[Any, Any, Answer]) -> Answer:
    """Return what *work* returns, which waits for nothing."""
    try:
        work.send(None)
    except StopIteration as done:
        answer: Answer = done.value
        return answer
    raise RuntimeError("a recorded reply was waited for")
