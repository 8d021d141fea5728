"""What a login and a logout say.

Decides the words of a question whose answer is not shown, and of a login with a
code (RFC 8628): code and address stand on lines of our own, cleaned (rule S10).

What is said of a credential before a run shows anything else.

Decides the wording of two lines: whom a person is waiting for, and what is odd
about what was found.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Final

from opwatch.domain.errors import OpwatchError
from opwatch.output.streams import Sink
from opwatch.output.text.clean import Redact, as_is
from opwatch.output.text.sentences import rounded

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


def notifier(stream: TextIO | None, *, redact: Redact = as_is) -> Callable[[str, str], None]:
    """Return a function that says on *stream* what is odd about a profile's credential."""
    sink = Sink(stream, redact=redact, required=False)

    def notice(profile: str, note: str) -> None:
        with suppress(OpwatchError):
            sink.line(f"opwatch: {sink.show(profile, 80)}: {sink.show(note)}")

    return notice


LINE: Final = 400


def secret_prompt(stream: TextIO | None, title: str, profile: str, origin: str = "") -> str:
    """Return what is asked at the terminal *stream*; the answer is not shown."""
    show = Sink(stream, required=False).show
    whose = f" for {show(profile, 80)!r}" if profile else ""
    where = f" ({show(origin, 120)})" if origin else ""
    return f"{title}{whose}{where}, not shown: "


def write_device(
    stream: TextIO | None,
    *,
    user_code: str,
    url: str,
    complete_url: str | None,
    expires_in: float,
    redact: Redact = as_is,
) -> None:
    """Write where to enter which code; *expires_in* is in seconds.

    The addresses have been found to be https, or on this machine.
    """
    sink = Sink(stream, redact=redact, required=False)
    code = sink.show(user_code, 80)
    sink.line(f"opwatch: enter the code  {code}  at  {sink.show(url, LINE)}")
    # An address that had to be cut leads nowhere.
    if complete_url and len(complete_url) <= LINE:
        sink.line(f"opwatch: or, with the code in it, open  {sink.show(complete_url, LINE)}")
    sink.line(f"opwatch: waiting for that, {rounded(expires_in)} at most; Ctrl-C gives up")


def write_stored(stream: TextIO | None, title: str, profile: str, account: str) -> None:
    """Write that a secret is in the keyring now, and what it is good for."""
    sink = Sink(stream, required=False)
    name, where = sink.show(profile, 80), sink.show(account, 200)
    sink.line(f"opwatch: the {title} of {name!r} is in the keyring now, for {where} only")


def write_deleted(stream: TextIO | None, title: str, profile: str, *, was_there: bool) -> None:
    """Write that the keyring holds nothing any more, or held nothing."""
    sink = Sink(stream, required=False)
    name = sink.show(profile, 80)
    sink.line(
        f"opwatch: the {title} of {name!r} is deleted from the keyring"
        if was_there
        else f"opwatch: the keyring holds no {title} of {name!r}"
    )
