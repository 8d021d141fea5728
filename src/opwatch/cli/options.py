"""The options that several commands share, declared once.

Decides their names, their environment variables, what a duration looks like on the
command line, and how a dataclass of options becomes the options of a command.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Collection, Mapping
from dataclasses import MISSING, dataclass, fields
from pathlib import Path
from typing import Annotated, Any, Final, TypeAlias, get_type_hints

import typer

from opwatch.domain.duration import parse_duration
from opwatch.domain.pacing import LONGEST, SHORTEST_ON_LOOPBACK

DURATION: Final = "DURATION"


def duration(text: str) -> float:
    """Return the seconds that *text* names.

    Raises:
        BadParameter: it names none.
    """
    try:
        return parse_duration(str(text))
    except ValueError as problem:
        raise typer.BadParameter(str(problem)) from problem


def interval(text: str) -> float:
    """Return the seconds between two polls that *text* names.

    Raises:
        BadParameter: it names none, or too few or too many.
    """
    seconds = duration(text)
    if not SHORTEST_ON_LOOPBACK <= seconds <= LONGEST:
        raise typer.BadParameter(f"{text!r} is not an interval from 100ms to 1h")
    return seconds


def _flag(*names: str, help: str) -> Any:  # noqa: A002, typer's own word
    """Return a flag without the '<bool>' that typer would print after it."""
    return typer.Option(*names, help=help, metavar="", show_default=False)


References: TypeAlias = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="REF",
        help="Ids, status URLs or paths; - reads them from standard input.",
        show_default=False,
    ),
]
ProfileName: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--profile", "-p", envvar="OPWATCH_PROFILE", metavar="NAME", help="The profile to ask with."
    ),
]
Params: TypeAlias = Annotated[
    list[str] | None,
    typer.Option("--param", metavar="KEY=VALUE", help="A parameter of the profile; repeatable."),
]
ConfigFile: TypeAlias = Annotated[
    Path | None,
    typer.Option(
        "--config", envvar="OPWATCH_CONFIG", metavar="FILE", help="The configuration file."
    ),
]
BaseUrl: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--base-url",
        envvar="OPWATCH_BASE_URL",
        metavar="URL",
        help="Another base URL than the profile's.",
    ),
]
Header: TypeAlias = Annotated[
    list[str] | None,
    typer.Option("--header", "-H", metavar="'NAME: VALUE'", help="A header to send; repeatable."),
]
TokenStdin: TypeAlias = Annotated[
    bool,
    _flag("--token-stdin", help="Read the token from standard input, or ask for it at a terminal."),
]
CaFile: TypeAlias = Annotated[
    Path | None,
    typer.Option(
        "--ca-file",
        envvar="OPWATCH_CA_FILE",
        metavar="FILE",
        help="Certificate authorities to trust besides the system's (PEM).",
    ),
]
AsJson: TypeAlias = Annotated[
    bool, _flag("--json", help="Print one JSON document on standard output.")
]
Raw: TypeAlias = Annotated[
    bool, _flag("--raw", help="Add the API's own answer to the JSON, as 'raw'.")
]
Result: TypeAlias = Annotated[
    bool, _flag("--result", help="Fetch the result of each operation that succeeds.")
]
Quiet: TypeAlias = Annotated[bool, _flag("--quiet", "-q", help="Print only what went wrong.")]
Verbose: TypeAlias = Annotated[
    bool, _flag("--verbose", "-v", help="Show each request and answer, secrets masked.")
]
NoColor: TypeAlias = Annotated[
    bool, _flag("--no-color", help="Use no colour (like the variable NO_COLOR).")
]
Debug: TypeAlias = Annotated[
    bool, typer.Option("--debug", help="Show a traceback for a bug.", metavar="", hidden=True)
]


@dataclass(frozen=True, kw_only=True)
class ProfileOptions:
    """Which profile is used, and how."""

    profile: ProfileName = None
    param: Params = None
    config: ConfigFile = None
    base_url: BaseUrl = None
    token_stdin: TokenStdin = False

    def again(self, environ: Mapping[str, str]) -> tuple[str, ...]:
        """Return what, beside ``-p``, chooses the same profile in another command."""
        given = {"OPWATCH_CONFIG": self.config, "OPWATCH_BASE_URL": self.base_url}
        words: list[str] = []
        for option, (name, value) in zip(("--config", "--base-url"), given.items(), strict=True):
            if value is not None and environ.get(name) != str(value):
                words += [option, str(value)]
        return (*words, *(word for each in self.param or () for word in ("--param", each)))


def with_options(
    *, without: Collection[str] = ()
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Return a decorator that turns the parameter ``options`` of a command into its fields.

    Each field of that dataclass becomes an option, except those named in *without*:
    they keep their defaults.
    """

    def decorate(function: Callable[..., None]) -> Callable[..., None]:
        own = inspect.signature(function, eval_str=True).parameters
        kind = own["options"].annotation
        hints = get_type_hints(kind, include_extras=True)
        offered = [each for each in fields(kind) if each.name not in without]

        @functools.wraps(function)
        def called(**values: Any) -> None:
            options = kind(**{each.name: values.pop(each.name) for each in offered})
            function(**values, options=options)

        parameters: list[inspect.Parameter] = []
        for name, parameter in own.items():
            if name != "options":
                parameters.append(parameter)
                continue
            for each in offered:
                default = parameter.empty if each.default is MISSING else each.default
                hint = hints[each.name]
                parameters.append(
                    parameter.replace(name=each.name, default=default, annotation=hint)
                )
        called.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
        called.__annotations__ = {each.name: each.annotation for each in parameters}
        return called

    return decorate
