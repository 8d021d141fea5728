"""Every world of a small size: two operations at one host, and six answers in all.

Decides the kinds of answers, as bytes that a real profile reads, and what may come of them:
``wrongs`` is a model of the truth that knows nothing of budgets, pauses or counts. It looks at
what was said of an operation, and says which ends that allows. After the last answer nothing
more is said, and the deadline comes.

Each world is asked about one operation at a time, or in a batch: then one answer takes a kind
for each operation that it is about. Some kinds are of the whole answer, and are said to all.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Final

from opwatch.domain.messages import Headers, Response
from opwatch.domain.operation import Answer, Unchanged
from opwatch.domain.outcome import LAST_WORD, Outcome, Policy, Verdict
from opwatch.domain.trouble import Fault, Trouble
from opwatch.watcher.watcher import Watcher
from profiles.making import NOW, profile
from simulation.bench import LATENCY, middle

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from opwatch.domain.operation import Finding, Target
    from opwatch.profiles.profile import Profile

NAMES: Final = ("a", "b")
ANSWERS: Final = 6
TIMEOUT: Final = 7200.0
DONE, FAILED, RUNNING, ODD_WORD = "done", "failed", "running", "odd word"
UNCHANGED, REFUSED, NO_SUCH = "304", "401", "404"
KINDS: Final = (
    DONE, FAILED, RUNNING, ODD_WORD, UNCHANGED, REFUSED, NO_SUCH,
    "another's done", "web page", "half of done", "429", "lost",
)  # fmt: skip
OF_ALL: Final = frozenset({UNCHANGED, REFUSED, NO_SUCH, "web page", "half of done", "429", "lost"})
ABSENT: Final = "another's done"
"""In a batch: the list holds another operation in place of this one."""
TERMINAL: Final = {DONE: Outcome.SUCCEEDED, FAILED: Outcome.FAILED}


@dataclass(slots=True)
class SmallRun:
    """What was said of each operation, in order, and how the watch of it ended."""

    said: dict[str, list[str]] = field(default_factory=lambda: {name: [] for name in NAMES})
    order: list[tuple[str, str]] = field(default_factory=list)
    outcomes: dict[str, Outcome | None] = field(default_factory=dict)
    verdict: Verdict | None = None

    @property
    def used(self) -> int:
        return len(self.order)


def worlds(
    first: int | None = None, length: int = ANSWERS, *, batch: bool = False
) -> Iterator[tuple[list[str], SmallRun]]:
    """Yield every sequence of *length* answers with what came of it, or those that begin so.

    Where the watch ends early the answers that nobody asked for are not varied.
    """
    at = [0 if first is None else first] + [0] * (length - 1)
    while True:
        kinds = [KINDS[each] for each in at]
        run = play(kinds, batch=batch)
        yield kinds, run
        last = run.used - 1
        while last >= 0 and at[last] == len(KINDS) - 1:
            last -= 1
        if last < (0 if first is None else 1):
            return
        at[last:] = [at[last] + 1] + [0] * (length - last - 1)


def play(kinds: Sequence[str], *, batch: bool = False) -> SmallRun:
    """Return what comes of answers of these *kinds*, and then of silence until the deadline."""
    bound, run, now = _profile(batch=batch), SmallRun(), 0.0
    targets = [_target(name, batch=batch) for name in NAMES]
    rules = {bound.name: bound.polling_rules}
    watcher = Watcher(targets, rules, Policy(timeout=TIMEOUT), now=0.0, uniform=middle)
    watcher.start()
    left = list(reversed(kinds))
    while left and not watcher.finished:
        list(watcher.tick(now))
        for poll in watcher.due(now):
            names = tuple(each.id for each in poll.targets)
            if len(left) < len(names):
                left = []
                break
            now += LATENCY
            said = _of_one_answer([left.pop() for _ in names]) if batch else (left.pop(),)
            for name, kind in zip(names, said, strict=True):
                heard = NO_SUCH if batch and kind == ABSENT else kind
                run.order.append((name, heard))
                run.said[name].append(heard)
            found = listed(names, said) if batch else (finding(names[0], said[0]),)
            watcher.record(poll, Answer(found, _named_wait(said[0])), now)
        now = max(now, watcher.wake_at(now))
    for at in (TIMEOUT, TIMEOUT + LAST_WORD):
        list(watcher.tick(max(now, at)))
    run.outcomes = {each.id: each.outcome for each in watcher.operations}
    run.verdict = watcher.verdict()
    return run


def wrongs(run: SmallRun) -> Iterator[str]:
    """Yield what the answers of *run* do not allow."""
    for name, said in run.said.items():
        outcome = run.outcomes[name]
        ends = [kind for kind in said if kind in TERMINAL]
        if ends and outcome is not TERMINAL[ends[0]]:
            yield f"{name} was {ends[0]}, and is {outcome}"
        if ends and said[-1] not in TERMINAL:
            yield f"{name} was asked about after its end"
        if not ends:
            yield from (f"{name} {wrong}" for wrong in _unfounded(run, said, outcome))
    both = {TERMINAL.get(said[-1]) if said else None for said in run.said.values()}
    if run.verdict is not None and (run.verdict.code == 0) is not (both == {Outcome.SUCCEEDED}):
        yield f"exit code {run.verdict.code} after {run.said}"


def _unfounded(run: SmallRun, said: list[str], outcome: Outcome | None) -> Iterator[str]:
    """Yield why an operation of which no end was *said* cannot have this *outcome*."""
    was_heard, bad = _was_heard(said), _bad_since_the_last_good(said)
    # Before anything was heard of it, what its host said to others counts as well.
    about_the_host = bad if was_heard else [kind for _, kind in run.order]
    match outcome:
        case Outcome.TIMED_OUT:
            return
        case Outcome.SUCCEEDED | Outcome.FAILED | Outcome.CANCELLED | Outcome.PENDING | None:
            yield f"is {outcome}, which nobody said"
        case Outcome.DENIED if REFUSED not in about_the_host:
            yield "is denied, and nobody refused"
        case Outcome.NOT_FOUND if NO_SUCH not in bad:
            yield "is not found, and nobody said so"
        case Outcome.UNKNOWN if not about_the_host:
            yield "is unknown without a reason"
    if was_heard and len(bad) < 2:
        yield f"was given up after {bad}, although it had been heard of"


def _bad_since_the_last_good(said: list[str]) -> list[str]:
    good = [number for number in range(len(said)) if _is_good(said[: number + 1])]
    return said[good[-1] + 1 :] if good else said


def _is_good(said: list[str]) -> bool:
    """Tell whether the last answer says what the operation does: 304 repeats what was said."""
    return said[-1] in {RUNNING, ODD_WORD, *TERMINAL} or (
        said[-1] == UNCHANGED and _was_heard(said[:-1])
    )


def _was_heard(said: list[str]) -> bool:
    return any(kind in {RUNNING, ODD_WORD, *TERMINAL} for kind in said)


def _of_one_answer(kinds: Sequence[str]) -> tuple[str, ...]:
    """Return the *kinds* as one answer can have them: the first that is of all is said to all."""
    of_all = next((each for each in kinds if each in OF_ALL), None)
    return tuple(kinds) if of_all is None else (of_all,) * len(kinds)


@cache
def _profile(*, batch: bool = False) -> Profile:
    return profile("request: {path: /ops}\nbatch: {query: ids, items: items}\n" if batch else "")


@cache
def _target(name: str, *, batch: bool = False) -> Target:
    return _profile(batch=batch).target(name)


@cache
def listed(names: tuple[str, ...], said: tuple[str, ...]) -> tuple[Finding, ...]:
    """Return what the profile reads from one answer that *said* this of the operations *names*."""
    if said[0] == UNCHANGED:
        return (Unchanged(),) * len(names)
    if said[0] == "lost":
        return (Trouble(Fault.CONNECTION_LOST),) * len(names)
    words = {DONE: "done", FAILED: "failed", RUNNING: "running", ODD_WORD: "thinking"}
    items = [
        {"id": "c" if kind == ABSENT else name, "status": words.get(kind, "done")}
        for name, kind in zip(names, said, strict=True)
    ]
    text = json.dumps({"items": items})
    text = {"web page": "<html>done</html>", "half of done": text[:-2]}.get(said[0], text)
    status = {REFUSED: 401, NO_SUCH: 404, "429": 429}.get(said[0], 200)
    headers = Headers((("Retry-After", "5"),)) if status == 429 else Headers()
    bound, url = _profile(batch=True), "https://api.example.com/ops?ids=a&ids=b"
    targets = [_target(name, batch=True) for name in names]
    return bound.read(targets, Response(status, url, headers, text.encode(), NOW)).findings


@cache
def finding(name: str, kind: str) -> Finding:
    """Return what the profile reads from an answer of this *kind* about *name*."""
    if kind == UNCHANGED:
        return Unchanged()
    if kind == "lost":
        return Trouble(Fault.CONNECTION_LOST)
    other = NAMES[1 - NAMES.index(name)]
    status, body = {
        DONE: (200, {"id": name, "status": "done"}),
        FAILED: (200, {"id": name, "status": "failed"}),
        RUNNING: (200, {"id": name, "status": "running"}),
        ODD_WORD: (200, {"id": name, "status": "thinking"}),
        REFUSED: (401, {"id": name, "status": "done"}),
        NO_SUCH: (404, {"id": name, "status": "done"}),
        "another's done": (200, {"id": other, "status": "done"}),
        "web page": (200, "<html>done</html>"),
        "half of done": (200, '{"id": "' + name + '", "status": "done"'),
        "429": (429, {"id": name, "status": "done"}),
    }[kind]
    content = body if isinstance(body, str) else json.dumps(body)
    headers = Headers((("Retry-After", "5"),)) if kind == "429" else Headers()
    url = f"https://api.example.com/ops/{name}"
    answer = _profile().read([_target(name)], Response(status, url, headers, content.encode(), NOW))
    return answer.findings[0]


def _named_wait(kind: str) -> float | None:
    return 5.0 if kind == "429" else None
