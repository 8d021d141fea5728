"""The options that several commands share, declared once.

Decides their names and their environment variables.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, TypeAlias

import click

from opwatch.cli.parameters import Placed, PlacedOption, argument, duration, option
from opwatch.domain.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from opwatch.domain.command_line import OptionWords

STDIN: Final = "-"
"""What is given for a file, or for references, where standard input holds them."""
ON: Final = frozenset({"", "on", "1", "yes", "true"})
OFF: Final = frozenset({"off", "0", "no", "false"})


def interval(text: str) -> float:
    """Return the seconds between two polls that *text* names.

    Raises:
        BadParameter: it names none, or too few or too many.
    """
    from opwatch.domain.pacing import LONGEST, SHORTEST_ON_LOOPBACK

    seconds = duration(text)
    if not SHORTEST_ON_LOOPBACK <= seconds <= LONGEST:
        raise click.BadParameter(f"{text!r} is not an interval from 100ms to 1h")
    return seconds


def duration_as_given(text: str) -> str:
    """Return *text*, which names a duration.

    Raises:
        BadParameter: it names none.
    """
    duration(text)
    return text


def keeps_nothing(environ: Mapping[str, str]) -> bool:
    """Tell whether ``OPWATCH_STATE`` says that nothing is to be kept of a run.

    Raises:
        UsageError: it says neither on nor off.
    """
    value = environ.get("OPWATCH_STATE", "").strip().lower()
    if value not in {*ON, *OFF}:
        raise UsageError(f"OPWATCH_STATE={value!r} is neither on nor off")
    return value in OFF


References: TypeAlias = Annotated[
    list[str] | None,
    argument(metavar="REF...", help="Ids, status URLs or paths; - reads them from standard input."),
]
ProfileName: TypeAlias = Annotated[
    str | None,
    option(
        "--profile",
        "-p",
        cls=PlacedOption,
        envvar="OPWATCH_PROFILE",
        metavar="PROFILE",
        group="ask",
        often=True,
        help="The profile to ask with; with several, each is for the references behind it.",
    ),
]
Params: TypeAlias = Annotated[
    list[str] | None,
    option(
        "--param",
        cls=PlacedOption,
        metavar="KEY=VALUE",
        group="ask",
        often=True,
        help="A parameter of the profile; repeatable.",
    ),
]
ConfigFile: TypeAlias = Annotated[
    Path | None,
    option("--config", envvar="OPWATCH_CONFIG", group="ask", help="The configuration file."),
]
BaseUrl: TypeAlias = Annotated[
    str | None,
    option(
        "--base-url",
        cls=PlacedOption,
        envvar="OPWATCH_BASE_URL",
        metavar="URL",
        group="ask",
        help="Another base URL than the profile's.",
    ),
]
Header: TypeAlias = Annotated[
    list[str] | None,
    option(
        "--header", "-H", metavar="'NAME: VALUE'", group="ask", help="A header to send; repeatable."
    ),
]
TokenStdin: TypeAlias = Annotated[
    bool,
    option(
        "--token-stdin",
        group="ask",
        help="Read the token from standard input, or ask for it at a terminal.",
    ),
]
CaFile: TypeAlias = Annotated[
    Path | None,
    option(
        "--ca-file",
        envvar="OPWATCH_CA_FILE",
        group="ask",
        help="Certificate authorities to trust besides the system's (PEM).",
    ),
]
AsJson: TypeAlias = Annotated[
    bool,
    option(
        "--json", group="output", often=True, help="Print one JSON document on standard output."
    ),
]
Raw: TypeAlias = Annotated[
    bool, option("--raw", group="output", help="Add the API's own answer to the JSON, as 'raw'.")
]
Result: TypeAlias = Annotated[
    bool,
    option("--result", group="output", help="Fetch the result of each operation that succeeds."),
]
Quiet: TypeAlias = Annotated[
    bool, option("--quiet", "-q", group="output", help="Print only what went wrong.")
]
Verbose: TypeAlias = Annotated[
    bool,
    option("--verbose", "-v", group="output", help="Show each request and answer, secrets masked."),
]
NoColor: TypeAlias = Annotated[
    bool, option("--no-color", group="output", help="Use no colour (like the variable NO_COLOR).")
]
Debug: TypeAlias = Annotated[
    bool, option("--debug", help="Show a traceback for a bug.", hidden=True)
]


@dataclass(frozen=True, kw_only=True)
class ProfileOptions:
    """Which profile is used, and how; *placed* is where on the command line that is said."""

    profile: ProfileName = None
    param: Params = None
    config: ConfigFile = None
    base_url: BaseUrl = None
    token_stdin: TokenStdin = False
    placed: tuple[Placed, ...] = ()

    @property
    def access(self) -> OptionWords:
        """What a profile's credential comes from, beside what the profile names."""
        return (("--token-stdin",),) if self.token_stdin else ()
