"""Regular expressions: each text is looked through for a bounded time, whatever the pattern."""

from __future__ import annotations

import pytest

from opwatch.domain.operation import Reading, State
from opwatch.profiles.config import builtin_names, load_config
from opwatch.profiles.definition import load_profile
from opwatch.profiles.language.patterns import MOST_TIMEOUTS, BoundedPattern
from opwatch.profiles.language.progress import InText
from profiles.making import profile, reading, response

# Without a bound none of these ends in the time of a test. The own guard of earlier versions
# let those of the second line pass.
ENDLESS = [
    "(x+x+)+y", "^(a|a)*$", "((a+)b?)+c", "^([a-z]+)*$",
    r"(x?a?){30}b(\d)", r"a*a*a*a*b(\d)", r"x*x*x*x*b(\d)", "(.*)(.*)(.*)(.*)(.*)!",
]  # fmt: skip
TEXTS = ["xa" * 2000, "a" * 4000, "x" * 4000]


@pytest.mark.every(4)
@pytest.mark.parametrize("pattern", ENDLESS)
def test_a_pattern_that_could_take_for_ever_finds_nothing_in_time(pattern: str) -> None:
    bounded = BoundedPattern(pattern)

    for text in TEXTS:
        bounded.first(text + "!")
        bounded.last(text + "!")
        bounded.is_all_of(text + "!")


def test_a_pattern_that_runs_out_of_time_again_and_again_is_given_up() -> None:
    bounded = BoundedPattern("^(x+x+)+y$")
    for _ in range(MOST_TIMEOUTS):
        assert bounded.first("x" * 4000) is None

    assert bounded.first("xxy") is None
    assert not bounded.is_all_of("xxy")
    with pytest.raises(TimeoutError):
        bounded.holds("xxy")


@pytest.mark.parametrize("when", ["matches(message, '{}')", "!matches(message, '{}')"])
def test_a_condition_that_is_not_known_in_time_does_not_hold(when: str) -> None:
    condition = when.format("^(x+x+)+y$")
    bound = profile(f'rules: [{{when: "{condition}", state: succeeded}}]')

    found = reading(bound, response({"id": "a", "status": "running", "message": "x" * 4000}))

    assert isinstance(found, Reading)
    assert found.state is State.RUNNING


def test_a_message_that_takes_too_long_leaves_the_rest_of_the_answer() -> None:
    pattern = r"(x?a?){30}b(\d)"
    bound = profile(
        f"read: {{id: id, status: status, progress: {{regex: '{pattern}', in: message}}}}\n"
        f"wait: {{text: {{in: message, regex: '{pattern}'}}}}"
    )

    found = reading(bound, response({"id": "a", "status": "done", "message": "xa" * 2000}))

    assert isinstance(found, Reading)
    assert (found.state, found.progress, found.wait) == (State.SUCCEEDED, None, None)


@pytest.mark.parametrize("name", sorted(builtin_names()))
def test_each_pattern_of_a_built_in_profile_compiles(name: str) -> None:
    spec = load_profile(name, load_config(None, {})).spec
    patterns = [*spec.urls, *(param.pattern for param in spec.params.values() if param.pattern)]
    patterns += [each.regex for each in spec.read.progress if isinstance(each, InText)]
    patterns += [spec.wait.text.regex] if spec.wait.text else []

    for each in patterns:
        _ = each.compiled
