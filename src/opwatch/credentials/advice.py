"""What gives a missing credential, or replaces one that is of no use: commands to paste.

Decides that each command, pasted, is a way out. A variable is named only if it is looked
into before the place that is in the way, for that ends the search; a login only where there
is a keyring to look into; and either for the same profile, whatever options chose it.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, assert_never

from opwatch.credentials.sources import (
    COMMON_VARIABLE,
    AnySource,
    FromStdin,
    PartSources,
    SkippedSource,
    source_name,
)
from opwatch.domain.auth import FromCommand, FromEnv, FromFile, FromKeyring
from opwatch.domain.command_line import command_to_paste, named, variable_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from opwatch.domain.command_line import OptionWords


def assignment(name: str) -> str:
    """Return what sets the variable *name* in the shell of this system."""
    return f'$env:{name} = "…"' if os.name == "nt" else f"export {name}=…"


@dataclass(frozen=True, slots=True)
class Advice:
    """Commands about *profile*, which *options* choose."""

    profile: str
    options: OptionWords = ()

    def login(self, *more: str) -> str:
        """Return the command that stores the credential."""
        return command_to_paste("auth login", named(self.profile, self.options), *more)

    def for_missing(self, sources: PartSources, *, no_keyring: bool) -> tuple[str, ...]:
        """Return what gives the part, which no place holds; *no_keyring*: this machine has none."""
        assign = assignment(self._variable(sources, sources.places))
        if not no_keyring and any(isinstance(each, FromKeyring) for each in sources.places):
            # Nobody has a token of a device login at hand: it comes of a login.
            return (self.login(), assign) if sources.by_device else (assign, self.login())
        return (self.login("--print"), assign) if sources.by_device else (assign,)

    def for_unusable(
        self, sources: PartSources, place: AnySource, *, is_down: bool
    ) -> tuple[str, ...]:
        """Return what leads past *place*, which is of no use; *is_down*: the keyring itself."""
        match place:
            case FromStdin():
                return ("pipe a token into --token-stdin, or leave the option out",)
            case FromEnv(name):
                unset = f"Remove-Item Env:{name}" if os.name == "nt" else f"unset {name}"
                return (assignment(name), unset)
            case FromKeyring() if not is_down:
                return (self.login(),)
            case _:
                before = sources.places[: sources.places.index(place)]
                return (assignment(self._variable(sources, before)),)

    def for_refused(self, parts: Iterable[PartSources], name: str) -> str:
        """Return how the secret that came from the place of that *name* is replaced there."""
        places = (each for part in parts for each in part.places)
        place = next((each for each in places if source_name(each) == name), None)
        match place:
            case None | SkippedSource():
                return ""
            case FromStdin():
                return "pipe another one into --token-stdin"
            case FromEnv(variable):
                return assignment(variable)
            case FromFile(path):
                return f"put another one into {path}"
            case FromKeyring():
                return self.login()
            case FromCommand():
                return f"see to it that  {name}  prints another one"
            case _:
                assert_never(place)

    def _variable(self, sources: PartSources, places: Sequence[AnySource]) -> str:
        """Return the variable among *places* to name: the API's own before the profile's."""
        ours = [variable_of(self.profile, name) for name in sources.part.variables]
        names = [each.name for each in places if isinstance(each, FromEnv)]
        own = [each for each in names if each != COMMON_VARIABLE and each not in ours]
        return own[0] if own else ours[0]
