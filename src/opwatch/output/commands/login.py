"""What opwatch prints when it asks for a credential, waits for one, or stores one.

Decides the words of a prompt whose answer is hidden, of a login with a code (RFC 8628),
where code and address stand on lines of our own, cleaned (rule S10), and of the two lines
that may precede a run: what it is waiting for, and what is odd about a credential.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Final, TextIO

from opwatch.domain.command_line import variable_of
from opwatch.domain.errors import OpwatchError
from opwatch.output.streams import Sink
from opwatch.output.text.clean import Redact, as_is
from opwatch.output.text.sentences import rounded

if TYPE_CHECKING:
    from collections.abc import Mapping

    from opwatch.domain.secret import Secret

LINE: Final = 400
STORE_AGAIN: Final = "the login itself is good; Enter tries to store it again, Ctrl-C gives it up"
WAITING: Final[Mapping[str, str]] = {
    "keyring": "the keyring",
    "helper": "the program that prints the credential",
}


def secret_prompt(stream: TextIO | None, title: str, profile: str, origin: str = "") -> str:
    """Return the prompt for a secret at the terminal *stream*; the answer is not shown."""
    show = Sink(stream, required=False).show
    owner = f" for {show(profile, 80)!r}" if profile else ""
    where = f" ({show(origin, 120)})" if origin else ""
    return f"{title}{owner}{where}, not shown: "


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

    The addresses have been checked: they are https, or on this machine.
    """
    sink = Sink(stream, redact=redact, required=False)
    code = sink.show(user_code, 80)
    sink.say(f"enter the code  {code}  at  {sink.show(url, LINE)}")
    # An address that had to be cut leads nowhere.
    if complete_url and len(complete_url) <= LINE:
        sink.say(f"or, with the code in it, open  {sink.show(complete_url, LINE)}")
    sink.say(f"waiting for the login, {rounded(expires_in)} at most; Ctrl-C gives up")


def write_stored(
    stream: TextIO | None, title: str, profile: str, account: str, keyring: str
) -> None:
    """Write that a secret is now in *keyring*, and which host it is for."""
    sink = Sink(stream, required=False)
    name, where = sink.show(profile, 80), sink.show(account, 200)
    which = f" ({sink.show(keyring, 80)})" if keyring else ""
    sink.say(f"the {title} for {name!r} is now in the keyring, for {where} only{which}")


def write_secret(
    stream: TextIO | None, remarks: TextIO | None, secret: Secret, profile: str
) -> None:
    """Write *secret*, which a person asked for, alone on *stream*, and to *remarks* its use.

    Raises:
        PipeClosedError, UnwritableError: *stream* is gone or full.
    """
    Sink(stream).line(secret.reveal())
    sink = Sink(remarks, required=False)
    name = sink.show(variable_of(profile, "REFRESH_TOKEN"), 80)
    sink.say(f"nothing was stored; give it in {name}, or in a file of yours alone")
    sink.say("that the profile's auth names, as  refresh_token: {file: PATH}")


def write_deleted(stream: TextIO | None, title: str, profile: str, *, was_there: bool) -> None:
    """Write that the secret has been deleted from the keyring, or was not there."""
    sink = Sink(stream, required=False)
    name = sink.show(profile, 80)
    sink.say(
        f"the {title} for {name!r} was deleted from the keyring"
        if was_there
        else f"the keyring holds no {title} for {name!r}"
    )


def write_waiting(stream: TextIO | None, waiting: str) -> None:
    """Write to *stream* which of WAITING opwatch waits for."""
    with suppress(OpwatchError):
        Sink(stream, required=False).say(f"waiting for {WAITING[waiting]}…")


def write_note(stream: TextIO | None, profile: str, note: str, *, redact: Redact = as_is) -> None:
    """Write to *stream* what is odd about the credential of *profile*."""
    sink = Sink(stream, redact=redact, required=False)
    with suppress(OpwatchError):
        sink.say(f"{sink.show(profile, 80)}: {sink.show(note)}")
