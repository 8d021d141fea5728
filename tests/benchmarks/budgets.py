"""What is promised of the speed: each row of the table, and the figure that it is held to."""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING, Any, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping


class Budget(NamedTuple):
    """*most* of the *figure* of a *part*, in *unit*. *is_short*: README shows it as well."""

    part: str
    figure: str
    what: str
    against: str
    most: float
    unit: str = "×"  # noqa: RUF001, so many times
    is_short: bool = True


GET_SCRIPT: Final = "the smallest script with {} and httpx2 that sends the same request"
BUDGETS: Final = (
    Budget("startup", "version", "`opwatch --version`", "`python -c pass`", 1.6),
    Budget("startup", "tab", "one TAB", "the same", 1.6, is_short=False),
    Budget("startup", "help", "`opwatch --help`", "a bare typer app with two commands", 0.7),
    Budget(
        "startup", "get", "`opwatch get --json`, one operation", GET_SCRIPT.format("typer"), 1.1
    ),
    Budget("polls", "ratio", "CPU of a poll, of 2,000", "bare httpx2 at its best concurrency", 1.0),
    Budget("looks", "ratio", "2,000 looks at a host that answers in 1 ms", "the same", 4.0),
    Budget(
        "limited",
        "time",
        "2,000 looks at a host with 429 above 50/s",
        "the least time possible",
        1.3,
    ),
    Budget("limited", "requests", "its requests", "the operations", 1.1, is_short=False),
    Budget("crowd", "memory_mib", "10,000 watched, with bars: peak memory", "", 100, " MiB"),
    Budget("crowd", "stall_cpu_ms", "longest stall of the loop, in CPU", "", 50, " ms"),
    Budget("crowd", "drawing_percent", "CPU of drawing", "all else", 10, " %", is_short=False),
    Budget("schedules", "of_optimum", "requests without progress", "the exact optimum", 1.15),
    Budget(
        "schedules", "requests", "requests with even progress", "571 every 3 s, 1.5 s late", 30, ""
    ),
    Budget("schedules", "late_s", "how late they are", "", 1.5, " s", is_short=False),
    Budget(
        "remembered",
        "requests",
        "requests, runs of 10 minutes whose past durations are known",
        "32 without memory",
        6,
        "",
    ),
    Budget("remembered", "late_s", "how late they are noticed", "", 15, " s", is_short=False),
    Budget(
        "outage", "requests", "1,000 in an outage of 10 minutes: requests", "without outage", 0.01
    ),
    Budget("outage", "heard_s", "99 % of them confirmed after its end", "", 30, " s"),
)


class Found(NamedTuple):
    """What was measured for a budget: the median of the rounds, the least and the most."""

    median: float
    least: float
    most: float
    rounds: int

    def meets(self, budget: Budget) -> bool:
        """Tell whether the figure, rounded as it is shown, is within *budget*."""
        return float(shown(self.median)) <= budget.most


def found_for(budget: Budget, parts: Mapping[str, Any]) -> Found | None:
    """Return what was measured for *budget*, None if it was not."""
    samples = parts.get(budget.part, {}).get(budget.figure)
    if not samples:
        return None
    return Found(median(samples), min(samples), max(samples), len(samples))


def shown(value: float) -> str:
    """Return *value* with as many digits as tell something."""
    return f"{value:.3g}" if value < 1000 else f"{value:.0f}"


def with_unit(value: float, unit: str) -> str:
    return f"{shown(value)}{unit}"
