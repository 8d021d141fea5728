"""Faults 46 to 65: bodies that are cut, coded, endless, or no JSON; each of them lies.

Where an answer is bad, it says that the operation has succeeded; the truth, which
comes in good answers, is that it runs and then fails. So exit 1 is the only right end.
"""

from __future__ import annotations

import gzip
import json
import re
import tracemalloc
import zlib
from typing import TYPE_CHECKING, Any

import pytest

from faults.catalogue import fault
from faults.whole import DONE, RUNNING, api, asked_about, says, state
from opwatch.domain.outcome import Policy
from servers.raw import RawServer, answer, drip, flood, hang, http, read, send

if TYPE_CHECKING:
    from faults.whole import Ended, Wait
    from servers.raw import Step

OK = b"HTTP/1.1 200 OK\r\n"
LIE = state("done")
MEBIBYTE = 1 << 20


def amid(wait: Wait, *steps: Step, **options: Any) -> Ended:
    """Wait for an operation that runs, is then lied about by *steps* once, and fails."""
    running, failed = state("running"), state("failed")
    lie = [read(), *steps]
    with RawServer([answer(running, "Connection: close")], lie, [answer(failed)]) as server:
        return wait(server.url, **options)


def is_borne(ended: Ended, said: str) -> None:
    """Check that one bad answer was told as *said*, and changed nothing."""
    assert (ended.code, ended.outcomes, ended.one["problems"]) == (1, ["failed"], 1), ended.err
    assert said in ended.line("a trouble")
    assert re.search("last confirmed (just now|.* ago): running", ended.line("a trouble"))


# -- cut -----------------------------------------------------------------------------


@fault(46)
def test_a_body_that_ends_before_its_length_is_no_answer(wait: Wait) -> None:
    is_borne(amid(wait, send(http(LIE + b" " * 9)[:-9])), "was cut off")


@fault(47)
@pytest.mark.parametrize("cut", [5, 20, len(LIE) - 1])
def test_a_body_that_is_cut_where_nothing_tells_is_told_by_its_json(wait: Wait, cut: int) -> None:
    is_borne(amid(wait, send(OK + b"\r\n" + LIE[:cut])), "is not valid JSON")


@fault(47)
def test_a_whole_body_that_ends_with_its_connection_is_an_answer(wait: Wait) -> None:
    with RawServer([read(), send(OK + b"\r\n" + LIE)]) as server:
        ended = wait(server.url)

    assert (ended.code, ended.one["problems"]) == (0, 0)


@fault(48)
@pytest.mark.parametrize("missing", [1, 8, 12])
def test_a_gzip_stream_without_its_end_is_no_answer(wait: Wait, missing: int) -> None:
    cut = gzip.compress(LIE)[:-missing]

    is_borne(amid(wait, send(http(cut, "Content-Encoding: gzip"))), "was cut off")


# -- no JSON -------------------------------------------------------------------------

LOGIN = b"<!doctype html><title>Sign in to \x1b[31m the \xe2\x80\xae Portal " + b"!" * 200


@fault(49)
def test_a_login_page_is_named_after_three_tries(wait: Wait) -> None:
    with api(http(LOGIN, "Content-Type: text/html")) as server:
        ended = wait(server.url, "a", "b")

    assert (ended.code, set(ended.outcomes)) == (6, {"unknown"})
    assert len(server.requests) == 6
    assert ended.took < 10
    line = ended.line("a unknown after")
    assert "sent a web page, not JSON (a login page or a proxy?): Sign in to " in line
    assert len(line) < 300
    assert "\u202e" not in ended.err


@fault(49)
def test_a_web_page_at_one_url_ends_no_other_operation(wait: Wait) -> None:
    def route(request: bytes) -> bytes:
        if asked_about(request) == "a":
            return http(LOGIN, "Content-Type: text/html")
        return http(b"{}", status="404 Not Found")

    with api(route) as server:
        ended = wait(server.url, "a", "b", "c")

    assert ended.outcomes == ["unknown", "not_found", "not_found"]


@fault(49)
def test_a_login_page_in_the_middle_is_waited_out(wait: Wait) -> None:
    page = b"<html><title>Maintenance</title>" + LIE
    is_borne(amid(wait, send(http(page))), "sent a web page, not JSON")


@fault(50)
@pytest.mark.parametrize("kind", ["text/plain", "text/html", "image/png", "", "\x1b[0m"])
def test_json_is_json_whatever_it_is_called(wait: Wait, kind: str) -> None:
    with api(http(LIE, f"Content-Type: {kind}")) as server:
        ended = wait(server.url)

    assert (ended.code, ended.one["problems"]) == (0, 0)


CODECS = ("utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be")


@fault(51)
@pytest.mark.parametrize("codec", CODECS)
def test_every_encoding_of_unicode_is_read(wait: Wait, codec: str) -> None:
    body = json.dumps({"id": "a", "status": "done", "message": "fertig: „gut“"})
    with api(http(body.encode(codec))) as server:
        ended = wait(server.url)

    assert (ended.code, ended.one["message"]) == (0, "fertig: „gut“")


@fault(52)
@pytest.mark.parametrize(
    "body",
    [
        '{"id": "a", "status": "done", "message": "für"}'.encode("latin-1"),
        b'{"id": "a", "status": "done", "message": "\xff\xfe"}',
        b"\x80" + LIE,
        LIE + b"\xc3",
    ],
)
def test_bytes_that_are_no_unicode_are_no_answer(wait: Wait, body: bytes) -> None:
    is_borne(amid(wait, send(http(body))), "is not valid JSON")


# -- odd JSON ------------------------------------------------------------------------


@fault(53)
@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999", "-1e999"])
def test_what_is_no_number_is_no_percentage_and_never_printed(wait: Wait, number: str) -> None:
    body = f'{{"id": "a", "status": "done", "percent": {number}, "more": [{number}]}}'.encode()
    with api(RUNNING, http(body)) as server:
        ended = wait(server.url, raw=True)

    assert (ended.code, ended.one["progress"]) == (0, None)
    assert ended.one["raw"]["more"] == [None]
    assert not {"NaN", "Infinity"} & set(ended.out.replace(",", " ").split())


@fault(54)
@pytest.mark.parametrize(
    ("number", "shown"),
    [
        (str(2**53), 2**53),
        (str(2**53 + 1), str(2**53 + 1)),
        ("12345678901234567890", "12345678901234567890"),
    ],
)
def test_an_integer_that_others_would_round_is_printed_as_a_text(
    wait: Wait, number: str, shown: Any
) -> None:
    body = f'{{"id": {number}, "status": "done"}}'.encode()
    with api(http(body)) as server:
        ended = wait(server.url, number, raw=True)

    assert (ended.code, ended.one["id"]) == (0, number)
    assert ended.one["raw"]["id"] == shown


@fault(54)
@pytest.mark.parametrize("digits", [4000, 5000, 100_000])
def test_an_integer_of_thousands_of_digits_harms_nothing(wait: Wait, digits: int) -> None:
    number = "9" * digits
    body = f'{{"id": "a", "status": "done", "percent": {number}, "x": {number}}}'.encode()
    with api(http(body)) as server:
        ended = wait(server.url, raw=True)

    assert (ended.code, ended.one["progress"]) == (0, None)


@fault(55)
@pytest.mark.parametrize(
    "nest",
    [
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b'{"id": "a", "status": "done", "x": ' + b"[" * 900 + b"]" * 900 + b"}",
    ],
)
def test_brackets_without_end_are_no_answer(wait: Wait, nest: bytes) -> None:
    is_borne(amid(wait, send(http(nest))), "is not valid JSON")


@fault(56)
def test_of_a_key_that_comes_twice_the_last_counts_with_one_warning(wait: Wait) -> None:
    twice = b'{"id": "a", "status": "done", "status": "running"}'
    truth = b'{"id": "a", "status": "done", "status": "failed"}'
    with api(http(twice), http(twice), http(truth)) as server:
        ended = wait(server.url)

    assert (ended.code, ended.one["polls"]) == (1, 3)
    assert "holds a key twice; the last one counts" in ended.line("warning")


@fault(57)
def test_a_lone_surrogate_is_shown_and_printed(wait: Wait) -> None:
    body = rb'{"id": "a", "status": "running", "message": "\ud800 x", "\udfff": "\udc00"}'
    with api(http(body), DONE) as server:
        ended = wait(server.url, raw=True)
    with api(http(body.replace(b"running", b"failed"))) as server:
        last = wait(server.url, raw=True)

    assert (ended.code, last.code) == (0, 1)
    assert last.one["message"] == "\ud800 x"
    assert "\\ud800" in last.line("a failed").lower().replace("{", "").replace("}", "")


@fault(58)
def test_control_characters_in_json_are_made_visible(wait: Wait) -> None:
    evil = rb"\u001b]0;x\u0007 \u0000 \u009b2J \u202e \r\n::error::x ##[error]y"
    body = b'{"id": "a", "status": "%s", "message": "%s"}'
    with api(http(body % (evil, evil)), http(body % (b"failed", evil))) as server:
        ended = wait(server.url)

    assert ended.code == 1
    for each in "\x00\x07\x1b\x9b\r\u202e":
        assert each not in ended.err
    assert "\\x1b]0;x\\x07" in ended.line("a failed")
    assert "##[" not in ended.err + ended.out
    assert all(line.startswith("opwatch") for line in ended.err.splitlines())


@fault(59)
@pytest.mark.parametrize("body", [b"[]", b'["done"]', b"7", b"null", b"true", b'"done"'])
def test_json_that_is_no_object_is_refused_after_three_tries(wait: Wait, body: bytes) -> None:
    with api(http(body)) as server:
        ended = wait(server.url)

    assert (ended.code, ended.one["polls"]) == (6, 3), ended.err
    assert "not have the shape that the profile expects: 'status'" in ended.line("a unknown after")
    assert "opwatch profile explain -p api --config " in ended.line("to fix")


@fault(59)
def test_json_that_is_no_object_is_waited_out_in_the_middle(wait: Wait) -> None:
    is_borne(amid(wait, send(http(b'"done"'))), "not have the shape")


# -- too much ------------------------------------------------------------------------


@fault(60)
def test_a_body_without_end_is_stopped_at_eight_mebibytes(wait: Wait) -> None:
    wait.speed = 20.0
    endless = [read(), send(OK + b"\r\n" + LIE), flood(b" " * 65536)]
    with RawServer(endless) as server:
        ended = wait(server.url)

    assert (ended.code, ended.one["polls"]) == (6, 3), ended.err
    assert "sent an answer of more than 8 MiB" in ended.line("a unknown after")


@fault(60)
def test_a_body_without_end_in_the_middle_is_believed_after_three(wait: Wait) -> None:
    wait.speed = 20.0
    first = [answer(state("running"), "Connection: close")]
    endless = [read(), send(OK + b"\r\n" + LIE), flood(b" " * 65536)]
    with RawServer(first, endless) as server:
        ended = wait(server.url)

    assert (ended.code, ended.one["problems"]) == (6, 3), ended.err
    assert "sent an answer of more than 8 MiB" in ended.line("a unknown after")


@fault(61)
def test_a_bomb_does_not_go_off(wait: Wait) -> None:
    bomb = gzip.compress(LIE + b" " * (64 * MEBIBYTE), 1)
    tracemalloc.start()
    ended = amid(wait, send(http(bomb, "Content-Encoding: gzip")))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    is_borne(ended, "more than 8 MiB")
    assert peak < 40 * MEBIBYTE


@fault(61, 65)
@pytest.mark.parametrize("coding", ["gzip, gzip", "br", "zstd", "deflate", "x-unheard-of", "gzip,"])
def test_a_coding_that_was_not_asked_for_is_no_answer(wait: Wait, coding: str) -> None:
    coded = gzip.compress(gzip.compress(LIE)) if "gzip" in coding else zlib.compress(LIE)

    is_borne(amid(wait, send(http(coded, f"Content-Encoding: {coding}"))), "not requested")


@fault(61)
def test_no_coding_is_asked_for(wait: Wait) -> None:
    with api(DONE) as server:
        wait(server.url)

    assert b"accept-encoding: identity" in server.requests[0].lower()


@fault(62)
@pytest.mark.parametrize("line", [b"X-Filler: " + b"y" * 90 + b"\r\n", b"x"])
def test_headers_without_end_are_stopped(wait: Wait, line: bytes) -> None:
    is_borne(amid(wait, send(OK), flood(line)), "malformed HTTP")


@fault(63)
@pytest.mark.parametrize(
    "steps",
    [
        pytest.param([drip(OK * 999, 0.01)], id="in the headers"),
        pytest.param([send(OK + b"\r\n"), drip(LIE * 999, 0.01)], id="in the body"),
        pytest.param([send(http(LIE + b" ")[:-1]), hang()], id="before the last byte"),
    ],
)
def test_a_body_that_drips_is_given_up_after_half_a_minute(wait: Wait, steps: list[Step]) -> None:
    ended = amid(wait, *steps)

    is_borne(ended, "did not finish its answer in time")
    assert 30 <= ended.took < 60


# -- two answers in one --------------------------------------------------------------


CHUNKED = OK + b"Transfer-Encoding: chunked\r\n"


@fault(64)
@pytest.mark.parametrize(
    "data",
    [
        pytest.param(CHUNKED + b"\r\nzz\r\n" + LIE + b"\r\n0\r\n\r\n", id="bad size"),
        pytest.param(CHUNKED + b"\r\n-1\r\n" + LIE + b"\r\n0\r\n\r\n", id="negative size"),
        pytest.param(CHUNKED + b"\r\n%x\r\n" % len(LIE) + LIE + b"XX", id="no end of chunk"),
        pytest.param(
            CHUNKED + b"Content-Length: 5\r\n\r\n%x\r\n" % len(LIE) + LIE + b"\r\n0\r\n\r\n",
            id="length and chunks",
        ),
        pytest.param(
            OK + b"Content-Length: 2\r\nContent-Length: %d\r\n\r\n" % len(LIE) + LIE,
            id="two lengths",
        ),
        pytest.param(OK + b"Content-Length: -1\r\n\r\n" + LIE, id="negative length"),
        pytest.param(OK + b"Transfer-Encoding: gzip\r\n\r\n" + LIE, id="another coding"),
    ],
)
def test_an_answer_that_can_be_read_in_two_ways_is_none(wait: Wait, data: bytes) -> None:
    is_borne(amid(wait, send(data)), "malformed HTTP")


@fault(64)
def test_bytes_after_an_answer_are_not_the_next_one(wait: Wait) -> None:
    first = [read(), send(RUNNING + http(LIE)), hang()]
    with RawServer(first, [answer(state("failed"))]) as server:
        ended = wait(server.url)

    assert (ended.code, ended.one["polls"]) == (1, 2), ended.err


@fault(65)
@pytest.mark.parametrize("charset", ["klingon", "utf-7", "", '"', "utf-8; charset=x"])
def test_an_unknown_charset_is_passed_over(wait: Wait, charset: str) -> None:
    with api(says("done", f"Content-Type: application/json; charset={charset}")) as server:
        ended = wait(server.url, policy=Policy(timeout=60))

    assert (ended.code, ended.one["problems"]) == (0, 0)
