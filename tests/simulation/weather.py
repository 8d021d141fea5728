"""Worlds drawn by lot: what can befall a watch, in any mixture.

Decides how likely each misfortune is. A seed names a world for ever.
"""

from __future__ import annotations

import math
import random
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from opwatch.domain.operation import State, Unchanged
from opwatch.domain.outcome import Abort, Goal, Policy
from opwatch.domain.pacing import Limits, Pace, PollingRules
from opwatch.domain.trouble import Fault, Trouble
from simulation.world import Host, Job, Spell, World

if TYPE_CHECKING:
    from simulation.world import Run

OUTAGES: Final = (
    Trouble(Fault.CONNECTION_REFUSED),
    Trouble(Fault.UNRESOLVED),
    Trouble(Fault.TIMEOUT),
    Trouble(Fault.CONNECTION_LOST),
    Trouble(Fault.NO_DESCRIPTORS),
    Trouble(Fault.STATUS_TRANSIENT, status=502),
    Trouble(Fault.HTML, status=200),
    Trouble(Fault.CERTIFICATE),
)
LIMITS: Final = (
    Trouble(Fault.STATUS_THROTTLED, status=429),
    Trouble(Fault.STATUS_THROTTLED, status=429, wait=0.0),
    Trouble(Fault.STATUS_THROTTLED, status=429, wait=5.0),
    Trouble(Fault.STATUS_THROTTLED, status=503, wait=90.0),
    Trouble(Fault.STATUS_THROTTLED, status=429, wait=86_400.0),
)
ODDITIES: Final = (
    Trouble(Fault.WRONG_ID),
    Trouble(Fault.NO_STATUS),
    Trouble(Fault.EMPTY, status=204),
    Trouble(Fault.NOT_JSON),
    Trouble(Fault.STATUS_UNAUTHORIZED, status=401),
    Trouble(Fault.STATUS_FORBIDDEN, status=403),
    Trouble(Fault.STATUS_NOT_FOUND, status=404),
    Trouble(Fault.STATUS_REFUSED, status=400),
    Trouble(Fault.MISSING_FROM_BATCH),
    Unchanged(),
)
HOSTS: Final = ("https://one.example", "https://two.example", "https://three.example")
ENDS: Final = (State.SUCCEEDED, State.SUCCEEDED, State.FAILED, State.CANCELLED)


@dataclass(frozen=True, slots=True)
class Scene:
    """A world, and what is asked of the watcher in it."""

    world: World
    policy: Policy
    polling_rules: PollingRules


def scene(seed: int) -> Scene:
    """Return the world that *seed* names."""
    rng = random.Random(seed)  # noqa: S311, a reproducible world is the point
    count = rng.choice((1, 1, 2, 5, 20, 60))
    hosts = HOSTS[: rng.randint(1, min(3, count))]
    group = rng.choice(("", "", "g"))
    jobs = {f"job-{n}": job(rng, hosts, group) for n in range(count)}
    world = World(
        jobs,
        {name: host(rng) for name in hosts},
        seed=seed,
        suspends=[(rng.uniform(0, 3600), rng.uniform(20, 7200))] if rng.random() < 0.2 else (),
        signals=[(rng.uniform(0, 7200), rng.choice(list(Abort)[:3]))] if rng.random() < 0.1 else (),
    )
    return Scene(world, policy(rng), polling_rules(rng, group))


def job(rng: random.Random, hosts: tuple[str, ...], group: str) -> Job:
    duration = math.exp(rng.uniform(math.log(3), math.log(5400)))
    return Job(
        duration,
        rng.choice(ENDS),
        host=rng.choice(hosts),
        group=group,
        percent=rng.choice((None, None, linear, stepped)),
        appears=rng.choice((-math.inf, -math.inf, rng.uniform(0, 40))),
        vanishes=duration + 3600 if rng.random() < 0.05 else math.inf,
        words=("Frobnicating", "Wibbling") if rng.random() < 0.1 else (),
        wait=rng.choice((None, None, None, 20.0)),
        spells=(spell(rng, ODDITIES),) if rng.random() < 0.1 else (),
    )


def linear(part: float) -> float:
    return math.floor(100 * part)


def stepped(part: float) -> float:
    return math.floor(10 * part) * 10.0


def host(rng: random.Random) -> Host:
    spells = [spell(rng, OUTAGES) for _ in range(rng.choice((0, 0, 1, 2)))]
    spells += [spell(rng, LIMITS) for _ in range(rng.choice((0, 0, 0, 1)))]
    spells += [spell(rng, ODDITIES) for _ in range(rng.choice((0, 0, 0, 1)))]
    slowest = rng.choice((0.2, 1.0, 8.0))
    return Host(
        latency=(0.01, slowest),
        spells=tuple(spells),
        limit=rng.choice((math.inf, math.inf, 2.0, 9.0)),
        hint=rng.choice((None, 0.0, 15.0)),
        etags=rng.random() < 0.3,
        largest=rng.choice((1_000_000, 7)),
    )


def spell(rng: random.Random, findings: tuple[Trouble | Unchanged, ...]) -> Spell:
    start = rng.choice((0.0, rng.uniform(0, 4000)))
    length = math.exp(rng.uniform(math.log(2), math.log(4000)))
    return Spell(start, start + length, rng.choice(findings), rng.choice((1.0, 1.0, 0.5, 0.1)))


def policy(rng: random.Random) -> Policy:
    return Policy(
        goal=rng.choice((Goal.ALL, Goal.ALL, Goal.ALL, Goal.ANY)),
        timeout=rng.choice((None, 30.0, 600.0, 3600.0)),
        lost_after=rng.choice((900.0, 900.0, 300.0)),
        stall=rng.choice((None, None, 1200.0)),
        interval=rng.choice((None, None, None, 5.0)),
        confirm=rng.choice((None, None, 2)),
        fail_fast=rng.random() < 0.1,
        once=rng.random() < 0.1,
    )


def polling_rules(rng: random.Random, group: str) -> PollingRules:
    return PollingRules(
        pace=rng.choice((Pace(), Pace(first=5.0, longest=120.0), Pace(steps=(1.0, 4.0, 15.0)))),
        limits=rng.choice((Limits(), Limits(rate=2.0, burst=3, at_once=2), Limits(rate=50.0))),
        batch=rng.choice((5, 50)) if group else 1,
        gone=rng.choice((None, State.SUCCEEDED)),
    )


def play(seed: int) -> Run:
    """Return the watch of the world that *seed* names."""
    it = scene(seed)
    return it.world.watch(it.policy, it.polling_rules)
