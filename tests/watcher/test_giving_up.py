"""An API that says for how long an operation may run."""

from __future__ import annotations

import pytest

from opwatch.domain.operation import State
from opwatch.domain.outcome import Outcome, Reason
from opwatch.domain.pacing import PollingRules
from opwatch.profiles import bind_profile, load_config, load_profile
from simulation.bench import RUNNING, Bench


def test_the_brokers_longest_polling_time_is_in_its_profile() -> None:
    profile = bind_profile(
        load_profile("osb", load_config(None, {})), {}, base_url="https://broker.example"
    )

    assert profile.polling_rules.give_up_after == 7 * 86400
    assert profile.polling_rules.given_up is State.FAILED


@pytest.mark.parametrize(
    ("state", "outcome"),
    [(State.FAILED, Outcome.FAILED), (State.CANCELLED, Outcome.CANCELLED)],
)
def test_what_has_not_ended_by_then_counts_as_the_api_says(state: State, outcome: Outcome) -> None:
    bench = Bench(polling_rules=PollingRules(give_up_after=100.0, given_up=state))

    bench.run(RUNNING)

    assert (bench.one.outcome, bench.one.reason) == (outcome, Reason.GIVEN_UP)
    assert 100 <= bench.one.elapsed(bench.now) < 140
