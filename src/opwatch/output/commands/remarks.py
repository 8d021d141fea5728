"""What is said of a credential before a run shows anything else.

Decides the wording of two lines: whom a person is waiting for, and what is odd
about what was found.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Final

from opwatch.domain.errors import OpwatchError
from opwatch.output.streams import Sink
from opwatch.output.text.clean import Redact, keep

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import TextIO

WAITING: Final[Mapping[str, str]] = {
    "keyring": "the keyring",
    "helper": "the program that prints the credential",
}


def announcer(stream: TextIO | None) -> Callable[[str], None]:
    """Return a function that says on *stream* whom of WAITING we wait for, each once."""
    sink = Sink(stream, required=False)
    told: set[str] = set()

    def announce(waiting: str) -> None:
        if waiting in told:
            return
        told.add(waiting)
        with suppress(OpwatchError):
            sink.line(f"opwatch waiting for {WAITING[waiting]}…")

    return announce


def noticer(stream: TextIO | None, *, redact: Redact = keep) -> Callable[[str, str], None]:
    """Return a function that says on *stream* what is odd about a profile's credential."""
    sink = Sink(stream, redact=redact, required=False)

    def notice(profile: str, note: str) -> None:
        with suppress(OpwatchError):
            sink.line(f"opwatch: {sink.show(profile, 80)}: {sink.show(note)}")

    return notice
