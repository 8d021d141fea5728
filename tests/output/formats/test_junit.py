import io
from xml.etree import ElementTree as ET

from hypothesis import given
from hypothesis import strategies as st

from opwatch.domain.operation import Failure
from opwatch.domain.outcome import Outcome
from opwatch.output.formats.junit import junit
from output.script import Story, four, target


def parsed(story: Story) -> ET.Element:
    text = junit(list(story.operations.values()), at=story.at)
    assert text.isascii()
    return ET.parse(io.StringIO(text)).getroot()  # noqa: S314, our own XML


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
    assert case[0].text == "broken; job test\na < b\n]]>\\x00\\x1b[2J"
