"""What is raised says why, and keeps what it was given for who catches it."""

from __future__ import annotations

import pytest

from opwatch.domain.errors import (
    BadReferenceError,
    CredentialError,
    Problem,
    ProfileError,
    StartError,
    TriedSource,
    UsageError,
)
from opwatch.domain.outcome import Outcome

TRIED = (TriedSource("API_TOKEN", "not set"),)
OPTIONS = (("-p", "jobs"),)
UNKNOWN_KEY = Problem("jobs.yaml", 3, 5, "unknown key")
EMPTY = Problem("config.yaml", 0, 0, "is empty")


@pytest.mark.parametrize(
    ("error", "said", "kept"),
    [
        (UsageError("no"), "no", {"hint": None}),
        (UsageError("no", hint="yes"), "no", {"hint": "yes"}),
        (
            ProfileError((UNKNOWN_KEY, EMPTY), hint="read it"),
            "jobs.yaml:3:5: unknown key",
            {"problems": (UNKNOWN_KEY, EMPTY), "hint": "read it"},
        ),
        (
            BadReferenceError("a b", "not an id", hint="quote it"),
            "not an id",
            {"reference": "a b", "hint": "quote it"},
        ),
        (
            CredentialError("none", profile="jobs", origin="https://api.example"),
            "none",
            {
                "profile": "jobs",
                "origin": "https://api.example",
                "tried": (),
                "fixes": (),
                "is_absent": False,
            },
        ),
        (
            CredentialError(
                "none", profile="", origin="", tried=TRIED, fixes=("a",), is_absent=True
            ),
            "none",
            {"tried": TRIED, "fixes": ("a",), "is_absent": True},
        ),
        (
            StartError("lost", Outcome.UNKNOWN),
            "lost",
            {"cause": Outcome.UNKNOWN, "hint": None, "references": (), "options": ()},
        ),
        (
            StartError("no", Outcome.DENIED, hint="ask", references=("7",), options=OPTIONS),
            "no",
            {"cause": Outcome.DENIED, "hint": "ask", "references": ("7",), "options": OPTIONS},
        ),
    ],
)
def test_an_error_says_its_message_and_keeps_what_it_was_given(
    error: UsageError | CredentialError | StartError, said: str, kept: dict[str, object]
) -> None:
    assert (str(error), error.message) == (said, said)
    assert {name: getattr(error, name) for name in kept} == kept
