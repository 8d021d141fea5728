"""Which headers nobody may give, and which only a credential may (security rule S6)."""

from __future__ import annotations

import pytest

from opwatch.domain.header_rules import (
    HEADER_USES,
    HeaderUse,
    header_refusal,
    is_header_name,
    is_header_value,
    may_name_a_secret,
)

OF_CREDENTIAL = {"authorization", "cookie", "proxy-authorization"}
OURS = {
    "connection": "belongs to the connection",
    "keep-alive": "belongs to the connection",
    "proxy-connection": "belongs to the connection",
    "te": "belongs to the connection",
    "trailer": "belongs to the connection",
    "transfer-encoding": "belongs to the connection",
    "upgrade": "belongs to the connection",
    "content-length": "frames the request",
    "expect": "frames the request",
    "host": "frames the request",
    "accept-encoding": "names the codings that opwatch decodes",
}


@pytest.mark.parametrize("change", [str.lower, str.upper, str.title])
@pytest.mark.parametrize("name", OURS)
def test_what_belongs_to_the_connection_nobody_may_give(name: str, change: object) -> None:
    assert callable(change)
    written = change(name)
    why = f"the header {written} cannot be given: it {OURS[name]}, and only opwatch sets it"

    assert header_refusal(written) == why
    assert header_refusal(written, by_auth=True) == why


@pytest.mark.parametrize("name", sorted(OF_CREDENTIAL))
def test_what_carries_a_credential_only_auth_may_give(name: str) -> None:
    why = f"the header {name} cannot be given: it carries a credential, and only 'auth' may give it"

    assert header_refusal(name) == why
    assert header_refusal(name, by_auth=True) is None


def test_every_other_header_is_free() -> None:
    assert {*OURS, *OF_CREDENTIAL} == set(HEADER_USES)
    assert {each for each, use in HEADER_USES.items() if use is HeaderUse.CREDENTIAL} == (
        OF_CREDENTIAL
    )
    for name in ("X-Request-Id", "Accept", "Hosts", "Cookies", ""):
        assert header_refusal(name) is None


@pytest.mark.parametrize("name", ["A", "x-1", "X" * 100])
def test_letters_digits_and_dashes_make_a_name(name: str) -> None:
    assert is_header_name(name)


@pytest.mark.parametrize("name", ["", "a_b", "a b", "a:", "ä", "x\n", "X" * 101])
def test_nothing_else_is_a_name(name: str) -> None:
    assert not is_header_name(name)


@pytest.mark.parametrize("value", ["", "a b", "~!", "x" * 9000])
def test_printable_ascii_is_a_value(value: str) -> None:
    assert is_header_value(value)


@pytest.mark.parametrize("value", [" a", "a ", "a\n", "a\tb", "é", "a\x7f", "a\x1f"])
def test_what_a_connection_could_read_otherwise_is_no_value(value: str) -> None:
    assert not is_header_value(value)


@pytest.mark.parametrize(
    ("name", "is_secret"),
    [
        ("Authorization", True),
        ("X-Auth", True),
        ("x-access-key", True),
        ("Api-Key", True),
        ("apikey", True),
        ("PRIVATE-TOKEN", True),
        ("X-Client-Secret", True),
        ("password", True),
        ("Cookie", True),
        ("Tokens", False),
        ("X-Request-Id", False),
        ("Author", False),
        ("xtoken", False),
    ],
)
def test_the_last_word_of_a_name_tells_whether_it_is_a_secrets(
    name: str, *, is_secret: bool
) -> None:
    assert may_name_a_secret(name) is is_secret
