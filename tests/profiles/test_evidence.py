"""Each profile is held against the status words that its vendor lists.

An answers file may say ``evidence:``: when the profile was last ``checked``, against which
``sources``, and all ``words`` that they list, verbatim. ``also`` has the words that the
profile maps and they do not list, each with the reason.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

import pytest

from opwatch.domain.messages import Headers
from opwatch.profiles.language.paths import AnswerView
from opwatch.profiles.language.rules import first_rule, word_key
from profiles.answers import NAMES, document, profile

if TYPE_CHECKING:
    from opwatch.profiles.language.spec import Spec

EVIDENCE: Final[dict[str, dict[str, Any]]] = {
    name: document(name)["evidence"] for name in NAMES if "evidence" in document(name)
}


def listed(name: str) -> list[Any]:
    return [*EVIDENCE[name]["words"], *EVIDENCE[name].get("also", {})]


def key(word: Any) -> Any:
    """Return what is compared of *word*; a flag is written as JSON writes it."""
    return word_key(str(word).lower() if isinstance(word, bool) else word)


def mapped(name: str) -> list[Any]:
    states = profile(name).definition.spec.states
    return [each for words in states.values() for each in words]


def is_mapped(name: str, word: Any) -> bool:
    """Tell whether the states list *word*, a rule names it, or a rule fits an answer with it."""
    definition = profile(name).definition
    if key(word) in {key(each) for each in mapped(name)}:
        return True
    literals = {
        word_key(each)
        for rule in definition.spec.rules
        if rule.condition.when
        for each in re.findall(r"'([^']*)'", rule.condition.when.text)
    }
    return word_key(word) in literals or _fits_a_rule(definition.spec, word)


def _fits_a_rule(spec: Spec, word: Any) -> bool:
    """Tell whether a rule, perhaps one for all but some words, fits an answer with *word*."""
    item: Any = word
    path = spec.read.status.each(AnswerView({}, 200, Headers(), {}, lambda _, value: value))[0][0]
    if not re.fullmatch(r"\w+(\.\w+)*", path):
        return False
    for key in reversed(path.split(".")):
        item = {key: item}
    view = AnswerView(item, 200, Headers(), {}, lambda _, value: value)
    return first_rule(enumerate(spec.rules), view) is not None


@pytest.mark.parametrize("name", EVIDENCE)
def test_evidence_has_a_day_sources_words_and_reasons(name: str) -> None:
    held = EVIDENCE[name]

    assert set(held) <= {"checked", "sources", "words", "also"}
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", held["checked"])
    assert held["sources"]
    # An API whose status is a flag has no words.
    assert held["words"] or not any(isinstance(each, str) for each in mapped(name))
    assert all(str(reason).strip() for reason in held.get("also", {}).values())


@pytest.mark.parametrize("name", EVIDENCE)
def test_every_word_that_the_vendor_lists_is_mapped(name: str) -> None:
    assert [each for each in listed(name) if not is_mapped(name, each)] == []


@pytest.mark.parametrize("name", EVIDENCE)
def test_no_word_is_mapped_that_is_not_listed(name: str) -> None:
    known = {key(each) for each in listed(name)}

    assert [each for each in mapped(name) if key(each) not in known] == []


@pytest.mark.parametrize("name", NAMES)
def test_a_profile_says_on_which_day_it_was_checked(name: str) -> None:
    assert profile(name).definition.spec.confidence.checked == EVIDENCE.get(name, {}).get(
        "checked", ""
    )


def test_what_calls_itself_documented_has_evidence() -> None:
    claimed = {
        name for name in NAMES if profile(name).definition.spec.confidence.level == "documented"
    }

    assert claimed <= set(EVIDENCE)
