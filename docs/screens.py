"""The picture of the README: a real watcher, scripted answers, the real renderer."""

from __future__ import annotations

from typing import Final

from opwatch.domain.events import Event, Ticked
from opwatch.domain.operation import Answer, Reading, State, Target
from opwatch.domain.outcome import Policy
from opwatch.domain.pacing import Pace, PollingRules
from opwatch.domain.trouble import Fault, Trouble
from opwatch.watcher.watcher import Watcher
from picture import picture

EVERY: Final = 4.0
SHOWN_AT: Final = 72.0
ORIGIN: Final = "https://api.example.com"


def answer(reference: str, at: float) -> Reading | Trouble:
    """Return what the API would say of *reference* after *at* seconds."""
    match reference:
        case "export-7f3a6c91":
            if at >= 48:
                return Reading(
                    State.SUCCEEDED, "COMPLETED", 100.0, result={"searchExportId": "YKDYR5ye"}
                )
            return Reading(State.RUNNING, "RUNNING", at * 2)
        case "export-9c01d207":
            return Reading(State.RUNNING, "RUNNING", at * 0.8)
        case "import-44" if at > 48:
            return Trouble(Fault.STATUS_TRANSIENT, status=502, host="api.example.com")
        case "import-44":
            return Reading(State.RUNNING, "RUNNING", at / 2)
        case _:
            return Reading(State.PENDING, "PENDING", message="waiting for a free worker")


def events() -> list[Event]:
    names = ["export-7f3a6c91", "export-9c01d207", "delete-user-2", "import-44"]
    targets = [Target(name, name, ORIGIN, "fullstory") for name in names]
    polling_rules = {"fullstory": PollingRules(Pace(first=EVERY, longest=EVERY))}
    # Chance is left out, so that the picture is the same each time.
    watcher = Watcher(
        targets,
        polling_rules,
        Policy(timeout=1800),
        now=0.0,
        uniform=lambda low, high: (low + high) / 2,
    )
    told, now = watcher.start(), 0.0
    while now < SHOWN_AT:
        told += watcher.tick(now)
        for poll in watcher.due(now):
            found = tuple(answer(target.reference, now) for target in poll.targets)
            told += watcher.record(poll, Answer(found), now)
        now = max(now + 0.1, min(watcher.wake_at(now), now + 1))
        told.append(Ticked(now))
    return told


def screen() -> str:
    return picture(events(), columns=100, title="opwatch wait")
