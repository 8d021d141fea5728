import re
from base64 import b64encode
from hashlib import sha256
from itertools import islice
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faults.hostile import hidden, obeyed, story, texts
from opwatch.domain.events import Started
from opwatch.domain.operation import Failure, State
from opwatch.domain.outcome import Abort, Outcome, Reason
from opwatch.domain.trouble import Fault, Trouble
from opwatch.output.report.history import History
from opwatch.output.report.page import MOST
from opwatch.output.terminal.lines import LOG_LINE
from opwatch.output.text.clean import Show
from opwatch.output.text.sentences import failure_note
from opwatch.output.text.styles import page_of as link_of
from output.report.pages import busy, page_of, seen
from output.script import HOST, Story, four, target

LARGEST_ROW = 16_000
"""Bytes of one operation of 2,000, whatever a server says of it."""
MARKUP = (
    "<script>alert(1)</script>",
    "</bdi></style><script src=https://evil.example/x.js></script>",
    "<img src=x onerror=alert(1)>",
    "<iframe src='https://evil.example'>",
    '"><svg onload=alert(1)>',
    "' onmouseover='alert(1)",
    "--><!--",
    "</title><meta http-equiv=refresh content='0;url=https://evil.example'>",
    "<base href=https://evil.example/>",
    "<plaintext>",
    "</article></body></html>",
    "&lt;script&gt;",
    "]]>",
)


def test_a_page_says_how_the_run_went_why_and_how_to_go_on() -> None:
    found = seen(page_of(four()))

    for said in (
        "2 of 4 succeeded, 1 failed, 1 unknown, in 7m 47s",
        "exit 1: failed",
        "2026-11-22 10:12:17 to 10:20:04 (UTC)",
        "61 polls, 44 without a good answer",
        "bad column 'x' (code 17)",
        "not confirmed for 6m 43s: HTTP 502 ×41",  # noqa: RUF001
        "opwatch wait -p fullstory delete-user-2",
        "until 10:19:56",
    ):
        assert said in found.text
    assert found.text.index("delete-user-2") < found.text.index("export-7f3a0c1d91")
    assert len(found.of("article")) == 4


def test_a_page_needs_nothing_and_runs_nothing() -> None:
    text = page_of(busy(60))
    found = seen(text)

    (style,) = re.findall(r"<style>(.*?)</style>", text, re.DOTALL)
    digest = b64encode(sha256(style.encode()).digest()).decode()
    (policy,) = [each["content"] for each in found.of("meta") if "http-equiv" in each]
    assert policy == (
        f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    )
    tags = {tag for tag, _ in found.tags}
    assert not tags & {"script", "img", "link", "iframe", "object", "form", "base"}
    attributes = {name for _, each in found.tags for name in each}
    assert (
        not {name for name in attributes if name.startswith("on")} | {"style", "src"} & attributes
    )
    assert "url(" not in style.replace("url(#hatch)", "")
    assert text.isascii()


@pytest.mark.parametrize("many", [0, 1, 60, pytest.param(2_000, marks=pytest.mark.slow)])
def test_a_page_of_any_number_of_operations_is_well_formed(many: int) -> None:
    found = seen(page_of(busy(many)))

    assert (found.wrong, found.open) == ([], [])
    assert len(found.of("article")) == many


@pytest.mark.slow
def test_what_is_more_than_a_page_holds_is_counted() -> None:
    story = Story([f"op-{number}" for number in range(MOST + 3)])
    for each in list(story.operations):
        story.end(each, *((Outcome.SUCCEEDED,) if each != "op-2001" else (Outcome.FAILED,)))

    found = seen(page_of(story.finish()))

    assert len(found.of("article")) == MOST
    assert "op-2001" in found.text
    assert "… and 3 more: 3 succeeded" in found.text


@pytest.mark.parametrize("hostile", MARKUP)
def test_markup_in_a_remote_text_is_only_text(hostile: str) -> None:
    plain = seen(page_of(story(["harmless"] * 12)))
    found = seen(page_of(story([hostile]), profile=hostile, problem=hostile))

    assert (found.wrong, found.open) == ([], [])
    tags = {tag for tag, _ in found.tags}
    assert tags <= {tag for tag, _ in plain.tags} | {"details", "p"}
    assert hostile.partition(" ")[0] in found.inside("pre")
    assert {name for _, each in found.tags for name in each} <= {
        name for _, each in plain.tags for name in each
    } | {"open"}
    assert hostile.partition(" ")[0] in found.text


def test_no_hostile_text_breaks_a_page_hides_a_character_or_gives_a_command() -> None:
    found = texts(240)
    while handful := list(islice(found, 12)):
        text = page_of(story(handful).finish(), problem=None)
        page = seen(text)
        assert (page.wrong, page.open) == ([], []), handful
        assert not hidden(page.text), handful
        assert not obeyed(page.text), handful


@given(st.text(), st.text(), st.text())
def test_any_text_makes_a_whole_page(name: str, message: str, link: str) -> None:
    run = Story([target(name, profile=message)])
    run.read(name, message, message=link, link=link).fail(name, message, name)
    page = seen(page_of(run.finish(), profile=None))

    assert (page.wrong, page.open, len(page.of("article"))) == ([], [], 1)


def test_the_end_of_the_log_of_what_failed_is_on_the_page() -> None:
    lines = ("\x1b[31m$ make test\x1b[0m", "    1 != 2", "canary", "w" * 3_000)
    link = "https://ci.example.com/jobs/9?a=1&b=2"
    run = Story(["a"]).fail("a", "exit 2", failure=Failure("job unit", lines, link))
    text = page_of(run.finish(), Show(lambda each: each.replace("canary", "***")))
    found = seen(text)

    assert found.of("details")[0] == {"open": None}
    told = found.inside("pre").split("\n")
    assert told[:3] == ["| $ make test", "|     1 != 2", "| ***"]
    assert len(told) == 4
    assert 300 < len(told[3]) < 500
    assert "exit 2; job unit" in found.text
    assert [each["href"] for each in found.of("a")] == [link]


@pytest.mark.parametrize("link", ["javascript:alert(1)", "https://ci.example.com/?sig=canary"])
def test_a_link_of_what_failed_is_held_to_the_same_rules(link: str) -> None:
    run = Story(["a"]).fail("a", "exit 2", failure=Failure(link=link))

    assert seen(page_of(run, Show(lambda each: each.replace("canary", "***")))).of("a") == []


def test_why_there_is_no_log_is_on_the_page_too() -> None:
    denied = Trouble(Fault.STATUS_FORBIDDEN, status=403, host=HOST)
    run = Story(["a", "b"])
    run.fail("a", "exit 2", failure=Failure(trouble=denied))
    run.fail("b", "exit 2", failure=Failure(is_asked=False))
    found = seen(page_of(run.finish()))

    for operation in run.operations.values():
        assert operation.failure is not None
        assert str(failure_note(operation.failure)) in found.text
    assert found.of("pre") == []


@pytest.mark.parametrize("hostile", ["'" * 5_000, "\u4e2d" * 5_000, "e\u0301\u0336\u0489" * 2_000])
def test_a_log_is_bounded_whatever_the_server_sends(hostile: str) -> None:
    run = Story(["a"]).fail("a", "exit 2", failure=Failure(hostile, (hostile,) * 20, hostile))

    _head, log = page_of(run).split("<pre>")
    assert len(log.partition("</pre>")[0]) < 20 * LOG_LINE * len("x&#0000;&#0000;&#0000;")


@pytest.mark.every(4)
@pytest.mark.parametrize("hostile", ["'" * 5_000, "\u4e2d" * 5_000, "e\u0301\u0336\u0489" * 2_000])
def test_a_row_is_bounded_whatever_the_server_sends(hostile: str) -> None:
    run = Story([target(hostile, id=hostile), *(f"op-{number}" for number in range(1_999))])
    for number in range(400):
        run.at += 5.0
        state = (State.RUNNING, State.PENDING, State.BLOCKED)[number % 3]
        if number % 5:
            run.read(hostile, hostile + str(number), number % 100, state=state, message=hostile)
        else:
            run.bad(hostile, Trouble(Fault.API_ERROR, hostile + str(number), 500, host=hostile))
    run.end(hostile, Outcome.UNKNOWN, Reason.LOST_CONTACT)

    run.operations = {hostile: run.operations[hostile]}
    _head, row = page_of(run, resume=None).split("<article>")
    assert 4_000 < len(row) < LARGEST_ROW


@pytest.mark.parametrize(
    ("link", "is_followed"),
    [
        ("https://app.example.com/jobs/7?tab=log&x=1#end", True),
        ("http://localhost:8080/jobs/7", True),
        ("javascript:alert(1)", False),
        ("JAVASCRIPT:alert(1)", False),
        (" java\nscript:alert(1)", False),
        ("data:text/html,x", False),
        ("file:///etc/passwd", False),
        ("//evil.example/x", False),
        ("/jobs/7", False),
        ("https:app", False),
        ("https://user:secret@app.example.com/", False),
        ("https://app.example.com/\"onclick='x'", False),
        ("https://app.example.com/a b", False),
        ("https://\u0430pp.example.com/", False),
        ("https://[::1", False),
        ("https://app.example.com/?sig=canary", False),
        ("https://app.example.com/" + "a" * 500, False),
    ],
)
def test_a_link_is_followed_to_the_web_only_and_holds_no_secret(
    link: str, *, is_followed: bool
) -> None:
    show = Show(lambda text: text.replace("canary", "***"))
    run = Story(["a"]).read("a", link=link)

    text = page_of(run.finish(), show)

    assert link_of(run.operations["a"], show) == (link if is_followed else "")
    assert [each["href"] for each in seen(text).of("a")] == ([link] if is_followed else [])
    assert "canary" not in text


def test_a_secret_learnt_late_is_masked_in_what_was_remembered_before() -> None:
    known: list[str] = []

    def redact(text: str) -> str:
        return text.replace("canary", "***") if known else text

    run = (
        Story(["a"])
        .read("a", "canary", message="canary")
        .hold(30.0, Trouble(Fault.API_ERROR, "canary", host=HOST))
    )
    history = History(Show(redact))
    for event in run.events:
        history(event)
    known.append("canary")

    assert "canary" not in page_of(run.finish(), Show(redact))


def test_a_run_that_never_began_says_why() -> None:
    run = Story(["a", "b"])
    run.events = [each for each in run.events if not isinstance(each, Started)]
    for each in run.operations:
        run.operations[each] = run.operations[each].but(
            outcome=Outcome.DENIED, reason=Reason.NO_CREDENTIAL, ended_at=0.0
        )

    found = seen(page_of(run, problem="no credential for 'fullstory'"))

    assert "no credential for 'fullstory'" in found.text
    assert "exit 4: denied" in found.text
    assert len(found.of("article")) == 2


def test_a_run_that_was_interrupted_says_how_to_go_on() -> None:
    found = seen(page_of(Story(["a", "b"]).wait(5).interrupt(Abort.TERMINATED)))

    assert "opwatch wait -p fullstory a b" in found.text
    assert "terminated; nothing remote was cancelled" in found.text


@pytest.mark.parametrize(
    ("seconds", "marks"),
    [
        (0.2, ["0"]),
        (9, ["0", "2s", "4s", "6s", "8s"]),
        (610, ["0", "2m", "4m", "6m", "8m"]),
        (90_000, ["0", "6h", "12h", "18h", "1d"]),
        (40 * 86_400, ["0", *(f"{days}d" for days in range(6, 39, 6))]),
    ],
)
def test_the_axis_has_a_few_round_times(seconds: float, marks: list[Any]) -> None:
    run = Story(["a"])
    run.at = seconds
    text = page_of(run.succeed("a").finish())

    assert re.findall(r"<text [^>]*>([^<]*)</text>", text) == marks
