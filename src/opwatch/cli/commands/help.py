"""``opwatch help``: all of a command's options, or a topic.

Decides what is meant by the words behind it, and that what is longer than the terminal
goes through the person's pager.
"""

from __future__ import annotations

import os
import shutil
import sys
from typing import Annotated

import click

from opwatch.cli.help import whole_page
from opwatch.cli.parameters import argument, command
from opwatch.output.streams import Sink, is_terminal
from opwatch.output.topics import TOPICS, page_of, rendered


@command(
    "help",
    examples=[
        ("opwatch help wait", "all options of a command"),
        ("opwatch help exit-codes", "what each exit code means"),
    ],
)
def app(
    words: Annotated[
        list[str] | None,
        argument(
            metavar="[COMMAND...|TOPIC]",
            help="A command, or one of exit-codes, profiles, json, ci.",
        ),
    ] = None,
) -> int:
    """Show all options of a command, or explain a topic."""
    at_terminal = is_terminal(sys.stdout) and os.environ.get("TERM") != "dumb"
    if words and len(words) == 1 and words[0] in TOPICS:
        text = page_of(words[0])
        if at_terminal:
            width = min(shutil.get_terminal_size().columns, 100)
            text = rendered(text, width=width, color="NO_COLOR" not in os.environ)
    else:
        text = _page(words or [])
    _show(text, at_terminal=at_terminal)
    return 0


def _page(words: list[str]) -> str:
    """Return all that there is to say of the command *words*.

    Raises:
        NoSuchCommand: there is none.
    """
    context = click.get_current_context().find_root()
    found: click.Command = context.command
    for word in words:
        known = list(found.commands) if isinstance(found, click.Group) else []
        below = found.get_command(context, word) if isinstance(found, click.Group) else None
        if below is None:
            from difflib import get_close_matches

            near = get_close_matches(word, [*known, *TOPICS], n=1)
            raise click.NoSuchCommand(word, possibilities=near)
        context = click.Context(below, info_name=word, parent=context)
        found = below
    return whole_page(found, context)


def _show(text: str, *, at_terminal: bool) -> None:
    if at_terminal and text.count("\n") >= shutil.get_terminal_size().lines:
        click.echo_via_pager(text, color=True)
        return
    sink = Sink(sys.stdout)
    sink.write(text)
    sink.flush()
