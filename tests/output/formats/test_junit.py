import io
import re
from typing import Final
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opwatch.domain.operation import Failure
from opwatch.domain.outcome import Outcome, Reason
from opwatch.output.formats.junit import junit
from output.script import Story, four, target

REPORT: Final = frozenset({"failure", "error", "skipped", "system-out", "system-err"})
# From ``junit-10.xsd`` of Jenkins' xUnit plugin: what an element must have, may have, and holds.
SCHEMA: Final[dict[str, tuple[set[str], set[str], frozenset[str]]]] = {
    "testsuites": (
        set(),
        {"name", "time", "tests", "failures", "errors"},
        frozenset({"testsuite"}),
    ),
    "testsuite": (
        {"name", "tests", "failures", "errors"},
        {"time", "skipped", "timestamp", "hostname", "id", "package", "group", "url"},
        frozenset({"properties", "testcase", "system-out", "system-err"}),
    ),
    "properties": (set(), set(), frozenset({"property"})),
    "property": ({"name", "value"}, set(), frozenset()),
    "testcase": ({"name"}, {"time", "classname", "group"}, REPORT),
    **dict.fromkeys(("failure", "error", "skipped"), (set(), {"type", "message"}, frozenset())),
    **dict.fromkeys(("system-out", "system-err"), (set(), set(), frozenset())),
}
TIME: Final = re.compile(r"(([0-9]{0,3},)*[0-9]{3}|[0-9]{0,3})*(\.[0-9]*)?")


def parsed(story: Story) -> ET.Element:
    text = junit(list(story.operations.values()), at=story.at)
    assert text.isascii()
    root = ET.parse(io.StringIO(text)).getroot()  # noqa: S314, our own XML
    assert root.tag == "testsuites"
    for each in root.iter():
        needed, allowed, inside = SCHEMA[each.tag]
        assert needed <= set(each.keys()) <= needed | allowed, each.tag
        assert {child.tag for child in each} <= inside, each.tag
        if each.tag in {"testsuites", "testsuite"}:
            assert TIME.fullmatch(each.get("time", ""))
    return root


def test_only_a_confirmed_success_passes() -> None:
    root = parsed(four())
    assert {name: root.get(name) for name in ("tests", "failures", "errors")} == {
        "tests": "4",
        "failures": "1",
        "errors": "1",
    }
    cases = {case.get("name"): [child.tag for child in case] for case in root.iter("testcase")}
    assert cases == {
        "export-7f3a0c1d91": [],
        "export-9c01ab07": [],
        "delete-user-2": ["error"],
        "import-44": ["failure"],
    }


def test_a_case_says_why_and_how_long() -> None:
    case = next(each for each in parsed(four()).iter("testcase") if each.get("name") == "import-44")
    assert case.get("classname") == "fullstory"
    assert case.get("time") == "139.000"
    (failure,) = case
    assert failure.get("type") == "failed"
    assert failure.get("message") == failure.text == "bad column 'x' (code 17)"


def test_an_operation_that_was_left_is_not_a_success() -> None:
    story = Story(["op-1"])
    story.interrupt()
    (case,) = parsed(story).iter("testcase")
    assert [child.tag for child in case] == ["error"]
    assert case[0].get("type") == Outcome.PENDING.value


@given(st.text(), st.text())
def test_any_text_makes_well_formed_xml(name: str, message: str) -> None:
    story = Story([target(name, profile=message)])
    story.fail(name, message, name)
    (case,) = parsed(story).iter("testcase")
    assert case[0].tag == "failure"


def test_a_case_is_called_by_name_and_reference() -> None:
    (case,) = parsed(Story(["4242"]).succeed("4242", name="CI <7>")).iter("testcase")
    assert case.get("name") == "CI <7> (4242)"


def test_a_failure_holds_the_end_of_the_log() -> None:
    failure = Failure("job test", ("a < b", "]]>\x00\x1b[2J"))
    (case,) = parsed(Story(["op-1"]).fail("op-1", "broken", failure=failure)).iter("testcase")
    assert case[0].get("message") == "broken; job test"
    assert case[0].text == "broken; job test\n| a < b\n| ]]>\\x00\\x1b[2J"


@pytest.mark.parametrize(
    ("outcome", "reason", "element"),
    [
        (Outcome.SUCCEEDED, None, None),
        (Outcome.SUCCEEDED, Reason.NO_RESULT, "error"),
        (Outcome.FAILED, None, "failure"),
        (Outcome.FAILED, Reason.WARNINGS, "failure"),
        (Outcome.CANCELLED, None, "failure"),
        (Outcome.DENIED, Reason.DENIED, "error"),
        (Outcome.NOT_FOUND, Reason.GONE, "error"),
        (Outcome.UNKNOWN, Reason.LOST_CONTACT, "error"),
        (Outcome.TIMED_OUT, Reason.DEADLINE, "error"),
        (Outcome.PENDING, Reason.DETACHED, "error"),
        (Outcome.PENDING, Reason.NOT_WAITED, "error"),
        (Outcome.PENDING, Reason.STOPPED_EARLY, "skipped"),
    ],
)
def test_a_case_is_what_its_outcome_is(
    outcome: Outcome, reason: Reason | None, element: str | None
) -> None:
    root = parsed(Story(["op-1"]).read("op-1").end("op-1", outcome, reason))

    (case,) = root.iter("testcase")
    assert [child.tag for child in case] == ([] if element is None else [element])
    names = {"failure": "failures", "error": "errors", "skipped": "skipped", None: "none"}
    for name in ("failures", "errors", "skipped"):
        assert root[0].get(name) == str(int(name == names[element]))


def test_the_page_of_an_operation_is_a_property_and_the_output_of_its_case() -> None:
    link = "https://api.example.com/jobs/44?a=1&b=2"
    story = Story(["op-1", "op-2"]).succeed("op-1", link=link).succeed("op-2", link="javascript:x")

    root = parsed(story)

    assert [each.attrib for each in root.iter("property")] == [
        {"name": "link of op-1", "value": link}
    ]
    first, second = root.iter("testcase")
    assert [(each.tag, each.text) for each in first] == [("system-out", link)]
    assert list(second) == []


def test_no_link_attaches_a_file() -> None:
    link = "https://api.example.com/[[ATTACHMENT|/etc/passwd]]"

    root = parsed(Story(["op-1"]).succeed("op-1", link=link))

    assert not any("[[" in (each.text or "") for each in root.iter())
