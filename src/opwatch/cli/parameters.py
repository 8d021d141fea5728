"""How the signature of a function becomes the arguments and options of a command.

Decides what a type is on the command line: a ``bool`` is a flag, a ``float`` a duration, a
``StrEnum`` a choice, a ``list`` may be given several times, and a dataclass is all of its
fields. Where an option stands among
the arguments is known of those that are *placed*.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import MISSING, dataclass, fields, is_dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Final, NamedTuple, get_args, get_origin, get_type_hints

import click

from opwatch.domain.moments import parse_duration

SETTINGS: Final = {
    "help_option_names": ["-h", "--help"],
    "max_content_width": 100,
    "show_default": True,
}
"""How every command and every group is set up."""
REQUIRED: Final = inspect.Parameter.empty
METAVARS: Final[Mapping[Any, str]] = {int: "N", float: "DURATION", Path: "FILE"}
PROFILE: Final = "profile"
REFERENCES: Final = "references"
PLACES: Final = "opwatch.placed"
PLACED: Final = "placed"
"""The field of a dataclass that is not an option, but where its options stood."""


class Example(NamedTuple):
    """A command line that works as it is written, and what it is for."""

    line: str
    purpose: str


@dataclass(frozen=True, slots=True)
class Placed:
    """An option as it was given: behind how many arguments it stood."""

    name: str
    value: str
    after: int


@dataclass(frozen=True, slots=True)
class Declared:
    """What a signature cannot say of an option; without *names*, of an argument."""

    names: tuple[str, ...]
    help: str
    attributes: dict[str, Any]


def option(*names: str, help: str, **attributes: Any) -> Declared:  # noqa: A002, click's own word
    """Declare an option; *attributes* are those of ``Option`` and ``click.Option``."""
    return Declared(names, help, attributes)


def argument(*, metavar: str, **attributes: Any) -> Declared:
    """Declare an argument; *attributes* are those of ``click.Argument``."""
    return Declared((), "", {"metavar": metavar, **attributes})


class Option(click.Option):
    """An option in the *group* of ``GROUPS``; one that is used *often* is on every page of help."""

    def __init__(
        self, *names: Any, group: str = "", often: bool = False, **attributes: Any
    ) -> None:
        super().__init__(*names, **attributes)
        self.group = group
        self.often = often


class PlacedOption(Option):
    """An option that remembers each place where it was given, for the field ``placed``."""

    def add_to_parser(self, parser: Any, ctx: click.Context) -> None:
        """Add it to *parser*, and have each of its values noted as it is read."""
        super().add_to_parser(parser, ctx)
        places: list[Placed] = ctx.meta.setdefault(PLACES, [])
        self._is_repeatable = any(each.name == REFERENCES for each in ctx.command.params)
        for each in {id(own): own for own in self._own(parser)}.values():
            each.process = functools.partial(self._note, each.process, places)

    def _own(self, parser: Any) -> Iterator[Any]:
        # What click makes public of a parsed line is the order of its options, without the
        # arguments between them; a scan of the line beside the parser could disagree with it.
        known = [*parser._short_opt.values(), *parser._long_opt.values()]  # noqa: SLF001, see above
        return (each for each in known if each.obj is self)

    def _note(
        self, process: Callable[..., None], places: list[Placed], value: str, state: Any
    ) -> None:
        is_again = self.name == PROFILE and any(each.name == PROFILE for each in places)
        if is_again and not self._is_repeatable:
            raise click.UsageError("-p can be given only once here")
        places.append(Placed(self.name or "", value, len(state.largs)))
        process(value, state)


class Words(click.Choice[str]):
    """One of some words."""

    def get_missing_message(self, param: click.Parameter, ctx: click.Context | None) -> str:
        """Add nothing: what is missing is called by its words, and click would add lines."""
        del param, ctx
        return ""


class OneOf(Words):
    """One of the words of *kind*."""

    def __init__(self, kind: type[StrEnum]) -> None:
        super().__init__([each.value for each in kind])
        self._kind = kind

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the member that *value* is the word for."""
        return self._kind(super().convert(value, param, ctx))


def duration(text: str) -> float:
    """Return the seconds that *text* names.

    Raises:
        BadParameter: it names none.
    """
    try:
        return parse_duration(str(text))
    except ValueError as problem:
        raise click.BadParameter(str(problem)) from problem


class Range(click.IntRange):
    """A whole number between two bounds, and said in words."""

    name = "whole number"

    def _describe_range(self) -> str:
        return f"{self.min} to {self.max}"


class WithExamples(click.Command):
    """What a command and a group have in common: *examples*, and how their help is shown."""

    def __init__(
        self, name: str, *, examples: Sequence[tuple[str, str]], **attributes: Any
    ) -> None:
        super().__init__(name, context_settings=SETTINGS, **attributes)
        self.examples = [Example(*each) for each in examples]

    def format_help(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the page that fits a terminal."""
        from opwatch.cli.help import short_page

        formatter.write(short_page(self, ctx))


def command(
    name: str, *, without: Collection[str] = (), examples: Sequence[tuple[str, str]]
) -> Callable[[Callable[..., int | None]], click.Command]:
    """Return a decorator that makes a function the command *name*; what it returns is the code.

    A parameter that is a dataclass becomes an option for each of its fields but those in
    *without*, which keep their defaults. The docstring is the help. *examples* are command
    lines, and what each is for.
    """

    def decorate(function: Callable[..., int | None]) -> click.Command:
        hints = get_type_hints(function, include_extras=True)
        own = inspect.signature(function).parameters
        groups = {each: hints[each] for each in own if is_dataclass(hints[each])}

        @functools.wraps(function)
        def call(**values: Any) -> int | None:
            # What may be given several times is a list, or nothing.
            given = {
                key: (list(value) or None) if isinstance(value, tuple) else value
                for key, value in values.items()
            }
            for key, kind in groups.items():
                names = {each.name for each in fields(kind)} - {*without, *own, PLACED}
                chosen = {each: given.pop(each) for each in names}
                if any(each.name == PLACED for each in fields(kind)):
                    places = click.get_current_context().meta.get(PLACES, ())
                    chosen[PLACED] = tuple(places)
                given[key] = kind(**chosen)
            return function(**given)

        declared: list[click.Parameter] = []
        for key, parameter in own.items():
            if key in groups:
                declared += _of_fields(groups[key], without)
            else:
                declared.append(_parameter(key, hints[key], parameter.default))
        return WithExamples(
            name,
            callback=call,
            params=declared,
            help=inspect.getdoc(function),
            examples=examples,
        )

    return decorate


class Group(WithExamples, click.Group):
    """A group that shows its help where no command is given, and ends with 2."""

    def rows(self, ctx: click.Context) -> list[tuple[str, str]]:
        """Return the names of the commands, and what each does."""
        found = {name: self.get_command(ctx, name) for name in self.list_commands(ctx)}
        return [(name, each.get_short_help_str(limit=200)) for name, each in found.items() if each]

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002, click's signature
        """Return the names of the commands, in the order in which they were given."""
        return list(self.commands)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Show the help if there is nothing in *args*."""
        if not (args or ctx.resilient_parsing or self.invoke_without_command):
            click.echo(ctx.get_help(), err=True)
            ctx.exit(2)
        return super().parse_args(ctx, args)


def _of_fields(kind: Any, without: Collection[str]) -> Iterator[click.Parameter]:
    hints = get_type_hints(kind, include_extras=True)
    for each in fields(kind):
        if each.name not in {*without, PLACED}:
            default = REQUIRED if each.default is MISSING else each.default
            yield _parameter(each.name, hints[each.name], default)


def _parameter(key: str, hint: Any, default: Any) -> click.Parameter:
    """Return the parameter *key* of a command, of the type *hint*."""
    kind, declared = get_args(hint)[:2]
    attributes = dict(declared.attributes)
    several, kind = _kind(kind)
    if kind is bool:
        attributes["is_flag"] = True
    else:
        attributes.setdefault("type", _type(kind, attributes))
        attributes.setdefault("metavar", _metavar(kind))
    if default is not None and default is not REQUIRED:
        attributes["default"] = str(default) if isinstance(default, StrEnum) else default
    attributes["required"] = default is REQUIRED
    if not declared.names:
        return click.Argument([key], nargs=-1 if several else 1, **attributes)
    make = attributes.pop("cls", Option)
    option_: click.Option = make(
        [*declared.names, key],
        help=declared.help,
        multiple=several,
        show_envvar="envvar" in attributes,
        **attributes,
    )
    return option_


def _kind(hint: Any) -> tuple[bool, Any]:
    """Return whether *hint* is a list, and the type of one value."""
    kind = next((each for each in get_args(hint) if each is not type(None)), hint)
    if get_origin(hint) is list:
        return True, kind
    return (True, get_args(kind)[0]) if get_origin(kind) is list else (False, kind)


def _type(kind: Any, attributes: dict[str, Any]) -> Any:
    """Return what reads one value: the ``parser`` of *attributes*, or that of its type."""
    if "parser" in attributes:
        return attributes.pop("parser")
    if kind is int:
        return Range(attributes.pop("min", None), attributes.pop("max", None))
    if kind is float:
        return duration
    if kind is Path:
        return click.Path(file_okay=attributes.pop("file_okay", True), path_type=Path)
    return OneOf(kind) if issubclass(kind, StrEnum) else str


def _metavar(kind: Any) -> str | None:
    """Return what a value of the type *kind* is called."""
    return "|".join(kind) if issubclass(kind, StrEnum) else METAVARS.get(kind)
