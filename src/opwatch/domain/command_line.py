"""How a profile is chosen from a shell: the variables for it, and the commands that are printed.

Decides the names of variables for the whole program: ``OPWATCH_<PROFILE>_<NAME>``, in capitals,
where each character that a variable cannot have is ``_``; and ``OPWATCH_PARAM_<NAME>`` for a
parameter of any profile. And which options of a run a command to paste has: all that chose the
profile, and where its credential and its trust come from, as far as that command offers them.
"""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING, Final, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

OptionWords: TypeAlias = tuple[tuple[str, ...], ...]
"""Options as they are typed, each with its value if it takes one."""

PROFILE: Final = "-p"
CONFIG: Final = "--config"
OF_PROFILE: Final = frozenset({PROFILE, "--base-url", "--param"})
"""What chooses one profile among several, and stands before its references."""
_ACCESS: Final = frozenset({"--ca-file", "--token-stdin"})
NOT_OFFERED: Final[Mapping[str, frozenset[str]]] = {
    "auth login": frozenset({"--token-stdin"}),  # it asks
    "auth status": _ACCESS,
    "auth test": frozenset(),
    "profile explain": _ACCESS,
    "profile list": OF_PROFILE | _ACCESS,
    "profile new": OF_PROFILE,
    "profile show": OF_PROFILE | _ACCESS,
    "wait": frozenset(),
}


def command_to_paste(
    command: str, options: OptionWords, *more: str, references: Iterable[str] = ()
) -> str:
    """Return *command* with *options*, as far as it offers them, for a shell; *more* follows."""
    words = words_of_options(options, NOT_OFFERED[command])
    return shlex.join(["opwatch", *command.split(), *words, *more, *behind_options(references)])


def words_of_options(options: OptionWords, without: Iterable[str] = ()) -> Iterator[str]:
    """Yield the words of *options*, except those of the names *without*."""
    return (word for each in options if each[0] not in without for word in each)


def behind_options(references: Iterable[str]) -> list[str]:
    """Return *references* as they can stand behind options: one may look like an option."""
    found = list(references)
    return ["--", *found] if any(each.startswith("-") for each in found) else found


def named(profile: str, options: OptionWords) -> OptionWords:
    """Return *options* that name *profile*, which a run may call after its host as well."""
    if any(each[0] == PROFILE for each in options):
        return options
    return ((PROFILE, profile.partition("@")[0]), *options)


def params_to_paste(params: Mapping[str, str]) -> OptionWords:
    """Return the options that give *params*."""
    return tuple(("--param", f"{name}={value}") for name, value in params.items())


# -- variables ---------------------------------------------------------------------------

VARIABLES: Final = frozenset(
    f"OPWATCH_{name}"
    for name in (
        *("BASE_URL", "CA_FILE", "CI", "CONFIG", "GRACE", "INTERVAL", "LOST_AFTER", "NOTIFY"),
        *("PACE", "PROFILE", "PROGRESS", "STATE", "TIMEOUT", "TOKEN"),
    )
)
"""The variables that are for every profile."""
OF_EACH_PROFILE: Final = (
    *("TOKEN", "USERNAME", "PASSWORD", "CLIENT_ID", "CLIENT_SECRET", "REFRESH_TOKEN", "BASE_URL"),
)
"""What the variables of a profile may be named after, beside its parameters."""
NEAR: Final = 0.85
"""How alike two names are, of which one is the other misspelt."""


def variable_prefix(profile: str) -> str:
    """Return how the variables of *profile* begin."""
    return f"OPWATCH_{re.sub('[^A-Z0-9]', '_', profile.upper())}_"


def variable_of(profile: str, name: str) -> str:
    """Return the variable of *profile* for *name*."""
    return variable_prefix(profile) + name.upper()


def misspelt_variables(
    environ: Mapping[str, str], profiles: Callable[[], Iterable[str]]
) -> Iterator[tuple[str, str]]:
    """Yield each variable of *environ* that is nearly one of ours, and the nearest that is.

    A parameter may have any name, and so may what begins like a variable of one of *profiles*.
    """
    ours = [each for each in environ if each.startswith("OPWATCH_") and each not in VARIABLES]
    if not ours:
        return
    from difflib import get_close_matches  # noqa: PLC0415, seldom needed

    names = list(profiles())
    owned = (param_variable(""), *map(variable_prefix, names))
    known = [variable_of(profile, part) for profile in names for part in OF_EACH_PROFILE]
    words = [each.removeprefix("OPWATCH_") for each in (*VARIABLES, *known)]
    for name in sorted(ours):
        if not name.startswith(owned):
            near = get_close_matches(name.removeprefix("OPWATCH_"), words, n=1, cutoff=NEAR)
            yield from ((name, f"OPWATCH_{each}") for each in near)


def param_variable(name: str) -> str:
    """Return the variable of the parameter *name* for every profile."""
    return f"OPWATCH_PARAM_{name.upper()}"
