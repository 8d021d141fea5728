"""Bytes that nobody would send, for every door that foreign bytes come in by.

Decides what is tried (seeds of our own data, changed at random; a seed of chance names
a run for ever) and what each door must hold: it raises its own error or none, and
what it lets through is sane.

    python tests/campaign/fuzz.py --seconds 60
"""

from __future__ import annotations

import argparse
import json
import math
import random
import re
import sys
import time
import unicodedata
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import pyte

from opwatch.domain.errors import UsageError
from opwatch.domain.messages import Headers, Response
from opwatch.domain.operation import Reading
from opwatch.domain.origin import parse_origin
from opwatch.domain.outcome import Outcome, Reason
from opwatch.domain.retry_after import rate_limit, retry_after
from opwatch.domain.trouble import Fault, Trouble
from opwatch.output.terminal import Style
from opwatch.output.terminal.display import open_display
from opwatch.output.text.clean import cells, clean
from opwatch.profiles.checks import check
from opwatch.profiles.config import BUILTIN
from opwatch.session.input import read_references
from output.screen import Terminal
from output.script import Story, wall_of
from profiles.answers import NAMES, NOW, document, profile, response

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Door = Callable[[str, bytes, random.Random], bool]

HIDDEN: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
MAGIC: Final = (
    b"\x00", b"\xff\xfe", b"\xef\xbb\xbf", b"\x1b[2J", b"\x1b]0;x\x07", b"\xc2\x9b", b"\r\n",
    b"NaN", b"1e999", b"-0", b"null", b"true", b"[]", b"{}", b'""', b"[" * 200, b"9" * 5000,
    b'"\\ud800"', b'"\\u001b"', b"\xe2\x80\xae", b"##[x]", b"::error::", b"<html>", b"&a *a",
    b"!!python/object:os.system ", b"? ", b": ", b"- ", b"\t", b"%", b"..", b"//evil.example/",
    b"http://", b"@", b"\\", b"#", b"{id}", b"{{", b"${X}", b"Sun, 06 Nov 1994 08:49:37 GMT",
)  # fmt: skip
VALUE: Final = re.compile(rb'(?<=[:\[,] )("[^"]*"|[\w.-]+)')
OUR_TITLE: Final = re.compile(r"(opwatch \d+/\d+ done(, \d+ not succeeded)?)?")
"""The emulator knows no stack of titles, so ours stays."""
HALF: Final = 0.5
SCREEN: Final = (220, 5)


@dataclass(slots=True)
class Tally:
    """What came of one door. What was tried before is not counted again."""

    inputs: int = 0
    distinct: int = 0
    let_in: int = 0
    wrong: list[str] = field(default_factory=list)

    def figures(self) -> dict[str, Any]:
        """Return what the report prints."""
        return {
            "inputs": self.inputs,
            "distinct": self.distinct,
            "let_in": self.let_in,
            "wrong": self.wrong[:20],
        }


def changed(data: bytes, chance: random.Random) -> bytes:
    """Return *data* with a few bytes lost, doubled or turned, or with magic ones put in."""
    for _ in range(chance.choice((1, 1, 1, 2, 3, 6))):
        at, to = sorted(chance.randint(0, len(data)) for _ in range(2))
        values = [each.span() for each in VALUE.finditer(data)] if chance.random() < HALF else []
        if values:
            at, to = chance.choice(values)
            data = data[:at] + chance.choice(MAGIC) + data[to:]
            continue
        match chance.randrange(6):
            case 0:
                data = data[:at] + data[min(to, at + 40) :]
            case 1:
                data = data[:to] + data[at : min(to, at + 200)] + data[to:]
            case 2 if at < len(data):
                data = data[:at] + bytes([data[at] ^ 1 << chance.randrange(8)]) + data[at + 1 :]
            case 3:
                data = data[:at] + chance.choice(MAGIC) + data[at:]
            case 4:
                data = data[:at] + chance.choice(MAGIC) + data[to:]
            case _:
                data = data[:at] + chance.randbytes(chance.randint(1, 8)) + data[at:]
    return data


# -- the doors -----------------------------------------------------------------------
# Each takes the name of a seed and its bytes, changed, and returns whether something came
# in. An assertion that fails, or an exception, is what is looked for.


def read_answer(name: str, data: bytes, chance: random.Random) -> bool:
    """Read an answer of a built-in profile: every operation has a finding, and a sane one."""
    bound = profile(name)
    target = bound.target(document(name)["reference"])
    status = chance.choice((*[200] * 12, 202, 204, 304, 400, 403, 404, 429, 500))
    text = data.decode("latin-1").replace("\r", " ").replace("\n", " ")[:200]
    headers = (("Retry-After", text), ("Location", text), ("Date", text), ("ETag", text))
    answer = bound.read(
        [target], Response(status, "https://api.example.com/x", Headers(headers), data, NOW)
    )
    (finding,) = answer.findings
    assert answer.wait is None or (math.isfinite(answer.wait) and answer.wait >= 0)
    if not isinstance(finding, Reading):
        return False
    assert finding.progress is None or 0 <= finding.progress <= 100
    assert finding.wait is None or (math.isfinite(finding.wait) and finding.wait >= 0)
    return True


def load_profile(_name: str, data: bytes, _chance: random.Random) -> bool:
    """Check a profile: its problems have a place in the file, or it has none."""
    text = data.decode("utf-8", "replace")
    problems = check(text, "fuzzed.yaml")
    for each in problems:
        assert each.message
        assert each.line >= 1, f"no place: {each.message}"
    return not problems


def show(_name: str, data: bytes, _chance: random.Random) -> bool:
    """Show a text on a real terminal: it stays in its line, and moves nothing else."""
    shown = clean(data.decode("utf-8", "surrogateescape"))
    assert not any(unicodedata.category(char) in HIDDEN for char in shown)
    screen = pyte.Screen(*SCREEN)
    stream = pyte.Stream(screen)
    stream.feed("above\r\nbefore ")
    stream.feed(shown)
    assert (screen.cursor.y, screen.title, screen.cursor.hidden) == (1, "", False)
    assert screen.cursor.x <= len("before ") + cells(shown)
    assert screen.display[0].rstrip() == "above"
    return shown.isprintable()


def read_hint(_name: str, data: bytes, chance: random.Random) -> bool:
    """Read a pause: none, or a finite one of no less than nothing."""
    text = data.decode("latin-1")
    name = chance.choice(("ratelimit", "x-ratelimit-reset", "ratelimit-reset"))
    headers = Headers(((name, text), ("x-ratelimit-remaining", "0"), ("ratelimit-remaining", "0")))
    wait = rate_limit(headers, NOW).wait
    found = [retry_after(text, received_at=NOW, date=text), wait]
    for each in found:
        assert each is None or (math.isfinite(each) and each >= 0)
    return found != [None, None]


def take_reference(name: str, data: bytes, _chance: random.Random) -> bool:
    """Take a reference: refused with our own error, or it leads to an allowed origin."""
    bound = profile(name)
    text = data.decode("utf-8", "surrogateescape")
    try:
        target = bound.target(text)
        request = bound.request([target])
    except UsageError:
        return False
    assert parse_origin(request.url) in bound.origins, request.url
    return True


def read_stdin(_name: str, data: bytes, _chance: random.Random) -> bool:
    """Read standard input: references, an answer, or our own error."""
    try:
        read_references(data)
    except UsageError:
        return False
    return True


def draw(_name: str, data: bytes, chance: random.Random) -> bool:
    """Draw a run in which every text of the API is hostile: the screen stays ours."""
    text = data.decode("utf-8", "surrogateescape")[:2000]
    style = chance.choice((Style.BARS, Style.LINES))
    terminal = Terminal(chance.choice((30, 80, 200)), 24)
    terminal.write("above\n")
    story = Story((f"a{text}", "b"), timeout=60.0)
    first = next(iter(story.operations))
    story.read(first, text, 40.0, message=text, link=text).bad("b", Trouble(Fault.HTML, text))
    story.at += 20.0
    story.fail(first, text, text[:9]).bad("b", Trouble(Fault.STATUS_REFUSED, text, 422))
    story.end("b", Outcome.UNKNOWN, Reason.REFUSED).finish()
    surroundings: dict[str, Any] = {"environ": {"TERM": "xterm"}, "size": terminal.size}
    with open_display(style, terminal, wall_of=wall_of, **surroundings) as tell:
        for event in story.events:
            tell(event)
    assert OUR_TITLE.fullmatch(terminal.screen.title)
    assert not terminal.cursor_is_hidden()
    written = terminal.getvalue()
    assert "##[" not in written
    assert not any(line.lstrip().startswith("::") for line in written.splitlines())
    if style is Style.LINES:
        assert "\x1b" not in written
        assert all(line.startswith("opwatch") for line in written.splitlines()[1:])
    return True


Seeds = tuple[tuple[str, bytes], ...]


@cache
def answers() -> Seeds:
    """Return the example answers of all built-in profiles."""
    cases = ((name, response(case)) for name in NAMES for case in document(name)["answers"])
    return tuple((name, answer.body or b"{}") for name, answer in cases)


def profiles() -> Seeds:
    """Return all built-in profiles."""
    return tuple((path.stem, path.read_bytes()) for path in sorted(BUILTIN.glob("*.yaml")))


def references() -> Seeds:
    """Return a reference of each built-in profile."""
    return tuple((name, str(document(name)["reference"]).encode()) for name in NAMES)


def _of(*texts: bytes) -> Callable[[], Seeds]:
    return lambda: tuple(("", text) for text in texts)


TEXTS: Final = _of(b"a plain text", "naïve 中文 ✓ e\u0301".encode(), *MAGIC)
HINTS: Final = _of(
    b"120", b"Sun, 06 Nov 1994 08:49:37 GMT", b'"a";r=0;t=30, "b";r=5;t=9', b"1772355600"
)
STDIN: Final = _of(
    b"a\nb\n", b'["a", {"id": "b"}]', b'{"id": 7}\n{"id": 8}\n',
    b'HTTP/1.1 202 Accepted\r\nLocation: /ops/7\r\n\r\n{"id": "7"}',
)  # fmt: skip
DOORS: Final[Mapping[str, tuple[Door, Callable[[], Seeds]]]] = {
    "read an answer": (read_answer, answers),
    "load a profile": (load_profile, profiles),
    "show a text": (show, TEXTS),
    "draw a run": (draw, TEXTS),
    "read a pause": (read_hint, HINTS),
    "take a reference": (take_reference, references),
    "read standard input": (read_stdin, STDIN),
}


def fuzz(door: Door, seeds: Seeds, seconds: float, seed: int = 0) -> Tally:
    """Return what came of *seconds* of changed *seeds* at *door*."""
    chance, tally = random.Random(seed), Tally()  # noqa: S311, chance that can be repeated
    tried: set[int] = set()
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        name, data = chance.choice(seeds)
        data = changed(data, chance)
        tally.inputs += 1
        # Equal hashes of different inputs make the figure smaller, never larger.
        known = hash((name, data))
        if known in tried:
            continue
        tried.add(known)
        tally.distinct += 1
        try:
            tally.let_in += door(name, data, chance)
        except Exception as problem:  # noqa: BLE001, that is what is looked for
            tally.wrong.append(f"{type(problem).__name__}: {problem} on {data[:300]!r}")
    return tally


def measure(seconds: float) -> dict[str, Any]:
    """Return the figures of *seconds* at each door."""
    return {name: fuzz(door, seeds(), seconds).figures() for name, (door, seeds) in DOORS.items()}


def main() -> int:
    """Fuzz; print the figures as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0, help="for each door")
    figures = measure(parser.parse_args().seconds)
    sys.stdout.write(json.dumps(figures, indent=1) + "\n")
    return 1 if any(each["wrong"] for each in figures.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
