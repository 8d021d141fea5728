"""What a request carries where, and how the headers of an answer are looked up."""

from __future__ import annotations

import pytest

from opwatch.domain.command_line import param_variable, variable_of, variable_prefix
from opwatch.domain.messages import (
    Headers,
    Request,
    Response,
    SecretLocation,
    Sensitive,
    with_query,
)
from opwatch.domain.secret import Secret

URL = "https://api.example/ops"
TOKEN = Sensitive(SecretLocation.HEADER, "X-Key", Secret("s"))


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "POST", "PUT", "DELETE", "get"])
def test_only_three_methods_change_nothing(method: str) -> None:
    assert Request(method, URL).is_safe is (method in {"GET", "HEAD", "OPTIONS"})


@pytest.mark.parametrize(
    ("request_", "is_anonymous"),
    [
        (Request("GET", URL), True),
        (Request("GET", URL, {"Accept": "x"}), True),
        (Request("GET", URL, {"AUTHORIZATION": "x"}), False),
        (Request("GET", URL).carrying(TOKEN), False),
        (Request("GET", URL, {"authorization": "x"}).carrying(TOKEN), False),
    ],
)
def test_a_request_without_a_credential_is_anonymous(
    request_: Request, *, is_anonymous: bool
) -> None:
    assert request_.is_anonymous is is_anonymous


def test_secrets_add_up_and_do_not_follow_to_another_url() -> None:
    other = Sensitive(SecretLocation.QUERY, "key", Secret("t"))
    request = Request("POST", URL, {"A": "b"}, b"body").carrying(TOKEN).carrying(other)
    assert request.sensitive == (TOKEN, other)

    moved = request.to("https://other.example/")

    assert moved == Request("POST", "https://other.example/", {"A": "b"}, b"body")


def test_a_request_may_be_authorized_and_its_secrets_may_not_go_over_plain_http() -> None:
    request = Request("GET", URL)

    assert (request.authorize, request.allow_http) == (True, False)
    assert (request.body, request.headers, request.sensitive) == (None, {}, ())


def test_headers_are_added_or_replaced_and_the_others_stay() -> None:
    request = Request("GET", URL, {"Accept": "x", "If-Match": "1"})

    changed = request.with_headers(If_Match="2", Accept_Language="de")

    assert changed.headers == {"Accept": "x", "If-Match": "2", "Accept-Language": "de"}
    assert request.headers == {"Accept": "x", "If-Match": "1"}


@pytest.mark.parametrize(
    ("url", "pairs", "whole"),
    [
        (URL, [], URL),
        (URL + "#part", [], URL + "#part"),
        (URL, [("a", "1"), ("b", "2")], URL + "?a=1&b=2"),
        (URL + "?x=1", [("a", "1")], URL + "?x=1&a=1"),
        (URL + "?", [("a", "1")], URL + "?a=1"),
        (URL + "#part", [("a", "1")], URL + "?a=1"),
        (URL, [("ids[]", "a/b c&d"), ("$top", "é"), ("api.v", "[]$.")],
         URL + "?ids[]=a%2Fb%20c%26d&$top=%C3%A9&api.v=%5B%5D%24."),
        (URL, [("cursor", "a\ud800")], URL + "?cursor=a%3F"),
    ],
)  # fmt: skip
def test_a_query_is_appended_and_escaped(
    url: str, pairs: list[tuple[str, str]], whole: str
) -> None:
    assert with_query(url, pairs) == whole


def test_a_header_is_found_in_any_case_and_the_last_of_several_counts() -> None:
    headers = Headers((("Link", "one"), ("LINK", "two"), ("ETag", "x")))

    assert (headers.get("link"), headers.get("Etag"), headers.get("Date")) == ("two", "x", None)
    assert headers.all("lInK") == ("one", "two")
    assert ("LINK" in headers, "Date" in headers) == (True, False)
    assert list(headers) == [("link", "one"), ("link", "two"), ("etag", "x")]


def test_what_is_printed_of_headers_and_bodies_is_only_how_many_there_are() -> None:
    answer = Response(200, URL, Headers((("Set-Cookie", "hidden"),)), b"hidden")

    assert repr(answer.headers) == "Headers(1)"
    assert "hidden" not in repr(answer)


def test_an_answer_may_be_a_status_alone() -> None:
    answer = Response(204, URL)

    assert (list(answer.headers), answer.body, answer.is_anonymous) == ([], b"", False)


@pytest.mark.parametrize("status", [100, 199, 200, 299, 300, 404])
def test_two_hundreds_are_good(status: int) -> None:
    assert Response(status, URL).is_good is (200 <= status <= 299)


@pytest.mark.parametrize("status", [200, 299, 300, 304, 399, 400])
def test_three_hundreds_lead_elsewhere(status: int) -> None:
    assert Response(status, URL).is_redirect is (300 <= status <= 399)


@pytest.mark.parametrize(
    ("profile", "prefix"),
    [("sap", "OPWATCH_SAP_"), ("my-api.v2", "OPWATCH_MY_API_V2_"), ("ä1", "OPWATCH__1_")],
)
def test_a_variable_is_named_in_capitals_and_with_what_it_can_have(
    profile: str, prefix: str
) -> None:
    assert variable_prefix(profile) == prefix
    assert variable_of(profile, "base_url") == prefix + "BASE_URL"


def test_the_variable_of_a_parameter_names_no_profile() -> None:
    assert param_variable("region") == "OPWATCH_PARAM_REGION"
