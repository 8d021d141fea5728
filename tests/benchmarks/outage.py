"""An outage of ten minutes in the middle of a thousand operations, in simulated time."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

from opwatch.domain.trouble import Trouble
from simulation.bench import REFUSED
from simulation.world import HOST, Host, Job, Spell, World

if TYPE_CHECKING:
    from simulation.world import Run

OPERATIONS: Final = 1000
BEGIN, END, LATER = 300.0, 900.0, 1000.0
NEARLY_ALL: Final = 0.99


def measure(rounds: int) -> dict[str, Any]:
    """Compare with the same run without an outage, each round with its own chance."""
    requests, heard = list[float](), list[float]()
    for seed in range(rounds):
        with_outage, without = (_run(seed, is_down=each) for each in (True, False))
        requests.append(with_outage.requests(BEGIN, END) / without.requests(BEGIN, END))
        heard.append(_heard_again(with_outage))
    return {"requests": requests, "heard_s": heard}


def _run(seed: int, *, is_down: bool) -> Run:
    spells = (Spell(BEGIN, END, REFUSED),) if is_down else ()
    jobs = {f"{n}": Job(2 * LATER) for n in range(OPERATIONS)}
    return World(jobs, {HOST: Host(spells=spells)}, seed=seed).watch(until=LATER)


def _heard_again(run: Run) -> float:
    """Return how long after its end nearly all operations have had a good answer."""
    first: dict[str, float] = {}
    for sent in run.sent:
        if sent.answered > END and not isinstance(sent.answer.findings[0], Trouble):
            first.setdefault(sent.poll.targets[0].id, sent.answered)
    place = math.ceil(NEARLY_ALL * OPERATIONS) - 1
    return sorted(first.values())[place] - END if len(first) > place else math.inf
