"""The operations that ``opwatch demo`` watches.

Decides what a newcomer sees: eight operations of five providers, named in all
three ways, of which one fails at 100 %; a rate limit, a bad gateway and a lost
connection happen on the way.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from operator import attrgetter
from typing import TYPE_CHECKING, Final

from opwatch.demo.jobs import Hitch, Script
from opwatch.domain.operation import OperationError, State

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from opwatch.demo.jobs import StartedJob
    from opwatch.demo.server import DemoServer


@dataclass(frozen=True, slots=True)
class DemoOperation:
    """An operation to watch with *profile* and *params*, which must end as *expected*."""

    profile: str
    id: str
    reference: str
    params: Mapping[str, str]
    expected: State


@dataclass(frozen=True, slots=True)
class _Entry:
    profile: str
    reference: Callable[[StartedJob], str]
    script: Script


_BY_ID, _BY_URL, _BY_PATH = map(attrgetter, ("id", "url", "path"))
_TO_THE_TOP: Final = (0.0, 15.0, 30.0, 45.0, 60.0, 75.0, 90.0, 100.0)
_MISSING: Final = OperationError(
    code="InvalidResource",
    message="Resource 'Crane 2' is assigned to a task that is not in the schedule.",
)
_ENTRIES: Final = (
    _Entry("fullstory", _BY_ID, Script(6.0, pending=0.5)),
    _Entry("fullstory", _BY_URL, Script(9.0, pending=1.0, hitches=(Hitch(3, 502, times=2),))),
    _Entry("powerplatform", _BY_URL, Script(7.0, pending=1.5, hitches=(Hitch(4, None),))),
    _Entry("bentley-schedules", _BY_ID, Script(5.0, pending=1.0, hitches=(Hitch(3, 429, wait=1),))),
    _Entry(
        "bentley-schedules",
        _BY_PATH,
        Script(10.0, State.FAILED, pending=2.0, steps=_TO_THE_TOP, error=_MISSING),
    ),
    _Entry("seismic-programs", _BY_ID, Script(8.0, pending=3.0)),
    _Entry("seismic-programs", _BY_ID, Script(12.0, pending=0.5)),
    _Entry(
        "sap-service-manager",
        _BY_PATH,
        Script(11.0, pending=1.0, message="Creating the service instance"),
    ),
)


def scenario(server: DemoServer, *, scale: float = 1.0) -> tuple[DemoOperation, ...]:
    """Start the operations of the demo, all their times multiplied by *scale*.

    The last one ends after ``12 * scale`` seconds.
    """
    return tuple(_start(server, entry, scale) for entry in _ENTRIES)


def _start(server: DemoServer, entry: _Entry, scale: float) -> DemoOperation:
    script = entry.script
    timed = replace(script, seconds=script.seconds * scale, pending=script.pending * scale)
    started = server.start(entry.profile, timed)
    return DemoOperation(
        entry.profile, started.id, entry.reference(started), started.params, script.end
    )
