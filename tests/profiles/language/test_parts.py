"""The small parts: expressions, templates, times, and the values of an answer."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import jmespath
import pytest
from hypothesis import given
from hypothesis import strategies as st

from opwatch.domain.moments import number_of
from opwatch.profiles.language.expressions import (
    ExpressionError,
    compile_expression,
)
from opwatch.profiles.language.params import salesforce_id
from opwatch.profiles.language.patterns import BoundedPattern, PatternError
from opwatch.profiles.language.template import (
    Pattern,
    TemplateError,
    parse_template,
    quoted_segment,
)
from opwatch.profiles.values import moment, sentence, web_address


@pytest.mark.parametrize(
    ("text", "data", "found"),
    [
        ("@", {"a": 1}, {"a": 1}),
        ("a", {"a": 1}, 1),
        ("a.b", {"a": {"b": 2}}, 2),
        ("a.b", {"a": [1]}, None),
        ("a", [1], None),
        ("a", None, None),
        ('"a-b"', {"a-b": 3}, 3),
        ("a[0]", {"a": [4]}, 4),
        ("lower(a)", {"a": "X"}, "x"),
        ("lower(a)", {"a": 1}, None),
        ("lower(a)", {}, None),
        ("split(a, '/')[-1]", {"a": "x/y"}, "y"),
        ("split(a, '')", {"a": "x"}, ["x"]),
        ("matches(a, '^x')", {"a": "xy"}, True),
        ("matches(a, '(')", {"a": "xy"}, None),
        ("percent(a, b)", {"a": 1, "b": 4}, 25.0),
        ("percent(a, b)", {"a": 1, "b": 0}, None),
        ("first(a, b, c)", {"a": "", "b": [], "c": 0}, 0),
        ("first(a)", {}, None),
        ("is_in(a, ['x', 'y'])", {"a": "y"}, True),
        ("is_in(a, b)", {"a": "y"}, None),
        ("is_in(a, [`0`, 'x'])", {"a": False}, False),
        ("is_in(a, [`true`])", {"a": 1}, False),
        ("is_in(a, [`1`, `false`])", {"a": 1.0}, True),
        ("sum([a, b])", {"a": 1, "b": "x"}, None),
        ("abs(a)", {"a": "x"}, None),
        ("a > `1`", {"a": 2}, True),
    ],
)
def test_an_expression_finds_a_value_or_nothing(text: str, data: Any, found: Any) -> None:
    assert compile_expression(text).find(data) == found


@pytest.mark.parametrize(
    ("text", "message", "offset"),
    [
        ("", "empty", 0),
        ("a b", "unexpected 'b'", 2),
        ("a.", "ends too soon", 2),
        ("a[", "ends too soon", 2),
        ("a == 'x", "not a JMESPath expression", 5),
        ("nope(a)", "unknown function 'nope'", 0),
        ("a && lowr(b)", "did you mean 'lower'?", 5),
        ("length()", "takes 1 arguments, not 0", 0),
        ("first()", "takes 1 or more arguments, not 0", 0),
        ("!a.b", "write !(a.b)", 0),
        ("a && !b[0].c", "write !(a.b)", 5),
        ("a == `done`", "write a text 'like this'", 5),
        ("x" * 1001, "at most 1000 characters", 0),
        ("#", "not a JMESPath expression", 0),
    ],
)
def test_a_wrong_expression_is_refused_with_its_column(
    text: str, message: str, offset: int
) -> None:
    with pytest.raises(
        ExpressionError, match=message.replace("?", r"\?").replace("(", r"\(").replace(")", r"\)")
    ) as caught:
        compile_expression(text)
    assert caught.value.offset == offset


@given(st.text(alphabet="ab.[]()'`!&|=<>*@{}:, 0", max_size=25))
def test_compiling_raises_nothing_but_its_own_error(text: str) -> None:
    try:
        compile_expression(text).find({"a": {"b": [1, None, "x"]}})
    except ExpressionError as error:
        offset = error.offset
    else:
        offset = 0

    assert 0 <= offset <= len(text)


NAMES = st.sampled_from(["a", "b", "c_d"])


@given(
    st.lists(NAMES, min_size=1, max_size=3),
    st.recursive(
        st.none() | st.integers() | st.lists(st.integers(), max_size=2),
        lambda inner: st.dictionaries(NAMES, inner),
    ),
)
def test_a_plain_path_finds_what_the_library_finds(names: list[str], data: Any) -> None:
    path = ".".join(names)
    assert compile_expression(path).find(data) == jmespath.search(path, data)


@pytest.mark.parametrize("text", ["(", "[a", "a" * 201, "*a"])
def test_a_wrong_pattern_is_refused(text: str) -> None:
    with pytest.raises(PatternError):
        _ = BoundedPattern(text).compiled


def test_an_ordinary_pattern_is_not() -> None:
    found = BoundedPattern(r"(?P<done>\d+)/(?P<total>\d+) (?:left|done)+").first("3/4 done")

    assert found is not None
    assert found.groupdict() == {"done": "3", "total": "4"}


def test_a_template_is_filled_in() -> None:
    template = parse_template("{{x}} {a}-{+b}-{a}")

    assert template.names == {"a", "b"}
    assert template.fill({"a": "1", "b": "x/y z"}) == "{x} 1-x/y%20z-1"
    assert template.alone is None
    assert parse_template("{a}").alone == "a"
    assert parse_template("").fill({}) == ""


@pytest.mark.parametrize("text", ["{", "}", "{}", "{A}", "{a b}", "a{1}", "{a", "x}y", "{-a}"])
def test_a_lone_brace_is_no_template(text: str) -> None:
    with pytest.raises(TemplateError):
        parse_template(text)


@pytest.mark.parametrize(
    ("template", "text", "found"),
    [
        ("/ops/{id}", "/ops/a%2Fb", {"id": "a/b"}),
        ("/ops/{id}", "/ops/a/", {"id": "a"}),
        ("/ops/{id}", "/ops/a/b", None),
        ("/ops/{id}", "/ops/", None),
        ("/o.s/{id}", "/oxs/a", None),
        ("/x/*/{id}/**", "/x/y/a/b/c", {"id": "a"}),
        ("/x/*/{id}/**", "/x/y/a", {"id": "a"}),
        ("/x/*/{id}", "/x/y/z/a", None),
        ("/{+p}/-/{id}", "/g/h/-/7", {"p": "g/h", "id": "7"}),
        ("/{id}/{id}", "/a/a", {"id": "a"}),
        ("/{id}/{id}", "/a/b", None),
        ("/a*b/{id}", "/axb/1", {"id": "1"}),
    ],
)
def test_a_template_is_read_back(template: str, text: str, found: dict[str, str] | None) -> None:
    assert Pattern(parse_template(template)).match(text) == found


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2026-03-01T09:00:00Z", (2026, 3, 1, 9)),
        ("2026-03-01T11:00:00+02:00", (2026, 3, 1, 9)),
        ("2026-03-01T09:00:00", (2026, 3, 1, 9)),
        ("2026-03-01 09:00:00 UTC", (2026, 3, 1, 9)),
        ("2026-03-01T09:00:00.000+0000", (2026, 3, 1, 9)),
        (1772355600, (2026, 3, 1, 9)),
        ("1772355600", (2026, 3, 1, 9)),
        (1772355600000, (2026, 3, 1, 9)),
        (1772355600000000, (2026, 3, 1, 9)),
        ("1772355600000000000", None),
        (1772355600000000000, (2026, 3, 1, 9)),
        (1772355600.0, (2026, 3, 1, 9)),
        ("0001-01-01T00:00:00Z", None),
        ("1000-01-01T00:00:00Z", None),
        ("", None),
        (None, None),
        (0, None),
        (-1, None),
        (True, None),
        ("soon", None),
        ("2026-13-01T00:00:00Z", None),
        ("2026-03-01", None),
        (1e300, None),
        (float("nan"), None),
        ([], None),
        ({}, None),
        ("9999-12-31T23:59:59-14:00", None),
        ("2026-03-01T09:00:60Z", None),
        ("x" * 1000, None),
        (10**30, None),
        ("2026-W10-7T00:00:00", (2026, 3, 8)),
    ],
)
def test_a_moment_is_read_or_is_none(value: Any, expected: tuple[int, ...] | None) -> None:
    wanted = datetime(*expected, tzinfo=UTC) if expected else None  # type: ignore[arg-type, misc]
    assert moment(value) == wanted


@pytest.mark.parametrize("digits", range(1, 10))
def test_a_fraction_may_have_any_number_of_digits(digits: int) -> None:
    found = moment(f"2026-03-01T09:00:00.{'123456789'[:digits]}Z")

    assert found is not None
    assert found.microsecond == int("123456789"[: min(digits, 6)].ljust(6, "0"))


@given(st.text(max_size=40) | st.integers() | st.floats())
def test_no_value_is_a_moment_that_raises(value: Any) -> None:
    found = moment(value)
    assert found is None or found.tzinfo is UTC


@pytest.mark.parametrize(
    ("value", "found"),
    [
        (1, 1.0),
        ("1.5", 1.5),
        (" 7 ", 7.0),
        ("0\x1f", 0.0),
        ("+5", 5.0),
        ("1_000", None),
        ("1e3", None),
        ("٣", None),
        ("nan", None),
        ("inf", None),
        (float("inf"), None),
        (True, None),
        (10**400, None),
        ("9" * 40, None),
    ],
)
def test_a_number_is_finite_or_none(value: Any, found: float | None) -> None:
    assert number_of(value) == found


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
        lambda inner: (
            st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3)
        ),
        max_leaves=9,
    )
)
def test_a_sentence_is_made_of_anything(value: Any) -> None:
    found = sentence(value)
    assert found is None or (0 < len(found) <= 2000)


def test_a_deep_value_is_no_endless_sentence() -> None:
    value: Any = "x"
    for _ in range(90):
        value = [value, value]
    assert sentence(value) is None


@pytest.mark.parametrize("value", ["https://a.example/x", "http://a.example:8080/?q=1#f"])
def test_a_web_address_is_one(value: str) -> None:
    assert web_address(value) == value


@pytest.mark.parametrize(
    ("typed", "written"),
    [
        ("001A0000006Vm9u", "001A0000006Vm9uIAC"),
        ("001A0000006Vm9uIAC", "001A0000006Vm9uIAC"),
        ("001a0000006vm9uiac", "001A0000006Vm9uIAC"),
        ("001A0000006VM9UIAC", "001A0000006Vm9uIAC"),
        ("ABCDEFGHIJKLMNO", "ABCDEFGHIJKLMNO555"),
        ("001A0000006Vm9", "001A0000006Vm9"),
        ("001A0000006Vm9uIA!", "001A0000006Vm9uIA!"),
        ("001A0000006Vm9uß", "001A0000006Vm9uß"),
        ("", ""),
    ],
)
def test_an_id_of_salesforce_is_written_in_18_characters(typed: str, written: str) -> None:
    assert salesforce_id(typed) == written


@given(st.from_regex("[0-9A-Za-z]{15}", fullmatch=True))
def test_18_characters_of_salesforce_are_known_in_any_case(bare: str) -> None:
    whole = salesforce_id(bare)

    assert salesforce_id(whole.upper()) == salesforce_id(whole.lower()) == whole
    assert whole.startswith(bare)


@pytest.mark.parametrize(
    "text",
    [
        """"@odata.type" == 'job'""",
        """"@type" == kind""",
        """"a b".c == d""",
        """x == "a b".c""",
        """'done' == "status" """,
        """`1` == "n" """,
        """a."b c" == d""",
    ],
)
def test_a_double_quoted_name_that_must_be_one_is_no_mistake(text: str) -> None:
    compile_expression(text)


def test_half_a_character_is_sent_as_a_question_mark() -> None:
    template = parse_template("/ops/{id}/{+rest}")

    assert template.fill({"id": "\ud800", "rest": "a/\ud800"}, lambda _, v: quoted_segment(v)) == (
        "/ops/%3F/a/%3F"
    )
