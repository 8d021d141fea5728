"""A recording, read: what the run began with, and what its watcher was given, in order.

Decides that a file whose last line is torn, or that has no end, is the beginning of a run
and good for that; any other damage is an error. What a recording holds is not trusted:
nothing in it is run, sent or asked for.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from opwatch.domain.errors import OpwatchError, UsageError
from opwatch.domain.operation import Target
from opwatch.domain.outcome import Policy
from opwatch.profiles.snapshot import restore_profile
from opwatch.session.recording.codec import decode
from opwatch.session.recording.recorder import FORMAT

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from opwatch.profiles import Profile

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
