"""What opwatch prints about operations that it has started or was given as a URL.

Decides that a reference is printed whole, for a copy of it must work, and that a program
gets it as JSON with all that is needed to go on. A profile that was assumed is named,
once for each host: a wrong guess is corrected with ``-p``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TextIO

from opwatch.domain.command_line import OptionWords, command_to_paste
from opwatch.domain.operation import Basis, Target
from opwatch.output.formats.document import FORMAT
from opwatch.output.formats.sheet import write_json_line
from opwatch.output.formats.writer import NO_PROFILES, Writer, WrittenProfile
from opwatch.output.streams import Sink
from opwatch.output.text.clean import PLAIN, Redact, Show, as_is, leading
from opwatch.output.text.sentences import describe

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from opwatch.domain.trouble import Trouble


ASSUMED: Final[Mapping[Basis, str]] = {
    Basis.ADDRESS: "{origin} is known: using the profile {profile}",
    Basis.PATH: "{origin} is not known, but has the paths of {profile}: using that, {shown}",
    Basis.PIPED: "{origin}: using the profile {profile}, which standard input names",
    Basis.WORDS: "{origin} is not known: reading plain status words only, {shown}",
}
SHOWN: Final = "with the token from standard input"
NOT_SHOWN: Final = "without a credential (give one with --token-stdin)"
REASON: Final = "started"


def report_started(
    stream: TextIO | None, targets: Sequence[Target], *, redact: Redact = as_is
) -> None:
    """Write to *stream* what was started, before anything can hide or lose it."""
    sink = Sink(stream, redact=redact, required=False)
    for target in targets:
        reference = sink.show(target.reference, None)
        end = None if target.initial.is_named else target.initial.reading
        sink.say(f"{reference} ended at once: {end.state}" if end else f"started {reference}")


def report_wait_command(stream: TextIO | None, command: str, *, redact: Redact = as_is) -> None:
    """Write to *stream* the *command* that waits for what was started."""
    sink = Sink(stream, redact=redact, required=False)
    sink.say(sink.show(command, None), "opwatch: to wait: ")


def write_references(
    stream: TextIO | None, targets: Sequence[Target], *, redact: Redact = as_is
) -> None:
    """Write the references of *targets*, one a line, as ``opwatch wait -`` reads them.

    What ended at once and was not named is none of them.

    Raises:
        PipeClosedError, UnwritableError: it could not be written.
    """
    sink = Sink(stream, redact=redact)
    for target in targets:
        if target.initial.is_named:
            sink.line(leading(sink.show(target.reference, None)))


def write_start_document(
    stream: TextIO | None,
    targets: Sequence[Target],
    *,
    profile: str | None,
    command: str | None,
    redact: Redact = as_is,
    profiles: Mapping[str, WrittenProfile] = NO_PROFILES,
) -> None:
    """Write the document of a start that is not waited for; *command* waits for it, if any can.

    Raises:
        PipeClosedError, UnwritableError: it could not be written.
    """
    write = Writer(_never, redact=redact, profiles=profiles)
    operations = [
        {
            **write.named(each),
            "state": each.initial.reading.state.value if each.initial.reading else None,
        }
        for each in targets
    ]
    document = {
        "format": FORMAT,
        "command": "start",
        "profile": write.text(profile),
        "exit_code": 0,
        "exit_reason": REASON,
        "operations": operations,
        "wait_with": write.text(command),
    }
    write_json_line(stream, document)


def _never(_at: float) -> datetime:
    raise AssertionError("a start has no times")


def write_assumptions(
    stream: TextIO | None,
    targets: Iterable[Target],
    *,
    has_token: bool,
    redact: Redact = as_is,
) -> None:
    """Write a line for each host of *targets* whose profile was assumed."""
    sink = Sink(stream, redact=redact, required=False)
    assumed = {
        (each.basis, each.profile, each.origin): None for each in targets if each.basis is not None
    }
    for basis, profile, origin in assumed:
        text = ASSUMED[basis].format(
            origin=sink.show(origin, 120),
            profile=sink.show(profile, 80),
            shown=SHOWN if has_token else NOT_SHOWN,
        )
        sink.say(text)


# -- what became of the request ----------------------------------------------------------

LOOK_FIRST: Final = (
    "check at the API whether it runs before you start it again; "
    "with --idempotency-key it can be sent again safely, if the API knows such keys"
)
_PERHAPS: Final = "it may have been started: "


def not_started(trouble: Trouble, show: Show = PLAIN) -> str:
    """Return that the request was refused, or never left, by *trouble*."""
    return f"not started: {describe(trouble, show)}"


def perhaps_started(trouble: Trouble, show: Show = PLAIN) -> str:
    """Return that the answer was lost by *trouble*."""
    return _PERHAPS + describe(trouble, show)


def no_answer_awaited() -> str:
    """Return that a signal came before the answer."""
    return f"{_PERHAPS}no answer was waited for"


def answered_but(status: int, problem: str) -> str:
    """Return that *problem* kept us from reading the answer, which had the HTTP *status*."""
    return f"it was sent and answered with HTTP {status}, but {problem}"


def answer_refuses(trouble: Trouble) -> str:
    """Return that an answer starts nothing, by *trouble*."""
    return f"the answer says that nothing was started: {describe(trouble)}"


def credential_hint(options: OptionWords) -> str:
    """Return how to find out which credential is used for the profile that *options* choose."""
    return f"see which credential is found with  {command_to_paste('auth test', options)}"
