"""``opwatch replay``: a recorded run, driven again and explained.

Decides that nothing is sent, and that the exit code is that of the replay: of a recording
without an end that of a wait which is still going on.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Final

import click

from opwatch.cli import options as opt
from opwatch.cli.files import bytes_of
from opwatch.cli.parameters import argument, command, option
from opwatch.domain.outcome import Outcome
from opwatch.output.commands.replay import (
    VerdictReport,
    verdict_document,
    verdict_facts,
    write_asks_otherwise,
    write_other_exit,
    write_recording_ends,
)
from opwatch.output.formats.document import document, warnings_into, write_document
from opwatch.output.formats.jsonl import jsonl
from opwatch.output.formats.sheet import write_facts, write_json
from opwatch.output.terminal import Style
from opwatch.output.terminal.display import open_display
from opwatch.profiles import Profile, bind_profile, load_config, load_profile
from opwatch.profiles.config import read_file, require_version
from opwatch.profiles.explain import setting_of, where_written
from opwatch.session.recording.player import Played, replay, reread
from opwatch.session.recording.recording import DAMAGE, Recording, damaged, read_recording

LARGEST: Final = 80 * 1024 * 1024
"""Bytes of a recording that is read; none is written as large."""


@command(
    "replay",
    examples=[
        ("opwatch replay run.jsonl --explain", "which answer and which rule decided, and where"),
        ("opwatch replay run.jsonl --profile fullstory", "what another profile makes of it"),
    ],
)
def app(
    file: Annotated[str, argument(metavar="FILE|-")],
    *,
    explain: Annotated[
        bool,
        option(
            "--explain",
            help="Print, for each operation, which answer, rule and line of YAML decided.",
        ),
    ] = False,
    profile: Annotated[
        str | None,
        option(
            "--profile",
            "-p",
            metavar="NAME|FILE",
            help="Read the recorded answers by another profile, and explain what it finds.",
        ),
    ] = None,
    config: opt.ConfigFile = None,
    as_json: opt.AsJson = False,
    as_jsonl: Annotated[
        bool, option("--jsonl", help="Print the events that the run printed, byte for byte.")
    ] = False,
    quiet: opt.Quiet = False,
) -> int:
    """Drive a recorded run again, and exit as it did. Nothing is sent.

    FILE is what --record wrote. Of a run that was killed its beginning is replayed. With
    another profile the exit code is the one that it would have led to.
    """
    if as_jsonl and (as_json or explain):
        raise click.BadParameter("--jsonl cannot be given with --json or --explain")

    recording = read_recording(bytes_of(file, LARGEST), file)
    others = None if profile is None else _other_profiles(recording, profile, config)
    try:
        played = replay(recording) if others is None else reread(recording, others)
        # What is shown of it is as little to be trusted.
        if explain or (profile is not None and not as_jsonl):
            _explain(played, as_json=as_json)
        else:
            _show(played, as_json=as_json, as_jsonl=as_jsonl, quiet=quiet)
        _write_doubts(played, is_other=profile is not None)
    except DAMAGE as problem:
        raise damaged(file) from problem
    return played.verdict.code


def _other_profiles(recording: Recording, name: str, config: Path | None) -> Mapping[str, Profile]:
    """Return the profile *name*, or of the file of that name, in place of each recorded one."""
    known = load_config(config, os.environ)
    path = Path(name)
    if path.suffix in {".yaml", ".yml"}:
        known = known.with_profiles({path.stem: require_version(read_file(path))})
        name = path.stem
    definition = load_profile(name, known)
    found = {}
    for each, recorded in recording.profiles.items():
        params = {
            key: value
            for key, value in recorded.params.items()
            if key in definition.spec.params and key != "id"
        }
        found[each] = bind_profile(definition, params, recorded.base_url)
    return found


def _show(played: Played, *, as_json: bool, as_jsonl: bool, quiet: bool) -> None:
    """Show the events as lines, and as the run did on standard output."""
    head, began = played.recording.head, played.recording.began
    end = played.recording.end or {}

    def wall_of(at: float) -> datetime:
        return datetime.fromtimestamp(at + head["wall"], UTC).astimezone()

    about: dict[str, Any] = {name: head.get(name) for name in ("command", "profile", "duplicates")}
    about |= {"wall_of": wall_of, "profiles": played.profiles}
    about["resume"] = lambda _rest: end.get("resume")
    about["warnings"] = warnings = list[str](end.get("warnings", ())[: end.get("told")])
    with ExitStack() as stack:
        style = Style.NONE if quiet else Style.LINES
        views: list[Any] = [open_display(style, sys.stderr, wall_of=wall_of)]
        views += [jsonl(sys.stdout, **about)] if as_jsonl else []
        listeners = [*map(stack.enter_context, views)]
        if "warnings" not in end:
            listeners.insert(0, warnings_into(warnings))
        for event in played.events:
            for listener in listeners:
                listener(event)
    if as_json:
        ended = played.events[-1].at
        operations, verdict = played.watcher.operations, played.verdict
        # What a command of --exec was warned of may have come after the last event.
        about["warnings"] = end.get("warnings", warnings)
        found = document(operations, verdict, started_at=began, ended_at=ended, **about)
        write_document(sys.stdout, found)


def _write_doubts(played: Played, *, is_other: bool) -> None:
    recording, code = played.recording, played.verdict.code
    if recording.end is None:
        after = recording.ended - recording.began
        write_recording_ends(sys.stderr, after, cut=recording.cut)
    if played.asks_otherwise is not None:
        after = played.asks_otherwise - recording.began
        write_asks_otherwise(sys.stderr, after, recording.head["version"])
    if recording.end is not None and not is_other and code != recording.end["exit"]:
        write_other_exit(sys.stderr, recording.end["exit"], code)


def _explain(played: Played, *, as_json: bool) -> None:
    reports = list(_reports(played))
    if as_json:
        write_json(sys.stdout, verdict_document(reports))
    else:
        write_facts(sys.stdout, verdict_facts(reports))


def _reports(played: Played) -> Iterator[VerdictReport]:
    """Yield what made the verdict on each operation: the last of its evidence, mostly."""
    end = played.recording.end
    outcomes = [Outcome(each) for each in end["outcomes"]] if end else []
    for index, operation in enumerate(played.watcher.operations):
        was = outcomes[index] if index < len(outcomes) else None
        definition = played.profiles[operation.target.profile].definition
        report = VerdictReport(
            operation,
            played.evidence.get(index, ()),
            played.recording.began,
            setting=setting_of(definition, operation.reason),
            was=None if was is operation.counted_as else was,
        )
        where = where_written(definition, report.rule) if report.rule else ""
        yield report._replace(where=where)
