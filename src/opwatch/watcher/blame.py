"""Whose fault a bad answer is: the host's, the operations', or the batch's.

Decides what the gate of the host is told. A fault that an operation repeats
while the host serves others is its own, and must not hold up its neighbours.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from opwatch.domain.trouble import OF_THE_OPERATION, Fault, FirstContact, Handling, Trouble

if TYPE_CHECKING:
    from collections.abc import Sequence

    from opwatch.domain.answer import Answer
    from opwatch.watcher.gate import Gate
    from opwatch.watcher.record import Life

OLD_NEWS: Final = 2
"""Bad answers in a row after which one more tells nothing new of a host that serves others."""
BAD_REQUEST: Final = 400


def blame(
    gate: Gate, lives: Sequence[Life], trouble: Trouble, wait: float | None, now: float
) -> bool:
    """Count *trouble* against the host as far as it is the host's; tell if it is held now."""
    handling = trouble.rule.handling
    if handling is Handling.THROTTLED:
        return gate.throttled(now, wait)
    if handling is not Handling.TRANSIENT or trouble.fault in OF_THE_OPERATION:
        gate.answered()
        return False
    if _is_old_news(gate, lives):
        gate.moot(now)
        return False
    if trouble.fault is Fault.NO_DESCRIPTORS:
        return gate.crowded(now)
    return gate.bad(now, strict=trouble.rule.first is FirstContact.TRIES)


def _is_old_news(gate: Gate, lives: Sequence[Life]) -> bool:
    """Tell whether these operations failed before, too, when the host served others."""
    return all(
        life.operation.streak >= OLD_NEWS and gate.goods > life.goods_before for life in lives
    )


def is_refused_whole(answer: Answer) -> bool:
    """Tell whether the host finds the batch too large, or refuses it for one of its members."""
    return all(isinstance(each, Trouble) and _may_be_the_size(each) for each in answer.findings)


def _may_be_the_size(trouble: Trouble) -> bool:
    refused = trouble.fault is Fault.STATUS_REFUSED and trouble.status == BAD_REQUEST
    return refused or trouble.fault is Fault.STATUS_TOO_LARGE_BATCH
