"""The commands and their options as plain facts, read off the parser itself.

Decides nothing; completions and the reference page are generated from it, so
that they always match the program.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from opwatch.cli.app import COMMANDS, app
from opwatch.cli.help import description, label, whole_page

if TYPE_CHECKING:
    from collections.abc import Iterator

    from opwatch.cli.parameters import Example


@dataclass(frozen=True, slots=True)
class Flag:
    """An option. *value* is what its argument is called, empty for a switch.

    *label* and *description* are what the whole help shows of it, in *group*.
    """

    names: tuple[str, ...]
    value: str
    help: str
    repeats: bool
    group: str
    label: str
    description: str


@dataclass(frozen=True, slots=True)
class Node:
    """A command: its words, its help, its options, arguments and the commands below it."""

    words: tuple[str, ...]
    help: str
    about: str
    flags: tuple[Flag, ...]
    arguments: tuple[str, ...]
    usage: str
    text: str
    examples: tuple[Example, ...]
    children: tuple[Node, ...] = ()

    def walk(self) -> Iterator[Node]:
        """Yield this command and all below it."""
        yield self
        for child in self.children:
            yield from child.walk()


def read_tree() -> Node:
    """Return the whole command line of opwatch."""
    return _node(app, ("opwatch",), None)


def _node(command: Any, words: tuple[str, ...], parent: Any) -> Node:
    context = command.make_context(words[-1], [], parent=parent, resilient_parsing=True)
    names = list(COMMANDS) if parent is None else list(getattr(command, "commands", ()))
    children = []
    for name in names:
        child = command.get_command(context, name)
        if not child.hidden:
            children.append(_node(child, (*words, name), context))
    return Node(
        words,
        command.get_short_help_str(limit=200),
        command.help or "",
        tuple(_flags(command, context)),
        tuple(each.make_metavar(context) for each in command.params if not _is_option(each)),
        command.get_usage(context).removeprefix("Usage: "),
        whole_page(command, context),
        tuple(command.examples),
        tuple(children),
    )


def _is_option(param: Any) -> bool:
    return bool(param.param_type_name == "option")


def _flags(command: Any, context: Any) -> Iterator[Flag]:
    for param in command.get_params(context):
        if not _is_option(param) or param.hidden:
            continue
        names = (*param.opts, *param.secondary_opts)
        value = "" if param.is_flag or param.count else (param.metavar or param.name.upper())
        if "--help" in names:
            # The parser keeps these in a set, whose order differs from run to run.
            names, value = tuple(sorted(names)), ""
        yield Flag(
            names,
            value,
            param.help or "",
            bool(param.multiple),
            getattr(param, "group", ""),
            label(param, context),
            description(param, context),
        )
