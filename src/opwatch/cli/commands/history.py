"""``opwatch history``: the runs that are kept, one of them in full, and how to forget them."""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import click

from opwatch.cli import options as opt
from opwatch.cli.parameters import Group, argument, command, option
from opwatch.domain.outcome import Outcome

if TYPE_CHECKING:
    from opwatch.domain.kept import KeptRun
    from opwatch.state.store import Store

MOST = 10_000
OPEN = "open"
"""The outcome of an operation that has none yet."""


@dataclass(frozen=True, kw_only=True)
class HistoryOptions:
    """Which runs are shown, and how."""

    profile: Annotated[
        str | None, option("--profile", "-p", metavar="NAME", help="Only runs of this profile.")
    ] = None
    outcome: Annotated[
        str | None,
        option(
            "--outcome",
            type=click.Choice([*(each.value for each in Outcome), OPEN]),
            metavar="OUTCOME",
            help="Only runs with an operation that ended so: succeeded, failed and so on, or open.",
        ),
    ] = None
    since: Annotated[
        float | None, option("--since", help="Only runs that began in the last 2h, 7d or so.")
    ] = None
    most: Annotated[
        int, option("--most", min=1, max=MOST, help="At most this many, the latest first.")
    ] = 50
    as_json: opt.AsJson = False


EXAMPLES = [
    ("opwatch history --outcome unknown --since 7d", "the runs that lost contact this week"),
    ("opwatch history --json | jq -r '.runs[0].id'", "the latest run, for a script"),
]


@command("history", examples=EXAMPLES)
def listing(*, options: HistoryOptions) -> int:
    """Show the runs that are kept, the latest first."""
    from opwatch.cli.keeping import reading_store
    from opwatch.state.runs import list_runs

    since = None if options.since is None else time.time() - options.since
    with reading_store() as store:
        runs = list_runs(
            store, profile=options.profile, outcome=options.outcome, since=since, most=options.most
        )
        return _show(runs, store, as_json=options.as_json)


@command(
    "show",
    examples=[
        ("opwatch history show 7b227abf", "how each operation of a run ended"),
        ("opwatch history show 7b227abf --json", "the same for a program"),
    ],
)
def show_run(run: Annotated[str, argument(metavar="ID")], *, as_json: opt.AsJson = False) -> int:
    """Show one run in full: its operations, how each ended, and how to go on."""
    from opwatch.cli.keeping import reading_store
    from opwatch.domain.errors import UsageError
    from opwatch.state.runs import find_run

    with reading_store() as store:
        found = find_run(store, run)
        if found is None:
            raise UsageError(f"there is no run {run!r}", hint="opwatch history shows them")
        return _show([found], store, as_json=as_json, in_full=True)


@command(
    "clear",
    examples=[
        ("opwatch history clear", "forget all runs"),
        ("opwatch history clear && opwatch history", "see that there are none"),
    ],
)
def clear_runs() -> int:
    """Forget all runs that are kept."""
    from opwatch.cli.keeping import reading_store
    from opwatch.output.commands.history import write_cleared
    from opwatch.state.runs import clear

    with reading_store() as store:
        write_cleared(sys.stderr, clear(store))
    return 0


def _show(found: list[KeptRun], store: Store, *, as_json: bool, in_full: bool = False) -> int:
    from opwatch.output.commands.history import history_document, write_run, write_runs
    from opwatch.output.formats.sheet import write_json_line
    from opwatch.state.folder import is_watched

    folder = store.path.parent
    runs = [(each, each.ended_at is None and is_watched(folder, each.id)) for each in found]
    if as_json:
        write_json_line(sys.stdout, history_document(runs))
    elif in_full:
        write_run(sys.stdout, *runs[0])
    else:
        write_runs(sys.stdout, runs)
    return 0


def _list(**values: object) -> int | None:
    """List the runs, unless another command follows."""
    context = click.get_current_context()
    if context.invoked_subcommand is not None:
        return None
    code: int = context.invoke(listing, **values)
    return code


app = Group(
    "history",
    help="Show the runs that are kept, one of them in full, or forget all.",
    callback=_list,
    params=listing.params,
    commands=[show_run, clear_runs],
    invoke_without_command=True,
    examples=EXAMPLES,
)
