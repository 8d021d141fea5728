"""A recording, read: what the run began with, and what its watcher was given, in order.

Decides that a file whose last line is torn, or that has no end, is the beginning of a run
and good for that; any other damage is an error. What a recording holds is not trusted:
nothing in it is run, sent or asked for. Its replies go through ``Fetcher`` once more, which
follows pages and moved URLs and remembers validators as it does in a run; only the network is
not there.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from opwatch.domain.errors import OpwatchError, UsageError
from opwatch.domain.operation import Answer, Poll, Target
from opwatch.domain.outcome import Policy
from opwatch.domain.trouble import Trouble
from opwatch.profiles.snapshot import restore_profile
from opwatch.session.fetch import NOT_MODIFIED, Fetcher
from opwatch.session.recording.codec import Reply, decode

if TYPE_CHECKING:
    from collections.abc import Coroutine, Iterator, Mapping, Sequence

    from opwatch.domain.messages import Request, Response
    from opwatch.profiles import Profile

FORMAT: Final = 1
DAMAGE: Final = (
    *(AttributeError, IndexError, KeyError, OverflowError, RecursionError, TypeError, ValueError),
)
"""What reading a value of an unexpected form raises."""


@dataclass(frozen=True, slots=True)
class Recording:
    """A run as it was recorded. *lines* is all that its watcher was given.

    *end* is its last line, None if the recording ends before the run did; *cut* tells that
    it was as large as it may be.
    """

    head: Mapping[str, Any]
    policy: Policy
    targets: tuple[Target, ...]
    profiles: Mapping[str, Profile]
    lines: Sequence[Mapping[str, Any]]
    end: Mapping[str, Any] | None
    cut: bool = False

    @property
    def began(self) -> float:
        """When the watch began, in seconds of the run's clock."""
        return float(self.head["clock"])

    @property
    def ended(self) -> float:
        """When the last thing happened that is recorded."""
        return float(self.end["at"] if self.end else self.lines[-1]["at"] if self.lines else 0.0)


def read_recording(data: bytes, name: str) -> Recording:
    """Return what the bytes of the file *name* hold.

    Raises:
        UsageError: it is no recording, or one of another format.
    """
    lines = _lines(data, name)
    if not lines or lines[0].get("opwatch") != "recording":
        raise UsageError(f"{name} is not a recording", hint="opwatch wait --record FILE  makes one")
    head = lines[0]
    if head.get("format") != FORMAT:
        raise UsageError(f"{name} is of format {head.get('format')!r}; this version knows {FORMAT}")
    cut = "cut" in lines[-1]
    body = lines[1:-1] if cut else lines[1:]
    end = body.pop() if body and "exit" in body[-1] else None
    try:
        profiles = {each: restore_profile(each, found) for each, found in head["profiles"].items()}
        targets = tuple(decode(Target, each) for each in head["targets"])
        policy = decode(Policy, head["policy"])
        if not all(each.profile in profiles for each in targets):
            raise damaged(name)
        return Recording(head, policy, targets, profiles, body, end, cut)
    except OpwatchError as problem:
        raise UsageError(f"{name} cannot be replayed: {problem}") from problem
    except DAMAGE as problem:
        raise damaged(name) from problem


def damaged(name: str) -> UsageError:
    """Return the error of a recording *name* that another program has changed."""
    return UsageError(f"{name} is damaged")


def _lines(data: bytes, name: str) -> list[dict[str, Any]]:
    *whole, rest = data.split(b"\n")
    try:
        found = [json.loads(each) for each in whole]
    except (ValueError, RecursionError) as problem:
        raise UsageError(f"{name} is not a recording") from problem
    del rest  # a line that was being written when the run was killed
    if not all(isinstance(each, dict) for each in found):
        raise damaged(name)
    return found


# -- its replies -------------------------------------------------------------------------

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
