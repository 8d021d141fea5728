import string

import pytest

from opwatch.domain.events import Oddity
from opwatch.domain.operation import Operation, State
from opwatch.domain.outcome import Abort, Outcome, Reason
from opwatch.domain.trouble import Fault, Trouble
from opwatch.output.formats.junit import ELEMENTS
from opwatch.output.terminal.rows import GLYPH_OF_OUTCOME
from opwatch.output.text import words
from opwatch.output.text.sentences import (
    API_OUTCOMES,
    RUN_REASONS,
    brief,
    describe,
    ending_sentence,
)
from opwatch.output.text.styles import TONES
from opwatch.output.text.summary import ORDER, UNFINISHED, remedy
from output.script import target

KNOWN = {"host", "status", "detail"}
BRIEFEST = 30
LONGEST = 100


def test_every_table_is_total() -> None:
    assert set(words.STATES) == set(State)
    assert set(words.OUTCOMES) == set(Outcome)
    assert set(words.CAUSES) == {*Outcome, *Abort}
    assert set(words.REASONS) == set(Reason)
    assert set(words.ODDITIES) == set(Oddity)
    assert set(words.FAULTS) == set(Fault)
    assert set(ORDER) == set(Outcome)
    assert set(ELEMENTS) == set(GLYPH_OF_OUTCOME) == set(TONES) == set(Outcome)


def test_an_outcome_is_either_of_the_api_or_may_go_on_or_is_not_found() -> None:
    assert {Outcome.NOT_FOUND} | API_OUTCOMES | UNFINISHED == set(Outcome)
    assert not API_OUTCOMES & UNFINISHED
    assert set(Reason) >= RUN_REASONS


def test_no_two_outcomes_share_a_word() -> None:
    assert len(set(words.OUTCOMES.values())) == len(Outcome)
    shared = set(words.OUTCOMES.values()) & set(words.STATES.values())
    assert shared == {"succeeded", "failed", "cancelled"}


@pytest.mark.parametrize("fault", Fault)
def test_each_fault_is_described_briefly_and_fully_and_with_a_fix(fault: Fault) -> None:
    entry = words.FAULTS[fault]
    for template, allowed in (
        (entry.brief, KNOWN),
        (entry.full, KNOWN),
        (entry.fix, {"host", "profile", "explain", "auth_test", "auth_status", "profile_new"}),
    ):
        assert {name for _, name, _, _ in string.Formatter().parse(template) if name} <= allowed
    trouble = Trouble(fault, host="api.example.com", status=503)
    operation = Operation(target("import-44"), watched_from=0.0, trouble=trouble)
    assert len(brief(trouble)) <= BRIEFEST
    assert 0 < len(describe(trouble)) <= LONGEST
    assert remedy(trouble, operation)
    assert "{" not in brief(trouble) + describe(trouble) + remedy(trouble, operation)


@pytest.mark.parametrize("fault", Fault)
@pytest.mark.parametrize("outcome", sorted(UNFINISHED - {Outcome.PENDING}))
def test_what_and_fix_are_one_line_each_and_what_names_the_operation(
    fault: Fault, outcome: Outcome
) -> None:
    trouble = Trouble(fault, "\x1b[2J evil\nwords", host="api.example.com", status=503)
    operation = Operation(
        target("import-44"),
        watched_from=0.0,
        trouble=trouble,
        streak=3,
        outcome=outcome,
        reason=Reason.REFUSED,
        ended_at=9.0,
    )
    what, fix = ending_sentence(operation), remedy(trouble, operation)
    assert what.startswith("import-44 ")
    assert fix
    assert "\x1b" not in what + fix
    assert "\n" not in what + fix
