"""What ``--help`` and ``opwatch help COMMAND`` show.

Decides in which order and under which titles options stand, and that a ``--help`` fits
a terminal of 24 lines: where not all options do, the seldom ones are only named.
"""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import click

LINES: Final = 23
"""The lines of a terminal less that of the next prompt."""
WIDTH: Final = 79
GROUPS: Final[Mapping[str, str]] = {
    "send": "What is sent",
    "ask": "Whom to ask, and how",
    "end": "When it ends, and with which code",
    "output": "Results, and what is shown",
    "": "Options",
}
"""The groups of options, in their order, with their titles."""
_COLUMN: Final = 28


def short_page(command: Any, context: click.Context) -> str:
    """Return the help of *command* as ``--help`` prints it."""
    page = _page(command, context)
    if page.count("\n") <= LINES:
        return page
    words = context.command_path.split(" ")
    room = LINES - _page(command, context, often=True).count("\n") - 1
    more = _names(command, context, " ".join([words[0], "help", *words[1:]]), room)
    page = _page(command, context, more, often=True)
    if page.count("\n") <= LINES:
        return page
    return "".join(each for each in page.splitlines(keepends=True) if each.strip())


def whole_page(command: Any, context: click.Context) -> str:
    """Return all that there is to say of *command*."""
    return _page(command, context, is_whole=True)


def _page(
    command: Any,
    context: click.Context,
    more: Sequence[str] = (),
    *,
    often: bool = False,
    is_whole: bool = False,
) -> str:
    lines = [command.get_usage(context), ""]
    lines += _about(command.help or "", is_whole=is_whole)
    lines += _below(command, context)
    lines += _arguments(command, context) if is_whole else []
    lines += _options_by_group(command, context, often=often)
    if more:
        lines += ["", *more]
    if command.examples:
        lines += ["", "Examples:", *_examples(command.examples, is_whole=is_whole)]
    if command.epilog:
        lines += ["", *textwrap.wrap(command.epilog, WIDTH)]
    return "\n".join(lines) + "\n"


def _about(text: str, *, is_whole: bool) -> Iterator[str]:
    for number, part in enumerate(text.split("\n\n")):
        if number and not is_whole:
            return
        if number:
            yield ""
        yield from textwrap.wrap(part, WIDTH, initial_indent="  ", subsequent_indent="  ")


def _below(command: Any, context: click.Context) -> list[str]:
    rows = getattr(command, "rows", None)
    if rows is None:
        return []
    return ["", "Commands:", *_table([*rows(context)], 16)]


def _options(command: Any, context: click.Context) -> dict[str, list[Any]]:
    """Return the options of *command* that are shown, by their groups."""
    found: dict[str, list[Any]] = {group: [] for group in GROUPS}
    for each in command.get_params(context):
        if each.param_type_name == "option" and not each.hidden:
            found[getattr(each, "group", "")].append(each)
    return {group: options for group, options in found.items() if options}


def _arguments(command: Any, context: click.Context) -> list[str]:
    found = [each for each in command.params if each.param_type_name == "argument" and each.help]
    rows = [(each.make_metavar(context), each.help) for each in found]
    return ["", "Arguments:", *_table(rows, _COLUMN)] if rows else []


def _options_by_group(command: Any, context: click.Context, *, often: bool) -> list[str]:
    """Return all options, or those that are used *often*, more shortly and closer together."""
    lines = list[str]()
    for group, options in _options(command, context).items():
        rows = [
            (label(each, context), _sentence(each.help) if often else description(each, context))
            for each in options
            if not often or getattr(each, "often", False)
        ]
        if rows:
            lines += [*([] if often and lines else [""]), f"{GROUPS[group]}:"]
            lines += _table(rows, _COLUMN)
    return lines


def _names(command: Any, context: click.Context, whole: str, room: int) -> list[str]:
    """Return lines, at most *room*, that name the options which are not often used."""
    seldom = [
        each.opts[-1] if len(each.opts[-1]) > len(each.opts[0]) else each.opts[0]
        for options in _options(command, context).values()
        for each in options
        if not getattr(each, "often", False) and "--help" not in each.opts
    ]
    if not seldom:
        return []
    text = f"More: {whole}   {' '.join(seldom)}"
    return textwrap.wrap(
        text,
        WIDTH,
        subsequent_indent="  ",
        break_on_hyphens=False,
        max_lines=max(room, 1),
        placeholder=" …",
    )


def label(option: Any, context: click.Context) -> str:
    """Return the names of *option*, and what its value is called."""
    names: str = option.get_help_record(context)[0]
    return names


def description(option: Any, context: click.Context) -> str:
    """Return what *option* does, its variable, its default and its bounds."""
    extra = option.get_help_extra(context)
    words = [f"${name}" for name in extra.get("envvars", ())]
    words += [f"default: {extra['default'].strip('()')}"] if "default" in extra else []
    words += [extra["range"]] if "range" in extra else []
    words += ["required"] if option.required else []
    return f"{option.help} [{'; '.join(words)}]" if words else str(option.help)


def _sentence(text: str) -> str:
    return text.partition(". ")[0].rstrip(".") + "."


def _table(rows: Sequence[tuple[str, str]], column: int) -> Iterator[str]:
    for left, right in rows:
        start = f"  {left}"
        if len(start) > column - 2:
            yield start
            start = ""
        for line in textwrap.wrap(right, WIDTH - column, break_on_hyphens=False):
            yield f"{start:<{column}}{line}"
            start = ""


def _examples(examples: Sequence[tuple[str, str]], *, is_whole: bool) -> Iterator[str]:
    for line, purpose in examples:
        if is_whole:
            yield f"  # {purpose}"
        yield f"  {line}"
