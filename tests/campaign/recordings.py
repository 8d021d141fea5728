"""The recorded runs whose verdicts must not change: the corpus, and what makes it.

    python tests/campaign/recordings.py            # records all anew, and writes the verdicts

They are the demo and the test dialects over real HTTP through the whole command line; every
example answer of a built-in profile, met in the middle of a wait and its weather; every
fault and odd body, once, in mid-wait and for good; and worlds of the simulator. Recorded
anew only where the format of recordings changes: an old recording is worth more than a new
one. ``recordings.golden.txt`` holds the verdicts, for a person to read the difference.
"""

from __future__ import annotations

import gzip
import json
import os
import random
import sys
import tempfile
from contextlib import redirect_stderr
from io import StringIO
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import pytest

HERE: Final = Path(__file__).resolve().parent
if __name__ == "__main__":
    sys.path[:0] = [str(HERE.parent)]

from cli.dialects import NO_WORD, SPOKEN, Way, ways  # noqa: E402
from cli.hurried import Stepping, hurry  # noqa: E402
from opwatch.cli.app import run  # noqa: E402
from opwatch.credentials import Redactor  # noqa: E402
from opwatch.demo import DEMO_TOKEN, Script  # noqa: E402
from opwatch.domain.events import Finished  # noqa: E402
from opwatch.domain.operation import State, Target  # noqa: E402
from opwatch.domain.outcome import Policy  # noqa: E402
from opwatch.domain.trouble import Fault, Trouble  # noqa: E402
from opwatch.session.plan import Plan  # noqa: E402
from opwatch.session.recording.player import Played, replay  # noqa: E402
from opwatch.session.recording.recorder import Recorder  # noqa: E402
from opwatch.session.recording.recording import read_recording  # noqa: E402
from profiles.answers import NAMES, document, profile, response, words  # noqa: E402
from servers.demo import DemoServer  # noqa: E402
from servers.dialects import ALL_DIALECTS, DEMO_USER, PROFILES  # noqa: E402
from simulation import world as simulated  # noqa: E402
from simulation.recorded import WALL, record, reply  # noqa: E402
from simulation.weather import scene  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Iterator

    from opwatch.domain.messages import Request
    from simulation.recorded import Replies, Reply

CORPUS: Final = HERE / "recordings.jsonl.gz"
GOLDEN: Final = HERE / "recordings.golden.txt"
PATIENCE: Final = Policy(timeout=300.0, lost_after=150.0)
WORLDS: Final = 60
LARGEST: Final = 30_000
"""Bytes of a recording that is kept; a larger one shows nothing that the others do not."""

BODIES: Final = {
    "nothing": b"",
    "a login page": b"<!doctype html><title>Sign in</title>",
    "xml": b"<error><message>no</message></error>",
    "half a JSON": b'{"id": "a", "status": "do',
    "a sentence": b"Service temporarily overloaded",
    "binary": b"\x00\x01\x02\xff",
    "a list": b"[]",
    "null": b"null",
    "no status": b'{"id": "a"}',
    "another operation": b'{"id": "b", "status": "done"}',
    "an empty status": b'{"id": "a", "status": ""}',
    "an unknown word": b'{"id": "a", "status": "WARMING_UP"}',
    "a key twice": b'{"id": "a", "status": "running", "status": "done"}',
    "UTF-16": '{"id": "a", "status": "done"}'.encode("utf-16"),
    "an error beside it": b'{"id": "a", "status": "done", "error": {"message": "no"}}',
}
STATUSES: Final = (
    *(204, 206, 304, 400, 401, 403, 404, 405, 406, 407, 408, 409, 410, 413, 418, 425, 429),
    *(451, 500, 501, 502, 503, 504, 505, 511, 520, 599, 999),
)
SENT: Final = (
    *(Fault.UNRESOLVED, Fault.RESOLVER_DOWN, Fault.CONNECTION_REFUSED, Fault.CONNECT_TIMEOUT),
    *(Fault.CONNECTION_LOST, Fault.UNREACHABLE, Fault.NO_DESCRIPTORS, Fault.CERTIFICATE),
    *(Fault.TLS, Fault.PROXY, Fault.OS_ERROR, Fault.TIMEOUT, Fault.PROTOCOL, Fault.TOO_LARGE),
    *(Fault.ENCODING, Fault.TRUNCATED, Fault.FOREIGN_ORIGIN, Fault.REDIRECT_LOOP),
    *(Fault.NO_CREDENTIAL, Fault.TOKEN_REFUSED, Fault.TOKEN_FAILED, Fault.RENEWAL_FAILED),
)


class Kept(NamedTuple):
    """A recording and its name."""

    name: str
    data: bytes


def kept() -> Iterator[Kept]:
    """Yield the recordings of the corpus."""
    name, lines = "", list[bytes]()
    for line in gzip.decompress(CORPUS.read_bytes()).splitlines(keepends=True):
        if line.startswith(b'{"name"'):
            if lines:
                yield Kept(name, b"".join(lines))
            name, lines = json.loads(line)["name"], []
        else:
            lines.append(line)
    yield Kept(name, b"".join(lines))


def verdict_of(played: Played, timeout_code: int = 124) -> str:
    """Return the verdict of a run that was driven again, in one line."""
    operations = played.watcher.operations
    ends = [f"{each.outcome}{f' ({each.reason})' if each.reason else ''}" for each in operations]
    code = played.watcher.verdict(timeout_code=timeout_code).code
    return f"{code:d} {', '.join(ends)}"


def golden() -> dict[str, str]:
    """Return the verdict that each recording must lead to, by its name."""
    lines = GOLDEN.read_text(encoding="utf-8").splitlines()
    return dict(line.split("\t") for line in lines)


# -- what is recorded --------------------------------------------------------------------


def examples(folder: Path) -> Iterator[tuple[str, Path]]:
    """Record each example answer of the built-in profiles, met in mid-wait."""
    for name in NAMES:
        data = document(name)
        cases = [each for each in data["answers"] if not each.get("references")]
        running = next((each for each in cases if _goes_on(each)), None)
        for index, case in enumerate(cases):
            if _goes_on(case) and case is not running:
                continue
            bound = profile(name)
            reference = str(case.get("reference", data.get("reference")))
            params = words(case.get("params"))
            opening = running if running and _is_alike(running, case) else case
            replies = _met_after(60.0, opening, case, random.Random(index))  # noqa: S311
            path = folder / f"{name}-{index}"
            target = bound.target(reference, params)
            record(bound, [target], replies, path, PATIENCE)
            yield f"{name}: {case['name']}", path


def _goes_on(case: dict[str, Any]) -> bool:
    expected = case["expect"]
    state = expected.get("state") if isinstance(expected, dict) else None
    return state in {State.PENDING, State.RUNNING, State.BLOCKED}


def _is_alike(one: dict[str, Any], other: dict[str, Any]) -> bool:
    return all(one.get(key) == other.get(key) for key in ("reference", "params"))


def _met_after(
    seconds: float, opening: dict[str, Any], case: dict[str, Any], chance: random.Random
) -> Replies:
    weather = chance.randrange(4)

    def replies(request: Request, _number: int, at: float) -> Reply:
        if 10 < at < 40 and weather == 1:
            return Trouble(Fault.CONNECTION_REFUSED, host="api.example")
        if 10 < at < 40 and weather == 2:
            return reply("<html>", 502, request.url)
        if 10 < at < 40 and weather == 3:
            return reply("{}", 429, request.url, Retry_After="9")
        return response(case if at > seconds else opening, request.url)

    return replies


def faults(folder: Path) -> Iterator[tuple[str, Path]]:
    """Record each fault: at first contact, once in mid-wait, and for good."""
    odd: dict[str, Reply] = {name: reply(body) for name, body in BODIES.items()}
    odd |= {f"HTTP {each}": reply("{}", each) for each in STATUSES}
    odd |= {str(each): Trouble(each, host="api.example") for each in SENT}
    spans = {"at first": (0.0, 5.0), "in mid-wait": (20.0, 45.0), "for good": (20.0, 1e9)}
    for (name, bad), (when, (begin, end)) in product(odd.items(), spans.items()):
        replies = _odd_between(bad, begin, end)
        path = folder / f"{name}-{when}".replace("/", "-")
        bound = profile("standard")
        target = bound.target(f"{bound.base_url}/ops/a")
        record(bound, [target], replies, path, PATIENCE)
        yield f"{name} {when}", path


def _odd_between(bad: Reply, begin: float, end: float) -> Replies:
    def replies(request: Request, _number: int, at: float) -> Reply:
        if begin <= at < end:
            return bad
        word = "succeeded" if at > 90 else "running"
        return reply(json.dumps({"id": "a", "status": word}), url=request.url)

    return replies


def worlds(folder: Path) -> Iterator[tuple[str, Path]]:
    """Record worlds of the simulator, which says what was read and not by which bytes."""
    seed = found = 0
    while found < WORLDS:
        seed += 1
        drawn = scene(seed)
        if len(drawn.world.jobs) > 5:
            continue
        found += 1
        path = folder / f"world-{seed}"
        _record_world(drawn, path, seed)
        yield f"world {seed}", path


def _record_world(drawn: Any, path: Path, seed: int) -> None:
    bound = profile("standard")
    recorder = Recorder(path, command="wait", redact=Redactor(), wall=WALL, seed=seed)
    names = list(drawn.world.jobs)
    jobs = drawn.world.jobs
    targets = tuple(Target(each, each, jobs[each].host, "standard") for each in names)
    plan = Plan({"standard": bound}, targets, drawn.policy)
    watcher, _ = recorder.begin(plan, {}, 0.0, collects=())
    watch = simulated.Run(drawn.world, watcher, drawn.policy, bound.polling_rules)
    watch.events += watcher.start()
    simulated.go_on(watch)
    verdict = watcher.verdict()
    recorder.end(Finished(watch.ended, watcher.operations, verdict))


def dialects(folder: Path) -> Iterator[tuple[str, Path]]:
    """Record the operations of the demo and of the test servers, over real HTTP."""
    with DemoServer(ALL_DIALECTS, clock=Stepping()) as server:
        for name, end in product(PROFILES, (State.SUCCEEDED, State.FAILED, State.CANCELLED)):
            if (name, end) in NO_WORD:
                continue
            job = server.start(name, Script(4.0, end, pending=0.5))
            way = Way.ID if Way.ID in ways(name) else Way.URL
            beside = [it.format(**job.params) for it in SPOKEN[name].beside if way is Way.ID]
            path = folder / f"{name}-{end}"
            more = [word for it in beside for word in ("--param", it)]
            reference = SPOKEN[name].reference(way, job)
            _wait(["-p", name, *more, "--record", str(path), reference], server.base_url)
            yield f"dialect {name}, {end}", path


def _wait(arguments: list[str], base_url: str) -> None:
    environ = {
        "PATH": os.defpath,
        "HOME": "/nonexistent",
        "OSB_USERNAME": DEMO_USER,
        "OPWATCH_TOKEN": DEMO_TOKEN.reveal(),
        "OPWATCH_BASE_URL": base_url,
    }
    with pytest.MonkeyPatch.context() as patch, redirect_stderr(StringIO()):
        for name in list(os.environ):
            patch.delenv(name)
        for name, value in environ.items():
            patch.setenv(name, value)
        hurry(patch)
        run(["wait", "--interval", "0.1", "--timeout", "10m", *arguments])


def main() -> int:
    """Record all, and write the corpus and its verdicts."""
    verdicts, lines = list[str](), list[bytes]()
    with tempfile.TemporaryDirectory() as where:
        for make in (dialects, examples, faults, worlds):
            folder = Path(where) / make.__name__
            folder.mkdir()
            for name, path in make(folder):
                data = path.read_bytes()
                if len(data) > LARGEST:
                    continue
                recording = read_recording(data, name)
                lines += [json.dumps({"name": name}).encode() + b"\n", data]
                verdicts.append(f"{name}\t{verdict_of(replay(recording))}\n")
    CORPUS.write_bytes(gzip.compress(b"".join(lines), mtime=0))
    GOLDEN.write_text("".join(verdicts), encoding="utf-8")
    sys.stdout.write(f"{len(verdicts)} recordings, {CORPUS.stat().st_size} bytes\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
