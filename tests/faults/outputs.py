"""Everything that opwatch writes of a run, or of a failure, that hostile texts are about."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from faults.hostile import story
from opwatch.domain.errors import (
    BadReferenceError,
    CredentialError,
    Problem,
    ProfileError,
    TriedSource,
    UnwritableError,
    UsageError,
)
from opwatch.output.errors import write_error
from opwatch.output.formats.document import document, write_document
from opwatch.output.formats.jsonl import jsonl
from opwatch.output.formats.junit import junit
from opwatch.output.formats.sheet import write_facts, write_json, write_rows
from opwatch.output.formats.table import write_table
from opwatch.output.streams import Sink
from opwatch.output.terminal.display import Quiet
from opwatch.output.terminal.lines import Lines
from output.report.pages import page_of
from output.screen import Page
from output.script import wall_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from opwatch.domain.events import Event


def outputs(hostile: Sequence[str]) -> Mapping[str, str]:
    """Return what is written of a run about *hostile* texts, by the kind of the output."""
    run = story(hostile).finish()
    return {
        "lines": lines_of(run.events),
        "quiet": quiet_of(run.events),
        "errors": errors_of(hostile),
        "programs": programs_of(hostile),
        "junit": junit(tuple(run.operations.values()), at=run.at),
        "page": page_of(run),
    }


def lines_of(events: Sequence[Event]) -> str:
    page = Page()
    with Lines(Sink(page), wall_of=wall_of, resume=lambda rest: rest[0].reference) as tell:
        for event in events:
            tell(event)
    return page.getvalue()


def quiet_of(events: Sequence[Event]) -> str:
    page = Page()
    with Quiet(Sink(page), resume=lambda rest: rest[0].reference) as tell:
        for event in events:
            tell(event)
    return page.getvalue()


def errors_of(hostile: Sequence[str]) -> str:
    page, (a, b, c) = Page(), hostile[:3]
    for problem in (
        UsageError(a, hint=b),
        BadReferenceError(a, b, hint=c),
        ProfileError((Problem(a, 3, 4, b, c), Problem(b, 0, 0, c)), hint=a),
        CredentialError(
            a, profile=b, origin=c, tried=(TriedSource(a, b), TriedSource(c, "")), fixes=(a, c)
        ),
        UnwritableError(a),
    ):
        write_error(page, problem)
    for bug in (RuntimeError(a), KeyError(b)):
        write_error(page, bug, debug=True)
    return page.getvalue()


def programs_of(hostile: Sequence[str]) -> str:
    """Return what a program reads: a table, rows, facts, JSON and JSON Lines."""
    page, run = Page(), story(hostile).finish()
    operations = tuple(run.operations.values())
    write_table(page, operations, now=run.at, wall_of=wall_of, terminal=False)
    write_rows(page, ("A", "B"), [tuple(hostile[:2]), tuple(hostile[2:4])])
    write_facts(page, [("", hostile[0]), ("label", hostile[1])])
    write_json(page, {hostile[0]: [hostile[1], {"x": hostile[2]}]})
    common: dict[str, Any] = {"command": "wait", "wall_of": wall_of, "raw": True}
    told = document(operations, run.verdict(), started_at=0.0, ended_at=run.at, **common)
    write_document(page, told)
    with jsonl(page, **common) as tell:
        for event in run.events:
            tell(event)
    return page.getvalue()
