"""The torture loop: a wait in which each call that can fail fails once, in each way.

One scripted wait is run to count its fallible calls. Then it is run again for each of
them and each way that it can fail, with exactly that one failing. Whatever happens, the
verdict must be true, the secret kept, the terminal given back, and the end in time.
The idea is curl's.

    python tests/campaign/torture.py               # all of it, some minutes
    python tests/campaign/torture.py --every 50    # each fiftieth
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from campaign.ledger import FAILURES, Failure, Ledger
from campaign.scene import CANARY, DEADLINE, SCENES, TRUTHS, Ended, Scene, Stage
from opwatch.domain.outcome import LAST_WORD, ExitCode

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

HIDE, SHOW = "\x1b[?25l", "\x1b[?25h"
# Ways to fail that mean the same wherever they are met.
ANYWHERE: Final = frozenset({"MemoryError", "an hour ahead"})
CODES: Final = frozenset(int(code) for code in ExitCode)
# How operation ``a`` may end, and how ``b``; or it is not known, which is never untrue.
ENDS: Final[Mapping[str, str | None]] = {"done": "succeeded", "failed": "failed", "running": None}
NOT_KNOWN: Final = frozenset({"unknown", "timed_out", "pending", "denied"})
# Codes that say how operations ended; without a document they are all that is said.
SAYS_AN_END: Final = frozenset(
    {ExitCode.SUCCEEDED, ExitCode.FAILED, ExitCode.CANCELLED, ExitCode.NOT_FOUND}
)


@dataclass(frozen=True, slots=True)
class Point:
    """The call *number* of a scene, of this *kind*, and how it fails."""

    scene: Scene
    number: int
    kind: str
    failure: Failure

    @property
    def is_signal(self) -> bool:
        """Tell whether nothing fails here: a signal comes at this moment."""
        return self.failure.name.startswith("SIG")

    @property
    def cause(self) -> str:
        """What stands for this point in a table of what came of what."""
        name = self.failure.name
        return name if name in ANYWHERE or self.is_signal else self.kind

    def __str__(self) -> str:
        return f"{self.scene}: call {self.number}, {self.kind}, {self.failure.name}"


@dataclass(slots=True)
class Toll:
    """What came of a campaign. *points* are calls made to fail; signals are counted apart."""

    points: int = 0
    signals: int = 0
    truths: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    ways: set[str] = field(default_factory=set)
    codes: Counter[int] = field(default_factory=Counter)
    causes: dict[int, Counter[str]] = field(default_factory=dict)
    broken: list[str] = field(default_factory=list)
    broken_signals: list[str] = field(default_factory=list)
    seconds: float = 0.0

    def figures(self) -> dict[str, Any]:
        """Return what the report prints."""
        return {
            "points": self.points,
            "survived": self.points - len(self.broken),
            "signals": self.signals,
            "came_to_the_truth": self.truths,
            "kinds": len(self.kinds),
            "ways": len(self.ways),
            "codes": {str(code): self.codes[code] for code in sorted(self.codes)},
            "causes": {str(code): dict(self.causes[code].most_common()) for code in self.codes},
            "broken": self.broken,
            "broken_signals": self.broken_signals,
            "seconds": round(self.seconds, 1),
        }


def points(stage: Stage, scenes: Sequence[Scene] = SCENES) -> Iterator[Point]:
    """Yield every way in which a call of *scenes* can fail."""
    for scene in scenes:
        clean = stage.play(scene, Ledger())
        assert clean.code == TRUTHS[scene.truth], (str(scene), clean.code, clean.err)
        for number, kind in enumerate(clean.calls):
            for failure in FAILURES[kind]:
                yield Point(scene, number, kind, failure)


def torture(stage: Stage, points: Sequence[Point]) -> Toll:
    """Return what came of *points*."""
    toll, began = Toll(), time.monotonic()
    for point in points:
        ended = stage.play(point.scene, Ledger(point.number, point.failure))
        wrong = "; ".join(wrongs(point, ended))
        broken = toll.broken_signals if point.is_signal else toll.broken
        broken += [f"{point}: {wrong}"] if wrong else []
        if point.is_signal:
            toll.signals += 1
            continue
        toll.points += 1
        toll.kinds[point.kind] += 1
        toll.ways.add(point.failure.name)
        toll.codes[ended.code] += 1
        toll.causes.setdefault(ended.code, Counter())[point.cause] += 1
        toll.truths += ended.code == TRUTHS[point.scene.truth]
    toll.seconds = time.monotonic() - began
    return toll


def one_of_each(points: Sequence[Point]) -> list[Point]:
    """Return one point for each way to fail of each kind of call, from all over the run."""
    found: dict[tuple[str, str], list[Point]] = {}
    for point in points:
        found.setdefault((point.kind, point.failure.name), []).append(point)
    return [each[7 * number % len(each)] for number, each in enumerate(found.values())]


def wrongs(point: Point, ended: Ended) -> Iterator[str]:
    """Yield what must not have come of *point*."""
    if ended.met != point.kind:
        yield f"met {ended.met or 'nothing'}, not {point.kind}"
    if ended.is_stuck:
        yield "stuck"
    if ended.code not in CODES:
        yield f"undocumented exit code {ended.code}"
    if ended.code == ExitCode.BUG:
        yield f"ended as a bug: {ended.err.strip().splitlines()[-1:]}"
    if ended.took > DEADLINE + LAST_WORD + 1:
        yield f"ended {ended.took - DEADLINE:.1f} s after the deadline"
    if CANARY in ended.out + ended.err:
        yield "a secret was written"
    if ended.err.rfind(HIDE) > ended.err.rfind(SHOW):
        yield "the cursor is still hidden"
    yield from _untrue(point, ended)


def _untrue(point: Point, ended: Ended) -> Iterator[str]:
    """Yield what the document, or the exit code alone, says against the truth."""
    truth = TRUTHS[point.scene.truth]
    document: dict[str, Any] = {}
    with suppress(ValueError):
        document = json.loads(ended.out)
    if document.get("exit_code") == ended.code:
        ends = {"a": ENDS[point.scene.truth], "b": "succeeded"}
        for each in document.get("operations", ()):
            if each["outcome"] not in {ends[each["id"]], *NOT_KNOWN}:
                yield f"{each['id']} is {each['outcome']}, but the truth is {ends[each['id']]}"
    elif not point.kind.startswith("stdout") or point.is_signal:
        yield f"not one document with exit code {ended.code}: {ended.out[:100]!r}"
    if ended.code in SAYS_AN_END and ended.code != truth:
        yield f"exit {ended.code}, but the truth is {truth}"


def measure(every: int = 1) -> dict[str, Any]:
    """Return the figures of each point, or of each *every*-th."""
    with tempfile.TemporaryDirectory() as folder:
        stage = Stage(Path(folder))
        return torture(stage, list(points(stage))[::every]).figures()


def main() -> int:
    """Run the campaign; print its figures as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--every", type=int, default=1, help="run each n-th point only")
    figures = measure(parser.parse_args().every)
    sys.stdout.write(json.dumps(figures, indent=1) + "\n")
    return 1 if figures["broken"] or figures["broken_signals"] else 0


if __name__ == "__main__":
    sys.exit(main())
