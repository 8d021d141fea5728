"""What is known of a bad answer besides its fault: whose words it is, and what it asks for."""

from __future__ import annotations

from dataclasses import replace

import pytest

from opwatch.domain.messages import Headers, Response
from opwatch.domain.trouble import Fault, Speaker, Trouble
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
