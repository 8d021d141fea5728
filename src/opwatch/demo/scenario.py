"""The operations that ``opwatch demo`` watches.

Decides what a newcomer sees: eight operations of five providers, named in all
three ways, of which one fails at 100 %; a rate limit, a bad gateway and a lost
connection happen on the way.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from opwatch.demo.script import Hitch, Script
from opwatch.domain.operation import OperationError, State

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from opwatch.demo.jobs import Started
    from opwatch.demo.server import DemoServer


@dataclass(frozen=True, slots=True)
class DemoOperation:
    """An operation to watch with *profile* and *params*, which must end as *expected*."""

    profile: str
    id: str
    reference: str
    params: Mapping[str, str]
    expected: State


def _by_id(started: Started) -> str:
    return started.id


def _by_url(started: Started) -> str:
    return started.url


def _by_path(started: Started) -> str:
    return started.path


@dataclass(frozen=True, slots=True)
class _Part:
    profile: str
    named: Callable[[Started], str]
    script: Script


_TO_THE_TOP: Final = (0.0, 15.0, 30.0, 45.0, 60.0, 75.0, 90.0, 100.0)
_MISSING: Final = OperationError(
    code="InvalidResource",
    message="Resource 'Crane 2' is assigned to a task that is not in the schedule.",
)
_CAST: Final = (
    _Part("fullstory", _by_id, Script(6.0, pending=0.5)),
    _Part("fullstory", _by_url, Script(9.0, pending=1.0, hitches=(Hitch(3, 502, times=2),))),
    _Part("powerplatform", _by_url, Script(7.0, pending=1.5, hitches=(Hitch(4, None),))),
    _Part("bentley-schedules", _by_id, Script(5.0, pending=1.0, hitches=(Hitch(3, 429, wait=1),))),
    _Part(
        "bentley-schedules",
        _by_path,
        Script(10.0, State.FAILED, pending=2.0, steps=_TO_THE_TOP, error=_MISSING),
    ),
    _Part("seismic-programs", _by_id, Script(8.0, pending=3.0)),
    _Part("seismic-programs", _by_id, Script(12.0, pending=0.5)),
    _Part(
        "sap-service-manager",
        _by_path,
        Script(11.0, pending=1.0, message="Creating the service instance"),
    ),
)


def scenario(server: DemoServer, *, scale: float = 1.0) -> tuple[DemoOperation, ...]:
    """Start the operations of the demo, all their times multiplied by *scale*.

    The last one ends after ``12 * scale`` seconds.
    """
    return tuple(_start(server, part, scale) for part in _CAST)


def _start(server: DemoServer, part: _Part, scale: float) -> DemoOperation:
    script = part.script
    timed = replace(script, seconds=script.seconds * scale, pending=script.pending * scale)
    started = server.start(part.profile, timed)
    return DemoOperation(part.profile, started.id, part.named(started), started.params, script.end)
