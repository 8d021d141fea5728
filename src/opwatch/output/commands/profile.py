"""What ``profile show``, ``check`` and ``new`` print for a person, and what ``new`` asks."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TextIO

from opwatch.domain.command_line import PROFILE, command_to_paste
from opwatch.output.streams import Sink
from opwatch.output.text.clean import PLAIN, Show

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

BUILT_IN: Final = "built in"


def profile_facts(facts: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the labels and texts of a profile, from the *facts* that a program gets."""
    experimental = ", experimental" if facts["experimental"] else ""
    reason = f": {facts['confidence_reason']}" if facts["confidence_reason"] else ""
    yield "profile", f"{facts['name']} ({facts['origin']}{experimental})"
    yield "title", facts["title"]
    yield "file", facts["file"]
    for key in ("docs", "retention", "notes"):
        if facts[key]:
            yield key, " ".join(facts[key].split())
    yield "confidence", facts["confidence"] + reason
    if facts["checked"] or facts["origin"] == BUILT_IN:
        yield "checked", facts["checked"] or "not again since it was written"
    for name, param in facts["params"].items():
        choices = f" ({', '.join(param['choices'])})" if param["choices"] else ""
        default = f", default {param['default']}" if param["default"] is not None else ""
        needed = ", required" if param["required"] else ""
        yield "--param", f"{name}{needed}{default}: {param['help']}{choices}"
    credential = facts["credential"]
    places = f" from {', '.join(credential['sources'])}" if credential["sources"] else ""
    optional = "; it may do without" if credential["optional"] else ""
    yield "credential", credential["scheme"] + places + optional
    if facts["batch"] > 1:
        yield "batch", f"up to {facts['batch']} operations in one request"
    for state, words in facts["states"].items():
        yield state, ", ".join(words)


def checked(count: int, warnings: int = 0) -> str:
    """Return that *count* files and profiles were checked, and no worse than *warnings* found."""
    if warnings:
        return f"{count} checked, {warnings} warning{'s' if warnings > 1 else ''}"
    return f"{count} checked, no problem found"


WORD: Final = 40
PATHS: Final = 9


def ask_url() -> str:
    """Return the question for the URL that the samples came from."""
    return "The URL that the answers come from (Enter: none)"


def ask_status(candidates: Sequence[str], show: Show = PLAIN) -> str:
    """Return the question for the path of the status word."""
    shown = ", ".join(show(each, WORD) for each in candidates[:PATHS])
    return f"Where is the status word? One of {shown} (Enter: none of them)"


def ask_meaning(word: str, buckets: Iterable[str], show: Show = PLAIN) -> str:
    """Return the question for what a status word means."""
    return f"What does {show(word, WORD)} mean: {', '.join(buckets)} (Enter: still running)"


def write_notes(stream: TextIO | None, notes: Iterable[str]) -> None:
    """Write what a person should know before they say what a word means."""
    sink = Sink(stream, required=False)
    for note in notes:
        sink.say(note)


def write_left_out(stream: TextIO | None, source: str, status: int) -> None:
    """Write that the answer in *source* is not a sample, for its HTTP *status*."""
    sink = Sink(stream, required=False)
    shown = sink.show(source, 120)
    sink.say(f"left out {shown}: HTTP {status} is not an answer about an operation")


def write_next_steps(
    stream: TextIO | None,
    *,
    name: str,
    path: str | None,
    folder: str,
    unclear: Sequence[str],
    has_status: bool,
) -> None:
    """Write what is left to do with the profile *name*, written to *path* or to standard output."""
    sink = Sink(stream, required=False)
    where = "the profile" if path is None else sink.show(path, 200)
    if not has_status:
        sink.say(f"no status word was found in the samples; add it to {where}")
    if unclear:
        shown = ", ".join(sink.show(each, WORD) for each in unclear)
        sink.say(f"not clear, and treated as running: {shown}; see CHECK in {where}")
    place = f"as {name}.yaml in {sink.show(folder, 200)}"
    if path is None:
        sink.say(f"to use the profile, save it {place}")
        return
    file = sink.show(path, None)
    sink.say(f"wrote {file}")
    sink.line(f"  to check   opwatch profile check {shlex.quote(file)}")
    is_there = Path(path).absolute() == Path(folder).absolute() / f"{name}.yaml"
    use = command_to_paste("wait", ((PROFILE, name),), "REF") if is_there else f"save it {place}"
    sink.line(f"  to use     {use}")
