"""What is reported of an assumed profile, before a run and after it has failed."""

from __future__ import annotations

import io

import pytest

from opwatch.domain.operation import Basis, Contradiction, Operation, Reading, State, Target
from opwatch.domain.outcome import Outcome, Reason
from opwatch.domain.trouble import Fault, Trouble
from opwatch.output.commands.start import ASSUMED, write_assumptions
from opwatch.output.text.sentences import ending_sentence
from opwatch.output.text.summary import hints

URL = "https://api.example.com/jobs/1?a=b"
ORIGIN = "https://api.example.com"


def target(basis: Basis | None, number: int = 1, profile: str = "standard") -> Target:
    return Target(URL, str(number), ORIGIN, profile, basis=basis)


def ended(basis: Basis | None, fault: Fault | None, reason: Reason) -> Operation:
    outcome = Outcome.DENIED if reason is Reason.DENIED else Outcome.UNKNOWN
    trouble = None if fault is None else Trouble(fault, host="api.example.com")
    reading = Reading(State.RUNNING, "flarb", is_known_word=False)
    return Operation(
        target(basis), 0.0, reading, trouble=trouble, outcome=outcome, reason=reason, ended_at=9.0
    )


def test_every_basis_has_its_words() -> None:
    assert set(ASSUMED) == set(Basis)


def test_a_host_is_reported_once_however_many_urls_it_has() -> None:
    stream = io.StringIO()

    write_assumptions(
        stream,
        [target(Basis.WORDS, each) for each in range(9)] + [target(None)],
        has_token=False,
    )

    assert stream.getvalue() == (
        "opwatch: https://api.example.com is not known: reading plain status words only, "
        "without a credential (give one with --token-stdin)\n"
    )


def test_a_profile_that_was_named_is_not_reported() -> None:
    stream = io.StringIO()

    write_assumptions(stream, [target(None)], has_token=True)

    assert stream.getvalue() == ""


@pytest.mark.parametrize("fault", [Fault.NO_STATUS, Fault.NOT_AN_OBJECT, Fault.NOT_JSON])
def test_an_answer_that_nobody_can_read_asks_for_a_profile(fault: Fault) -> None:
    (found,) = hints([ended(Basis.WORDS, fault, Reason.UNREACHABLE)])

    assert found.endswith("opwatch profile new --from 'https://api.example.com/jobs/1?a=b'")


def test_a_word_that_nobody_knows_asks_for_a_profile_unless_one_was_named() -> None:
    unknown = ended(Basis.PATH, None, Reason.UNKNOWN_STATUS)

    assert "opwatch profile new" in hints([unknown])[0]
    assert hints([ended(None, None, Reason.UNKNOWN_STATUS)]) == []
    assert hints([ended(Basis.ADDRESS, None, Reason.UNKNOWN_STATUS)]) == []


def test_a_contradiction_names_both_fields_and_the_line_that_would_settle_it() -> None:
    conflict = Contradiction("status", "completed", "run.status", "queued")
    reading = Reading(State.RUNNING, "completed", is_known_word=False, contradiction=conflict)
    operation = ended(Basis.WORDS, None, Reason.CONTRADICTED).but(reading=reading)

    sentence = ending_sentence(operation)
    (hint,) = hints([operation])

    assert "(status: completed, run.status: queued)" in sentence
    assert "if status is right" in hint
    assert "my-standard: {extends: standard, verify: {ignore: [run.status]}}" in hint
    assert hint.endswith("-p my-standard 'https://api.example.com/jobs/1?a=b'")


def test_a_host_without_a_profile_that_refuses_gets_the_advice_to_give_a_token() -> None:
    unknown = hints([ended(Basis.WORDS, Fault.STATUS_UNAUTHORIZED, Reason.DENIED)])
    known = hints([ended(Basis.ADDRESS, Fault.STATUS_UNAUTHORIZED, Reason.DENIED)])

    assert "--token-stdin" in unknown[0]
    assert "opwatch auth test" in known[0]


def test_explain_is_offered_with_the_url_alone_where_no_profile_was_named() -> None:
    assumed = hints([ended(Basis.ADDRESS, Fault.WRONG_ID, Reason.LOST_CONTACT)])
    named = hints([ended(None, Fault.WRONG_ID, Reason.LOST_CONTACT)])

    assert "explain 'https://api.example.com/jobs/1?a=b'" in assumed[0]
    assert "explain -p standard 'https://api.example.com/jobs/1?a=b'" in named[0]


@pytest.mark.parametrize("fault", Fault)
def test_nobody_is_sent_to_a_profile_that_they_did_not_name(fault: Fault) -> None:
    unknown = hints([ended(Basis.WORDS, fault, Reason.LOST_CONTACT)])

    assert not any("standard" in hint for hint in unknown), unknown
