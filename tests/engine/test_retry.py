from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from opwatch.domain.trouble import Fault, Trouble
from opwatch.engine.retry import with_retries
from simulation.bench import BAD_GATEWAY, middle, throttled
from simulation.loop import run_virtually

if TYPE_CHECKING:
    from collections.abc import Callable

DENIED = Trouble(Fault.STATUS_UNAUTHORIZED, status=401)
UNSENT = Trouble(Fault.CONNECT_TIMEOUT, unsent=True)


def tried(
    *script: Trouble | str, is_safe: Callable[[Trouble], bool] = lambda _: True
) -> tuple[Trouble | str, int, float]:
    """Return what came of a request that meets *script*, how often it was sent, and how long."""
    sent = 0

    async def send() -> Trouble | str:
        nonlocal sent
        sent += 1
        return script[min(sent, len(script)) - 1]

    async def run() -> tuple[Trouble | str, float]:
        began = asyncio.get_running_loop().time()
        came = await with_retries(send, middle, is_safe=is_safe)
        return came, asyncio.get_running_loop().time() - began

    came, seconds = run_virtually(run())
    return came, sent, seconds


def test_a_good_answer_is_taken_at_once() -> None:
    assert tried("good") == ("good", 1, 0.0)


def test_a_trouble_that_passes_is_waited_out_ever_longer() -> None:
    came, sent, seconds = tried(BAD_GATEWAY, BAD_GATEWAY, "good")

    assert (came, sent) == ("good", 3)
    assert seconds == pytest.approx(0.75 + 1.5)


def test_it_is_given_up_after_five_tries() -> None:
    came, sent, seconds = tried(BAD_GATEWAY)

    assert (came, sent) == (BAD_GATEWAY, 5)
    assert seconds < 20


def test_the_server_is_never_asked_sooner_than_it_said() -> None:
    came, sent, seconds = tried(throttled(30.0), "good")

    assert (came, sent) == ("good", 2)
    assert 30.0 <= seconds <= 33.0


def test_a_server_that_asks_for_too_much_is_not_waited_for() -> None:
    assert tried(throttled(600.0)) == (throttled(600.0), 1, 0.0)


@pytest.mark.parametrize(
    ("fault", "tries"),
    [
        (Fault.STATUS_UNAUTHORIZED, 1),
        (Fault.STATUS_NOT_FOUND, 1),
        (Fault.STATUS_REFUSED, 1),
        (Fault.FOREIGN_ORIGIN, 1),
        (Fault.CERTIFICATE, 1),
        (Fault.UNRESOLVED, 3),
        (Fault.CONNECTION_REFUSED, 3),
        (Fault.TIMEOUT, 5),
        (Fault.STATUS_THROTTLED, 5),
    ],
)
def test_only_what_may_pass_is_tried_again(fault: Fault, tries: int) -> None:
    assert tried(Trouble(fault))[1] == tries


def test_what_could_do_harm_is_sent_once() -> None:
    assert tried(BAD_GATEWAY, "good", is_safe=lambda trouble: trouble.unsent)[1] == 1
    assert tried(UNSENT, "good", is_safe=lambda trouble: trouble.unsent)[0] == "good"
