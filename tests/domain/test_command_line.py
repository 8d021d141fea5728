"""The variables of opwatch."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from opwatch.credentials.sources import Part
from opwatch.domain.command_line import (
    OF_EACH_PROFILE,
    VARIABLES,
    misspelt_variables,
)


@pytest.mark.parametrize(
    ("name", "nearest"),
    [
        ("OPWATCH_TIMOUT", "OPWATCH_TIMEOUT"),
        ("OPWATCH_PROFLE", "OPWATCH_PROFILE"),
        ("OPWATCH_TOKENS", "OPWATCH_TOKEN"),
        ("OPWATCH_FULSTORY_TOKEN", "OPWATCH_FULLSTORY_TOKEN"),
        ("OPWATCH_AZURE_ASYNCH_TOKEN", "OPWATCH_AZURE_ASYNC_TOKEN"),
    ],
)
def test_a_variable_that_is_nearly_one_of_ours_is_misspelt(name: str, nearest: str) -> None:
    found = misspelt_variables({name: "x", "PATH": ""}, lambda: ["fullstory", "azure-async"])

    assert list(found) == [(name, nearest)]


@pytest.mark.parametrize(
    "name",
    [
        *("OPWATCH_FULLSTORY_TOKEN", "OPWATCH_FULLSTORY_TEAM", "OPWATCH_PARAM_TOKEM"),
        *("OPWATCH_STAGING_URL", "OPWATCH_OPERATION_ID", "OPWATCH_GCP_TOKEN", "OPWATCH_VERSION"),
        *("XOPWATCH_TIMOUT", "OPWATCHER"),
    ],
)
def test_a_variable_that_may_be_another_s_is_not(name: str) -> None:
    assert list(misspelt_variables({name: "x"}, lambda: ["fullstory", "sap"])) == []


def test_where_only_ours_are_set_the_profiles_are_not_looked_for() -> None:
    environ = dict.fromkeys(VARIABLES, "x")

    assert list(misspelt_variables(environ, lambda: pytest.fail("looked for"))) == []


def test_the_variables_are_those_of_the_contract_and_of_the_credentials() -> None:
    contract = (Path(__file__).parents[1] / "contract.golden.txt").read_text()
    found = set(re.findall(r"^variable (OPWATCH_\w+)$", contract, re.MULTILINE))

    assert found - {"OPWATCH_PARAM", "OPWATCH_OPERATION"} == VARIABLES
    assert {each for part in Part for each in part.variables} | {"BASE_URL"} == {*OF_EACH_PROFILE}
