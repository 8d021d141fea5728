from __future__ import annotations

from dataclasses import replace
from itertools import product

import pytest

from opwatch.domain.trouble import (
    FINAL_AT_ONCE,
    OF_THE_OPERATION,
    RULES,
    Fault,
    FirstContact,
    Handling,
    Scope,
    Speaker,
    Trouble,
    fault_of_status,
)

TRANSIENT = (408, 425, 500, 502, 503, 504, 511, *range(520, 528), 529, 598, 599)


def test_every_fault_has_a_rule_and_every_rule_a_fault() -> None:
    assert set(RULES) == set(Fault)


@pytest.mark.parametrize("fault", Fault)
def test_a_trouble_knows_the_rule_of_its_fault(fault: Fault) -> None:
    assert Trouble(fault).rule is RULES[fault]


def test_every_status_from_100_to_999_is_a_fault_or_a_success() -> None:
    for status, named, empty in product(range(100, 1000), (False, True), (False, True)):
        fault = fault_of_status(status, wait_named=named, quota_empty=empty)
        is_success = 200 <= status < 300 and status != 206

        assert (fault is None) == is_success, status


@pytest.mark.parametrize("status", TRANSIENT)
def test_a_status_that_passes_is_transient(status: int) -> None:
    fault = fault_of_status(status, wait_named=False, quota_empty=False)

    assert fault is (Fault.CAPTIVE_PORTAL if status == 511 else Fault.STATUS_TRANSIENT)
    assert RULES[fault].handling is Handling.TRANSIENT


@pytest.mark.parametrize("status", [400, 402, 405, 406, 409, 411, 415, 418, 422, 431, 451, 499])
def test_any_other_status_of_the_client_is_refused(status: int) -> None:
    fault = fault_of_status(status, wait_named=False, quota_empty=False)

    assert fault is Fault.STATUS_REFUSED


@pytest.mark.parametrize(
    "status", [100, 103, 206, 300, 302, 306, 505 + 1, 507, 508, 519, 528, 530, 597, 600, 999]
)
def test_a_status_that_makes_no_sense_here_is_transient(status: int) -> None:
    fault = fault_of_status(status, wait_named=False, quota_empty=False)

    assert fault is Fault.STATUS_UNEXPECTED
    assert RULES[fault].handling is Handling.TRANSIENT


@pytest.mark.parametrize(
    ("status", "named", "empty", "fault"),
    [
        (403, False, False, Fault.STATUS_FORBIDDEN),
        (403, True, False, Fault.STATUS_THROTTLED),
        (403, False, True, Fault.STATUS_THROTTLED),
        (503, False, False, Fault.STATUS_TRANSIENT),
        (503, True, False, Fault.STATUS_THROTTLED),
        (503, False, True, Fault.STATUS_TRANSIENT),
        (429, False, False, Fault.STATUS_THROTTLED),
        (401, True, True, Fault.STATUS_UNAUTHORIZED),
        (500, True, True, Fault.STATUS_TRANSIENT),
    ],
)
def test_a_named_pause_makes_a_rate_limit_of_403_and_503(
    status: int, *, named: bool, empty: bool, fault: Fault
) -> None:
    assert fault_of_status(status, wait_named=named, quota_empty=empty) is fault


@pytest.mark.parametrize(
    ("status", "fault"),
    [
        (304, Fault.NOT_MODIFIED_UNASKED),
        (404, Fault.STATUS_NOT_FOUND),
        (410, Fault.STATUS_GONE),
        (407, Fault.STATUS_PROXY_AUTH),
        (413, Fault.STATUS_TOO_LARGE_BATCH),
        (414, Fault.STATUS_TOO_LARGE_BATCH),
        (501, Fault.STATUS_UNSUPPORTED),
        (505, Fault.STATUS_UNSUPPORTED),
        (511, Fault.CAPTIVE_PORTAL),
    ],
)
def test_a_status_with_a_meaning_of_its_own_keeps_it(status: int, fault: Fault) -> None:
    assert fault_of_status(status, wait_named=False, quota_empty=False) is fault


def of_rule(first: FirstContact, scope: Scope) -> set[Fault]:
    return {fault for fault, rule in RULES.items() if (rule.first, rule.scope) == (first, scope)}


def test_what_ends_a_whole_host_at_its_first_bad_answer_would_end_every_operation_there() -> None:
    assert of_rule(FirstContact.AT_ONCE, Scope.HOST) == {
        Fault.CERTIFICATE,
        Fault.STATUS_UNAUTHORIZED,
        Fault.STATUS_PROXY_AUTH,
        Fault.API_DENIED,
        Fault.NO_CREDENTIAL,
        Fault.RENEWAL_REFUSED,
        Fault.TOKEN_REFUSED,
    }


def test_a_few_tries_end_a_host_that_cannot_be_spoken_to() -> None:
    assert of_rule(FirstContact.TRIES, Scope.HOST) == {Fault.TLS, Fault.PROXY, Fault.NOT_THE_API}


def test_a_host_that_is_not_there_is_given_time_to_come() -> None:
    assert of_rule(FirstContact.PATIENCE, Scope.HOST) == {
        Fault.UNRESOLVED,
        Fault.CONNECTION_REFUSED,
        Fault.NO_DESCRIPTORS,
    }
    assert of_rule(FirstContact.PATIENCE, Scope.OPERATION) == set()


def test_what_one_url_answers_ends_no_other_operation() -> None:
    assert of_rule(FirstContact.AT_ONCE, Scope.OPERATION) == {
        Fault.STATUS_FORBIDDEN,
        Fault.STATUS_UNSUPPORTED,
    }
    assert of_rule(FirstContact.TRIES, Scope.OPERATION) == {
        Fault.TOO_LARGE,
        Fault.EMPTY,
        Fault.HTML,
        Fault.XML,
        Fault.NOT_JSON,
        Fault.NOT_AN_OBJECT,
        Fault.NO_STATUS,
    }


@pytest.mark.parametrize(
    ("handling", "faults"),
    [
        (Handling.THROTTLED, {Fault.STATUS_THROTTLED, Fault.API_THROTTLED}),
        (
            Handling.DENIED,
            {
                Fault.STATUS_UNAUTHORIZED,
                Fault.STATUS_FORBIDDEN,
                Fault.API_DENIED,
                Fault.NO_CREDENTIAL,
                Fault.RENEWAL_REFUSED,
                Fault.TOKEN_REFUSED,
            },
        ),
        (
            Handling.NOT_FOUND,
            {
                Fault.STATUS_NOT_FOUND,
                Fault.STATUS_GONE,
                Fault.MISSING_FROM_BATCH,
                Fault.API_NOT_FOUND,
            },
        ),
        (
            Handling.REFUSED,
            {
                Fault.FOREIGN_ORIGIN,
                Fault.REDIRECT_LOOP,
                Fault.BAD_REDIRECT,
                Fault.BAD_REQUEST,
                Fault.STATUS_REFUSED,
                Fault.API_REFUSED,
                Fault.NO_RESULT,
            },
        ),
    ],
)
def test_nothing_else_is_more_than_transient(handling: Handling, faults: set[Fault]) -> None:
    assert {fault for fault, rule in RULES.items() if rule.handling is handling} == faults


def test_rules_are_made_of_every_word_there_is_and_of_no_other() -> None:
    assert {rule.handling for rule in RULES.values()} == set(Handling)
    assert {rule.first for rule in RULES.values()} == set(FirstContact)
    assert {rule.scope for rule in RULES.values()} == set(Scope)


@pytest.mark.parametrize("speaker", Speaker)
def test_what_was_seen_is_not_missed_on_the_word_of_a_proxy(speaker: Speaker) -> None:
    missed = Trouble(Fault.STATUS_NOT_FOUND, speaker=speaker)
    refused = Trouble(Fault.STATUS_REFUSED, speaker=speaker)

    is_others = speaker is Speaker.OTHER
    assert missed.handling(seen=False) is Handling.NOT_FOUND
    assert missed.handling(seen=True) is (Handling.TRANSIENT if is_others else Handling.NOT_FOUND)
    assert refused.handling(seen=False) is Handling.REFUSED
    assert refused.handling(seen=True) is (Handling.TRANSIENT if is_others else Handling.REFUSED)


@pytest.mark.parametrize("fault", [Fault.FOREIGN_ORIGIN, Fault.REDIRECT_LOOP, Fault.BAD_REDIRECT])
def test_a_redirect_away_ends_nothing_that_was_seen(fault: Fault) -> None:
    answered, named = Trouble(fault, status=302), Trouble(fault)

    assert answered.handling(seen=False) is Handling.REFUSED
    assert answered.handling(seen=True) is Handling.TRANSIENT
    assert named.handling(seen=True) is Handling.REFUSED


def test_troubles_are_the_same_whoever_speaks_and_whatever_was_sent() -> None:
    one = Trouble(Fault.STATUS_FORBIDDEN, "no", 403, 5.0, "a.example")

    assert replace(one, speaker=Speaker.OTHER, anonymous=True) == one
    assert replace(one, unsent=True, asks_for=("Basic",), token_endpoint="https://b.example") == one
    assert replace(one, detail="yes") != one
    assert replace(one, status=404) != one
    assert replace(one, wait=6.0) != one
    assert replace(one, host="b.example") != one


def test_only_a_refusal_of_the_credential_is_final_at_once_in_the_middle_of_a_wait() -> None:
    assert {RULES[fault].handling for fault in FINAL_AT_ONCE} == {Handling.DENIED}


def test_a_fault_of_the_operation_never_ends_the_watch_of_others() -> None:
    assert {RULES[fault].scope.value for fault in OF_THE_OPERATION} == {"operation"}


def test_the_words_that_a_replay_shows_and_a_recording_keeps_stay_as_they_are() -> None:
    assert list(Handling) == ["transient", "throttled", "denied", "not_found", "refused"]
    assert list(Speaker) == ["api", "unsure", "other"]
