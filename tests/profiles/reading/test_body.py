"""What the bytes of a body are: JSON, or something else in its own words."""

from __future__ import annotations

import json
import re

import pytest

from opwatch.domain.trouble import Fault
from opwatch.profiles.reading.response import MAX_DEPTH, ParsedBody, parse_body


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
