from __future__ import annotations

import base64
import copy
import pickle
from dataclasses import asdict, dataclass
from urllib.parse import unquote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opwatch.domain.messages import Request, Response, SecretLocation, Sensitive
from opwatch.domain.secret import MASK, SECRET_NAME, Secret

CANARY = "canary-7f3aQ+/9x"


def test_s5_a_secret_looks_the_same_whatever_it_is() -> None:
    secret = Secret(CANARY)

    texts = {repr(secret), str(secret), f"{secret}", f"{secret!r:>30}".strip(), f"{secret:>30}"}

    assert texts == {MASK}
    assert f"{[secret]} { ({'a': secret}) }" == f"[{MASK}] {{'a': {MASK}}}"
    assert "%s" % secret == MASK  # noqa: UP031, an old way of formatting is tested too


def test_s5_a_secret_has_no_attribute_to_walk() -> None:
    with pytest.raises(TypeError):
        vars(Secret(CANARY))


def test_s5_what_carries_a_secret_does_not_show_it() -> None:
    sensitive = Sensitive(SecretLocation.QUERY, "key", Secret(CANARY))
    request = Request("GET", "https://x.example").carrying(sensitive)

    assert CANARY not in repr((sensitive, request))
    assert CANARY not in repr(Response(200, "https://x.example", body=CANARY.encode()))


def test_s13_a_secret_is_neither_pickled_nor_copied() -> None:
    @dataclass
    class Holder:
        secret: Secret

    for attempt in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError, match="never pickled"):
            attempt(Secret(CANARY))
    with pytest.raises(TypeError, match="never pickled"):
        asdict(Holder(Secret(CANARY)))


@given(st.text(), st.text())
def test_secrets_are_equal_when_their_values_are(one: str, other: str) -> None:
    assert (Secret(one) == Secret(other)) is (one == other)
    assert hash(Secret(one)) == hash(Secret(one)) != hash(Secret(f"{one}x"))


@pytest.mark.parametrize(
    "name",
    [
        "token", "accessToken", "CLIENT_SECRET", "Password", "passwd", "apikey", "X-API-Key",
        "api_key", "credentials", "Authorization", "authorisation", "bearer", "Set-Cookie",
    ],
)  # fmt: skip
def test_a_name_whose_value_may_be_a_secret_is_known_in_any_case(name: str) -> None:
    assert SECRET_NAME.search(name)
    assert SECRET_NAME.search(name.swapcase())


@pytest.mark.parametrize("name", ["id", "key", "api", "region", "author", "Accept", "pass", ""])
def test_another_name_is_not_taken_for_a_secrets(name: str) -> None:
    assert not SECRET_NAME.search(name)


def test_bytes_that_are_no_text_are_compared_like_any_other_secret() -> None:
    odd = Secret(b"\xff".decode(errors="surrogateescape"))

    assert odd == Secret("\udcff")
    assert odd != Secret("\udcfe")
    assert odd != Secret(CANARY)
    assert Secret(CANARY) != odd
    assert odd.digest(b"key", "host") == Secret("\udcff").digest(b"key", "host")
    assert odd.digest(b"key", "host") != Secret("\udcfe").digest(b"key", "host")


def test_a_secret_is_no_text() -> None:
    assert Secret(CANARY) != CANARY
    assert not Secret("")
    assert Secret(CANARY)


def test_a_template_takes_the_secret_in() -> None:
    assert Secret(CANARY).within("Bearer {secret}").reveal() == f"Bearer {CANARY}"
    assert Secret("{x}").within("{secret}").reveal() == "{x}"


@given(st.text(st.characters(codec="utf-8")))
def test_the_quoted_form_reads_back(value: str) -> None:
    assert unquote_plus(Secret(value).form_quoted().reveal()) == value


@given(
    st.text(st.characters(codec="utf-8", exclude_characters=":")),
    st.text(st.characters(codec="utf-8")),
)
def test_basic_credentials_read_back(username: str, password: str) -> None:
    value = Secret.basic(username, Secret(password)).reveal()

    decoded = base64.b64decode(value.removeprefix("Basic ")).decode()

    assert decoded.partition(":")[::2] == (username, password)
