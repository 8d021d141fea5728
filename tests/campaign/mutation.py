"""How many small changes of ``watcher``, ``domain`` and ``profiles/reading`` the tests notice.

    pip install -e '.[mutation]' && python tests/campaign/mutation.py --minutes 30
    python tests/campaign/mutation.py --minutes 5 watcher/record --seed 3

A mutant is killed when one of the tests that hold its module fails, or does not come to an
end. Which of all mutants are tried in the time is by chance, and a seed names the chance. A
survivor that changes nothing that counts is listed in ``survivors.toml``, with the reason;
one without a reason shows a test that is missing.
"""

from __future__ import annotations

import argparse
import json
import math
import multiprocessing
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import tomllib
from importlib import import_module
from importlib.util import find_spec
from inspect import CO_OPTIMIZED
from pathlib import Path
from types import CodeType, FunctionType
from typing import TYPE_CHECKING, Any, Final

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import pytest
from _pytest.runner import runtestprotocol

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from campaign.mutants import Mutant

    Exchanges = Sequence[tuple[FunctionType, CodeType]]

TESTS: Final = Path(__file__).resolve().parents[1]
SOURCE: Final = TESTS.parent / "src"
REASONS: Final = Path(__file__).resolve().with_name("survivors.toml")
SEED: Final = 14
BOUND: Final = 0.95
ARGUMENTS: Final = (
    *("-q", "-n0", "--tb=no", "-p", "no:cacheprovider"),
    # Other parts of the campaign have loaded what a plugin of pytest's would have rewritten.
    *("-W", "ignore::pytest.PytestAssertRewriteWarning"),
)
LONGEST: Final = 20.0
"""Seconds of computing after which one test is taken for one that never ends."""
IDLE: Final = 1800.0
"""Seconds after which a process is taken for the same; a busy machine makes one slow as well."""
FAILED: Final = re.compile(r"^FAILED ([^\[\s]+)", re.MULTILINE)

WATCHER: Final = tuple(
    f"watcher/test_{name}.py"
    for name in (
        "decisions", "record", "deadline", "events", "oddities", "goals", "first_contact",
        "refusals", "not_found", "giving_up", "shared_host", "beginning", "scheduler", "gate",
        "trend", "lost_contact", "asking", "earlier", "usual", "looking",
    )
)  # fmt: skip
NEIGHBOURS: Final = "simulation/test_neighbours.py"
CONTRACT: Final = "test_contract.py"
READING: Final = ("profiles/reading", "profiles/test_builtin.py")
# Those most likely to notice come first, for the first that fails is the last one run.
_HELD_BY: Final = {
    "watcher/deadline": ("watcher/test_deadline.py", *WATCHER),
    "watcher/decisions": ("watcher/test_decisions.py", *WATCHER),
    "watcher/gate": ("watcher/test_gate.py", *WATCHER, NEIGHBOURS),
    "watcher/rate": ("watcher/test_rate.py", "watcher/test_gate.py", *WATCHER, NEIGHBOURS),
    "watcher/neighbour": (NEIGHBOURS, "watcher/test_rate.py", "session/test_recording.py"),
    "watcher/record": ("watcher/test_record.py", "watcher/test_earlier.py", *WATCHER),
    "watcher/scheduler": ("watcher/test_scheduler.py", *WATCHER),
    "watcher/watcher": (*WATCHER, NEIGHBOURS),
    "domain/auth": (
        *("domain/test_auth.py", CONTRACT, "credentials/test_credential.py"),
        *("credentials/test_search.py", "credentials/oauth", "output/commands"),
        "cli/test_auth.py",
    ),
    "domain/durations": ("domain/test_durations.py", "watcher/test_usual.py"),
    "domain/errors": (
        *("domain/test_errors.py", "output/test_errors.py", "credentials/test_credential.py"),
        *("session/test_start.py", "cli/test_start.py"),
    ),
    "domain/events": (CONTRACT, "watcher/test_events.py", "watcher/test_goals.py"),
    "domain/header_rules": ("domain/test_header_rules.py",),
    "domain/kept": (
        *("domain/test_kept.py", "state", "session/test_resume.py", "cli/test_history.py"),
    ),
    "domain/messages": ("domain/test_messages.py",),
    "domain/moments": ("domain/test_moments.py", "domain/test_retry_after.py"),
    "domain/operation": (
        *("domain/test_operation.py", "watcher/test_record.py", "watcher/test_earlier.py"),
        *(CONTRACT, "output/formats", "profiles/test_builtin.py"),
    ),
    "domain/origin": ("domain/test_origin.py", "credentials/test_security_rules.py"),
    "domain/outcome": (
        *(CONTRACT, "domain/test_outcome.py", "watcher/test_events.py"),
        *("watcher/test_decisions.py", "watcher/test_deadline.py"),
    ),
    "domain/pacing": (
        *("domain/test_pacing.py", "watcher/test_decisions.py", "watcher/test_usual.py"),
        "watcher/test_pace_budget.py",
    ),
    "domain/retry_after": ("domain/test_retry_after.py",),
    "domain/secret": ("domain/test_secret.py", "credentials/test_redaction.py", "state"),
    "domain/sharing": ("domain/test_sharing.py", "simulation/test_neighbours.py", "state"),
    "domain/trouble": (CONTRACT, "domain/test_trouble.py", "watcher/test_decisions.py"),
    "domain/command_line": ("domain/test_messages.py", "output/text", "cli/test_pasted.py"),
    "profiles/reading/answer": ("profiles/reading/test_batch.py", *READING),
    "profiles/reading/operation": READING,
    "profiles/reading/response": ("profiles/reading/test_response.py", *READING),
}  # fmt: skip
DEFAULTS: Final = "domain/test_defaults.py"
HELD_BY: Final = {
    name: (DEFAULTS, *tests) if name.startswith("domain/") else tests
    for name, tests in _HELD_BY.items()
}


def measure(minutes: float, names: Sequence[str] = (), seed: int = SEED) -> dict[str, Any]:
    """Return the figures of *minutes* of chance; none where mutmut is not installed."""
    if find_spec("mutmut") is None:
        return {}
    trial = Trial(minutes, tuple(names) or tuple(HELD_BY), seed)
    tests = dict.fromkeys(each for name in trial.names for each in HELD_BY[name])
    pytest.main([*ARGUMENTS, *(str(TESTS / each) for each in tests)], plugins=[trial])
    if not trial.is_over:
        raise RuntimeError("the tests cannot be loaded")
    return {"seed": seed, "modules": trial.figures, "survivors": trial.survivors}


def counted(figures: Mapping[str, Any], module: str = "") -> tuple[int, int]:
    """Return how many were killed of how many that count, of one *module* or of all."""
    chosen = [each for name, each in figures["modules"].items() if module in {"", name}]
    free = [
        each for each in figures["survivors"] if each["reason"] and module in {"", each["module"]}
    ]
    return sum(each["killed"] for each in chosen), sum(each["tried"] for each in chosen) - len(free)


def score(figures: Mapping[str, Any]) -> float:
    """Return the share of those killed among those that count."""
    killed, total = counted(figures)
    return killed / total if total else 0.0


def interval(good: int, total: int) -> tuple[float, float]:
    """Return between which shares the true one lies, with 95 % certainty (Wilson's score)."""
    if not total:
        return 0.0, 1.0
    z, share = 1.96, good / total
    middle = (share + z * z / (2 * total)) / (1 + z * z / total)
    width = z / (1 + z * z / total)
    width *= math.sqrt(share * (1 - share) / total + z * z / (4 * total * total))
    return max(0.0, middle - width), min(1.0, middle + width)


class Trial:
    """Tries mutants of the modules *names* by chance, in place of pytest's own loop over the tests.

    The tests are loaded once, and each mutant has a process that begins from there: code of
    functions is exchanged in place. A change elsewhere needs a new start, on a copy.
    """

    def __init__(self, minutes: float, names: Sequence[str], seed: int) -> None:
        self.names = names
        self.figures = {name: {"mutants": 0, "tried": 0, "killed": 0} for name in names}
        self.survivors: list[dict[str, Any]] = []
        self.is_over = False
        self._minutes, self._seed = minutes, seed
        self._tests: dict[str, list[pytest.Item]] = {}
        self._sound: set[str | pytest.Item] = set()

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Try as many as the time allows."""
        for name in self.names:
            found = dict.fromkeys(
                item
                for each in HELD_BY[name]
                for item in session.items
                if item.path.is_relative_to(TESTS / each)
            )
            self._tests[name] = list(found)
        with tempfile.TemporaryDirectory() as folder:
            shutil.copytree(SOURCE, Path(folder) / "src")
            self._try_by_chance(Path(folder) / "src")
        self.is_over = True
        return True

    def _try_by_chance(self, copy: Path) -> None:
        from campaign.mutants import Changes  # noqa: PLC0415, an extra

        reasons = tomllib.loads(REASONS.read_text("utf-8"))
        changes = {
            name: Changes(name, _path(SOURCE, name).read_text("utf-8")) for name in self.names
        }
        every = [(name, number) for name in self.names for number in range(len(changes[name]))]
        random.Random(self._seed).shuffle(every)  # noqa: S311, chance that can be repeated
        for name in self.names:
            self.figures[name]["mutants"] = len(changes[name])
        until = time.monotonic() + 60 * self._minutes
        for name, number in every:
            if time.monotonic() > until:
                break
            figures, mutant = self.figures[name], changes[name].mutant(number)
            if mutant is None:
                figures["mutants"] -= 1
                continue
            is_killed = self._kills(mutant, copy)
            figures["tried"] += 1
            figures["killed"] += is_killed
            if not is_killed:
                why = reasons.get(name, {}).get(mutant.name, "")
                found = {"module": name, "line": mutant.line, "change": mutant.name, "reason": why}
                self.survivors.append(found)
                sys.stderr.write(f"survived: {name} {mutant.line}: {mutant.name}\n")

    def _kills(self, mutant: Mutant, copy: Path) -> bool:
        """Tell whether the tests that hold the module of *mutant* notice it.

        Raises:
            RuntimeError: the one that failed fails without a change as well.
        """
        exchanges = _exchanges(mutant)
        tests = self._tests[mutant.module]
        if exchanges is None:
            named = [str(TESTS / each) for each in HELD_BY[mutant.module]]
            lost = _first_to_fail_on(copy, named, mutant)
            # Where it cannot even be loaded, no test is named; all were loaded without a change.
            if lost and lost not in self._sound:
                if _first_to_fail_on(copy, [lost]) is not None:
                    raise RuntimeError(f"without a change {lost} must pass")
                self._sound.add(lost)
            return lost is not None
        failed = _first_to_fail(tests, exchanges)
        if failed is not None and failed not in self._sound:
            if _first_to_fail([failed]) is not None:
                raise RuntimeError(f"without a change {failed.nodeid} must pass")
            self._sound.add(failed)
        return failed is not None


def _first_to_fail(tests: Sequence[pytest.Item], exchanges: Exchanges = ()) -> pytest.Item | None:
    """Run *tests* in a process of their own, with other code; return the first that fails, if any.

    One that never ends, or that ends the process, has failed as well.
    """
    running = multiprocessing.Value("i", 0)

    def run() -> None:
        for function, code in exchanges:
            function.__code__ = code
        for number, test in enumerate(tests):
            running.value = number
            signal.setitimer(signal.ITIMER_PROF, LONGEST)  # what it sends ends the process
            following = tests[number + 1] if number + 1 < len(tests) else None
            if any(each.failed for each in runtestprotocol(test, log=False, nextitem=following)):
                os._exit(1)
        os._exit(0)

    process = multiprocessing.get_context("fork").Process(target=run)
    process.start()
    process.join(IDLE)
    if process.is_alive():
        process.kill()
        process.join()
    return None if process.exitcode == 0 else tests[running.value]


def _first_to_fail_on(copy: Path, tests: Sequence[str], mutant: Mutant | None = None) -> str | None:
    """Run *tests* on a *copy* of all, with *mutant*; return the first that fails, if any.

    It is an empty text if none is named.
    """
    changed = None if mutant is None else _path(copy, mutant.module)
    original = b"" if changed is None else changed.read_bytes()
    if changed is not None and mutant is not None:
        for kept in changed.parent.glob(f"__pycache__/{changed.stem}.*"):
            kept.unlink()
        changed.write_text(mutant.source, encoding="utf-8")
    paths = {"PYTHONPATH": str(copy), "PYTHONDONTWRITEBYTECODE": "1"}
    try:
        ran = subprocess.run(  # noqa: S603, ourselves
            [sys.executable, "-m", "pytest", "-x", "-rf", *ARGUMENTS, *tests],
            cwd=TESTS.parent,
            env={**os.environ, **paths},
            timeout=IDLE,
            check=False,
            capture_output=True,
            text=True,
        )
    except subprocess.TimeoutExpired:
        return ""
    finally:
        if changed is not None:
            changed.write_bytes(original)
    named = FAILED.search(ran.stdout)
    return None if ran.returncode == 0 else named[1] if named else ""


def _exchanges(mutant: Mutant) -> Exchanges | None:
    """Return which functions have which other code in *mutant*, None if more than those differ."""
    path = _path(SOURCE, mutant.module)
    original = compile(path.read_text("utf-8"), str(path), "exec")
    code = compile(mutant.source, str(path), "exec")
    before = dict(_functions_in(original))
    changed = {name: each for name, each in _functions_in(code) if each != before.get(name)}
    module = import_module("opwatch." + mutant.module.replace("/", "."))
    known = {each.__code__.co_qualname: each for each in _functions_of(module)}
    if _at_import(code) != _at_import(original) or changed.keys() - known.keys():
        return None
    return [(known[name], each) for name, each in changed.items()]


def _functions_in(code: CodeType) -> Iterator[tuple[str, CodeType]]:
    """Yield the code of each function and method in *code*, with its name."""
    for each in code.co_consts:
        if isinstance(each, CodeType) and each.co_flags & CO_OPTIMIZED:
            yield each.co_qualname, each
        elif isinstance(each, CodeType):
            yield from _functions_in(each)


def _functions_of(module: Any) -> Iterator[FunctionType]:
    """Yield the functions and methods that *module* itself defines."""
    for each in vars(module).values():
        inner = vars(each).values() if isinstance(each, type) else [each]
        for value in inner:
            function = getattr(value, "fget", None) or getattr(value, "__func__", value)
            function = getattr(function, "__wrapped__", function)
            if isinstance(function, FunctionType) and function.__module__ == module.__name__:
                yield function


def _at_import(code: CodeType) -> tuple[Any, ...]:
    """Return what runs when *code* is imported, classes included: equal if it is the same."""
    inner = tuple(
        _at_import(each) if not each.co_flags & CO_OPTIMIZED else each.co_qualname
        for each in code.co_consts
        if isinstance(each, CodeType)
    )
    constants = tuple(repr(each) for each in code.co_consts if not isinstance(each, CodeType))
    return code.co_code, code.co_names, constants, inner


def _path(source: Path, module: str) -> Path:
    return source / "opwatch" / f"{module}.py"


def main() -> int:
    """Try mutants; print the figures as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("modules", nargs="*", metavar="MODULE", help=f"of {', '.join(HELD_BY)}")
    given = parser.parse_args()
    figures = measure(given.minutes, given.modules, given.seed)
    sys.stdout.write(json.dumps(figures, indent=1) + "\n")
    return 1 if not figures or score(figures) < BOUND else 0


if __name__ == "__main__":
    sys.exit(main())
