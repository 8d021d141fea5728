"""What is known of a credential without saying it, for a person who asks.

Decides the closed sets of how a credential stands, and of what a request with it
met. Nothing here holds a secret.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from opwatch.domain.errors import Tried
    from opwatch.domain.trouble import Trouble


class Standing(StrEnum):
    """How a profile's credential stands."""

    FOUND = "found"
    MISSING = "missing"
    UNUSABLE = "unusable"
    NOT_RUN = "not_run"
    NOT_NEEDED = "not_needed"
    OPTIONAL = "optional"  # there is none, and the API may do without
    BROKEN = "broken"


@dataclass(frozen=True, slots=True)
class Inspected:
    """A look at the credential of *profile*.

    *origin* is where it is good for, empty while parameters of the profile are
    missing. *place* is where it would come from, *expires_at* its end in seconds
    since the epoch, None if unknown. *notes* are oddities. *problem*, *tried* and
    *fixes* are those of the error that a run would end with.
    """

    profile: str
    standing: Standing
    origin: str = ""
    place: str = ""
    expires_at: float | None = None
    notes: tuple[str, ...] = ()
    problem: str = ""
    tried: tuple[Tried, ...] = ()
    fixes: tuple[str, ...] = ()


class Met(StrEnum):
    """What one authorized request met."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    UNREACHABLE = "unreachable"


@dataclass(frozen=True, slots=True)
class Trial:
    """One authorized request of *profile*: *method* and *url*, and what it *met*.

    *status* is the HTTP status, None if no answer came; *trouble* is what went
    wrong. *place* and *expires_at* are those of the credential, as in ``Inspected``;
    a profile that wants none, or had none to show where it *is_optional*, has *place*
    empty.
    """

    profile: str
    origin: str
    method: str
    url: str
    met: Met
    status: int | None = None
    trouble: Trouble | None = None
    place: str = ""
    expires_at: float | None = None
    is_optional: bool = False
