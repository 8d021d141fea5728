"""The lanes of a run without a profile."""

from __future__ import annotations

import pytest

from opwatch.domain.errors import UsageError
from opwatch.domain.operation import Basis
from opwatch.domain.outcome import Policy
from opwatch.profiles.config import Config
from opwatch.session.detect import assumed_lanes
from opwatch.session.plan import Plan, make_plan

GITHUB = "https://api.github.com/repos/o/r/actions/runs/"


def planned(*urls: str, has_token: bool = False, **params: str) -> Plan:
    pairs = [(url, True) for url in urls]
    return make_plan(assumed_lanes(pairs, Config({}), params, has_token=has_token), Policy())


def test_the_order_is_kept_over_the_profiles_and_duplicates_are_watched_once() -> None:
    urls = [f"{GITHUB}1", "https://a.example/jobs/1", f"{GITHUB}2", "https://a.example/jobs/1"]

    plan = planned(*urls)

    assert [each.reference for each in plan.targets] == urls[:3]
    assert (set(plan.profiles), plan.duplicates) == ({"github-actions", "standard"}, 1)
    assert [each.basis for each in plan.targets] == [Basis.ADDRESS, Basis.WORDS, Basis.ADDRESS]
    assert plan.assumed == {"github-actions", "standard"}


def test_two_places_of_one_profile_do_not_share_a_lane() -> None:
    plan = planned("https://a.example/jobs/1", "https://b.example/jobs/1", f"{GITHUB}1")

    assert {name: profile.base_url for name, profile in plan.profiles.items()} == {
        "standard": "https://a.example",
        "standard@b.example": "https://b.example",
        "github-actions": "https://api.github.com",
    }
    assert [each.profile for each in plan.targets] == [
        "standard",
        "standard@b.example",
        "github-actions",
    ]


def test_what_is_given_once_is_not_for_several() -> None:
    two = ("https://a.example/jobs/1", f"{GITHUB}1")

    with pytest.raises(UsageError, match="several hosts"):
        planned(*two, has_token=True)
    with pytest.raises(UsageError, match="no parameter 'owner'"):
        planned(*two, owner="o")
    arm = "https://management.azure.com/subscriptions/s/providers/M.C/locations/w"
    bap = "https://api.bap.microsoft.com/providers/Microsoft.BusinessAppPlatform"
    with pytest.raises(UsageError, match="several profiles: azure, powerplatform-lifecycle"):
        planned(f"{arm}/operations/1", f"{bap}/lifecycleOperations/1", cloud="public")
    assert planned(f"{GITHUB}1", owner="o").targets[0].params["owner"] == "o"
