"""What a person is told of profiles that nobody named.

Decides the wording, and that each host is told once, whatever the number of
its URLs. What is assumed must be seen: a wrong guess is corrected with ``-p``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from opwatch.domain.operation import Basis
from opwatch.output.streams import Sink
from opwatch.output.text.clean import Redact, keep

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import TextIO

    from opwatch.domain.operation import Target

ASSUMED: Final[Mapping[Basis, str]] = {
    Basis.ADDRESS: "{origin} is known: reading it with the profile {profile}",
    Basis.PATH: "{origin} is not known, but has the paths of {profile}: reading it so, {shown}",
    Basis.WORDS: "{origin} is not known: going by plain status words alone, {shown}",
}
SHOWN: Final = "with the token of standard input"
NOT_SHOWN: Final = "without a credential (--token-stdin gives one)"


def write_assumptions(
    stream: TextIO | None, targets: Iterable[Target], *, has_token: bool, redact: Redact = keep
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
        sink.line(f"opwatch: {text}")
