"""What is read of a body, and what is known of a bad answer besides its fault."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import pytest

from opwatch.domain.messages import Headers, Response
from opwatch.domain.trouble import Fault, Speaker, Trouble
from opwatch.profiles.reading.response import MAX_DEPTH, ParsedBody, parse_body
from profiles.making import profile, reading, response

BOUND = profile()
PAGE = b"<html><title>Blocked</title>"


def trouble(answer: Response) -> Trouble:
    found = reading(BOUND, answer)
    assert isinstance(found, Trouble), found
    return found


@pytest.mark.parametrize(
    ("body", "via", "speaker"),
    [
        (b'{"error": "no"}', "", Speaker.API),
        (b'{"error": "no"}', "1.1 squid", Speaker.API),
        (b"", "", Speaker.API),
        (b"", "1.1 squid", Speaker.OTHER),
        (b"no such host", "", Speaker.UNSURE),
        (b"no such host", "1.1 squid", Speaker.OTHER),
        (b"<Error/>", "", Speaker.UNSURE),
        (PAGE, "", Speaker.OTHER),
        (PAGE, "1.1 squid", Speaker.OTHER),
    ],
)
def test_json_is_the_words_of_the_api_whatever_it_came_through(
    body: bytes, via: str, speaker: Speaker
) -> None:
    headers = {"via": via} if via else {}

    assert trouble(response(body, 404, **headers)).speaker is speaker


@pytest.mark.parametrize("header", ["Proxy-Status", "Proxy-Authenticate", "Via"])
def test_a_forbidding_page_of_a_proxy_is_the_proxys_trouble(header: str) -> None:
    answer = response(PAGE, 403, **{header: "x"})

    assert trouble(answer).fault is Fault.PROXY
    assert trouble(answer).detail == "HTTP 403, Blocked"


def test_what_a_proxy_only_passed_on_is_the_apis_refusal() -> None:
    found = trouble(response({"message": "not yours"}, 403, via="1.1 squid"))

    assert (found.fault, found.detail) == (Fault.STATUS_FORBIDDEN, "not yours")


def test_a_page_without_a_proxy_is_the_apis_refusal() -> None:
    assert trouble(response(PAGE, 403)).fault is Fault.STATUS_FORBIDDEN


def test_of_another_status_a_proxys_page_is_only_named_as_one() -> None:
    found = trouble(response(PAGE, 404, via="1.1 squid"))

    assert (found.fault, found.detail) == (Fault.STATUS_NOT_FOUND, "Blocked (from a proxy?)")


def test_a_trouble_says_which_status_which_host_and_which_pause_it_came_with() -> None:
    found = trouble(response({"message": "later"}, 503, Retry_After="7"))

    assert (found.status, found.host, found.wait) == (503, "api.example.com", 7.0)
    assert found.fault is Fault.STATUS_THROTTLED


def test_the_host_of_a_url_that_is_none_is_not_known() -> None:
    target = BOUND.target("a")
    broken = replace(response(b"", 404), url="https://[api/ops/a")

    finding = BOUND.read([target], broken).findings[0]

    assert isinstance(finding, Trouble)
    assert (finding.fault, finding.host) == (Fault.STATUS_NOT_FOUND, "")


@pytest.mark.parametrize("is_anonymous", [True, False])
def test_a_refusal_says_whether_a_credential_was_sent(is_anonymous: bool) -> None:  # noqa: FBT001
    answer = replace(response(b"", 401), is_anonymous=is_anonymous)

    assert trouble(answer).anonymous is is_anonymous


def test_the_schemes_that_are_asked_for_are_kept_once_each_and_as_they_are_written() -> None:
    challenges = (
        'Bearer realm="x"', "Basic", "Bearer", 'Digest, nonce="1"', "", "scheme=1", "two\u00adfold",
    )  # fmt: skip
    headers = Headers(tuple(("WWW-Authenticate", each) for each in challenges))
    answer = replace(response(b"", 401), headers=headers)

    assert trouble(answer).asks_for == ("Bearer", "Basic", "Digest")


def test_only_the_beginning_of_a_long_message_is_kept() -> None:
    assert trouble(response({"message": "x" * 301}, 404)).detail == "x" * 300


def test_a_status_of_success_with_json_is_no_trouble() -> None:
    assert not isinstance(reading(BOUND, response({"id": "a", "status": "done"})), Trouble)


def lists(depth: int) -> bytes:
    return b"[" * depth + b"]" * depth


def objects(depth: int) -> bytes:
    return b'{"a":' * depth + b"1" + b"}" * depth


def refused(detail: str) -> ParsedBody:
    return ParsedBody(None, Fault.NOT_JSON, detail)


@pytest.mark.parametrize("nested", [lists, objects])
def test_a_hundred_levels_are_read_and_one_more_is_not(nested: object) -> None:
    assert callable(nested)

    assert parse_body(nested(MAX_DEPTH)).data == json.loads(nested(MAX_DEPTH))
    assert parse_body(nested(MAX_DEPTH + 1)) == refused("nested deeper than 100 levels")


def test_many_brackets_that_are_not_deep_are_read() -> None:
    body = b'{"a": [[], {}, "[[[", 1' + b", []" * 200 + b"]}"

    assert parse_body(body) == ParsedBody(json.loads(body))


def test_depth_is_found_behind_whatever_stands_beside_it() -> None:
    body = b'[1, "x", null, {"b": ' + lists(MAX_DEPTH) + b"}, 2]"

    assert parse_body(body).fault is Fault.NOT_JSON


def test_what_python_itself_cannot_follow_is_too_deep() -> None:
    assert parse_body(b"[" * 100_000) == refused("nested too deeply")


def test_a_number_that_is_not_finite_is_null_and_a_finite_one_is_itself() -> None:
    body = b'{"a": NaN, "b": Infinity, "c": -Infinity, "d": 1e999, "e": 1.5, "f": 7}'
    nothing = dict.fromkeys("abcd")

    assert parse_body(body).data == {**nothing, "e": 1.5, "f": 7}


def test_a_whole_number_longer_than_python_reads_stays_a_text() -> None:
    longest, longer = "9" * 4000, "9" * 4001

    assert parse_body(f"[{longest}, {longer}]".encode()).data == [int(longest), longer]


@pytest.mark.parametrize(
    ("body", "repeats"),
    [
        (b'{"a": 1}', False),
        (b'{"a": 1, "a": 2}', True),
        (b'{"a": {"b": 1, "b": 2}, "c": {"d": 1}}', True),
        (b'{"a": {"c": 1}, "b": {"c": 1}}', False),
    ],
)
def test_a_key_that_comes_twice_anywhere_is_noticed(body: bytes, repeats: bool) -> None:  # noqa: FBT001
    assert parse_body(body).repeats is repeats


@pytest.mark.parametrize("body", [b"", b" \r\n\t"])
def test_blanks_alone_are_nothing(body: bytes) -> None:
    assert parse_body(body) == ParsedBody(None, Fault.EMPTY, "")


def test_only_a_mark_at_the_very_beginning_is_left_out() -> None:
    assert parse_body('\ufeff{"a": "\ufeff"}\n'.encode()).data == {"a": "\ufeff"}


def test_bytes_that_are_no_text_are_said_to_be_none() -> None:
    assert parse_body(b'{"a": "\xff"}') == refused("the text is not UTF-8")


@pytest.mark.parametrize(("body", "place"), [(b'{"a": 1', 7), (b"[1,,]", 3), (b'"done', 0)])
def test_broken_json_says_what_is_wrong_and_where(body: bytes, place: int) -> None:
    found = parse_body(body)

    # The sentence is Python's, and not the same in all its versions.
    assert re.fullmatch(rf"\w[\w ',:]+ at character {place}", found.detail)
    assert found.fault is Fault.NOT_JSON


def test_a_plain_text_is_shown_in_one_line_and_cut() -> None:
    assert parse_body(b" too \n\t many\r\nrequests ") == refused("too many requests")
    assert parse_body(b"X-Ray is down") == refused("X-Ray is down")
    assert parse_body(b"x" * 301) == refused("x" * 300)
    assert parse_body(b"a" + b" " * 1024 + b"b") == refused("a")


@pytest.mark.parametrize("control", [b"\x00", b"\x07", b"\x08", b"\x0e", b"\x1b", b"\x1f", b"\x7f"])
def test_a_text_with_control_characters_is_binary(control: bytes) -> None:
    assert parse_body(b"xyz" + control) == refused("binary data")


@pytest.mark.parametrize("space", [b"\t", b"\n", b"\x0b", b"\x0c", b"\r"])
def test_a_text_with_white_space_is_not_binary(space: bytes) -> None:
    assert parse_body(b"x" + space + b"y") == refused("x y")


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        (b"<html><TITLE lang='en'>Sign\n in &amp; up</title>", "Sign in & up"),
        (b"  <!DOCTYPE  html><p>x", ""),
        (b"<h1>Oops</h1>", ""),
        (b"<html><title>" + b"t" * 100, "t" * 80),
        (b"<html>" + b" " * 65536 + b"<title>late</title>", ""),
        (b"<html><title>\xc3\xa9</title>", "é"),
        (b"<!-- <Message>not a page's</Message> -->", ""),
    ],
)
def test_a_web_page_is_known_by_its_title(body: bytes, detail: str) -> None:
    assert parse_body(body) == ParsedBody(fault=Fault.HTML, detail=detail)


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        (b"<Error><Message>No such\n key</Message></Error>", "No such key"),
        (b"<?xml version='1.0'?>\n<e><m:detail>d</m:detail></e>", "d"),
        (b"<e><description>&lt;x&gt;</description></e>", "<x>"),
        (b"<soap:Envelope><faultstring>f</faultstring></soap:Envelope>", "f"),
        (b"<Error/>", ""),
    ],
)
def test_xml_is_known_by_its_message(body: bytes, detail: str) -> None:
    assert parse_body(body) == ParsedBody(fault=Fault.XML, detail=detail)
