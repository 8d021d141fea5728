from __future__ import annotations

import base64
import json
import re
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from credentials.world import CANARY, OTHER
from opwatch.credentials import Redactor
from opwatch.credentials.redaction import SHORTEST
from opwatch.domain.secret import MASK, Secret
from servers.encoders import EXOTIC, REAL, TOKENS


def knowing(*values: str) -> Redactor:
    redactor = Redactor()
    for each in values:
        redactor.learn(Secret(each))
    return redactor


def b64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


@pytest.mark.parametrize(
    "echo",
    [
        CANARY,
        f"Bearer {CANARY}",
        f"https://x.example/?key={quote(CANARY, safe='')}&x=1",
        quote(CANARY, safe="").replace("%2B", "%2b").replace("%2F", "%2f"),
        quote_plus(CANARY),
        quote(CANARY),
        json.dumps({"token": CANARY}),
        json.dumps({"token": CANARY}).replace("/", "\\/"),
        CANARY.lower(),
        CANARY.upper(),
        quote(f"/login?back={quote(CANARY, safe='')}", safe=""),
        b64(CANARY),
        base64.urlsafe_b64encode(CANARY.encode()).decode(),
    ],
)
def test_an_echo_of_the_secret_is_masked_in_every_spelling(echo: str) -> None:
    masked = knowing(CANARY)(f"invalid token {echo}!")

    assert echo not in masked
    assert CANARY not in masked
    assert "***" in masked
    assert masked.startswith("invalid token ")
    assert masked.endswith("!")


@given(before=st.binary(max_size=20), after=st.binary(max_size=20))
def test_the_secret_is_masked_inside_any_base64(before: bytes, after: bytes) -> None:
    echo = base64.b64encode(before + CANARY.encode() + after).decode()

    masked = knowing(CANARY)(echo)

    # What is left is at most the four bits that the secret shares with each neighbour.
    assert "***" in masked
    assert len(masked.replace("***", "")) <= len(echo) - len(CANARY)


@given(
    secret=st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]), min_size=SHORTEST),
    text=st.text(),
)
def test_no_spelling_of_any_secret_is_left(secret: str, text: str) -> None:
    masked = knowing(secret)(f"{text}{secret}{text} {json.dumps(secret)} {quote(secret, safe='')}")

    assert secret not in masked.replace("***", "")


def test_a_text_without_the_secret_is_the_same_text() -> None:
    text = "the operation failed: bad column 'x' " * 50

    assert knowing(CANARY, OTHER)(text) is text


@pytest.mark.parametrize("short", ["", "1", "test", "admin"])
def test_a_very_short_secret_does_not_spoil_every_text(short: str) -> None:
    text = "testing 1, 2, 3: admin"

    assert knowing(short)(text) == text


def test_of_two_secrets_the_longer_is_masked_whole() -> None:
    redactor = knowing("secret-secret", "secret-secret-and-more")

    assert redactor("secret-secret-and-more") == "***"


def test_secrets_that_pass_are_forgotten_oldest_first_and_lasting_ones_never() -> None:
    redactor = knowing("lasting-secret")
    for number in range(100):
        redactor.learn(Secret(f"token-number-{number:03}"), passing=True)

    assert redactor("token-number-099 token-number-090 lasting-secret") == "*** *** ***"
    assert redactor("token-number-000") == "token-number-000"
    assert repr(redactor) == "Redactor(17)"


def test_a_redactor_does_not_show_what_it_knows() -> None:
    redactor = knowing(CANARY)

    assert repr(redactor) == "Redactor(1)"
    assert redactor(CANARY) == "***"


@pytest.mark.parametrize("kept", range(8, len(CANARY)))
def test_the_beginning_of_a_secret_where_a_text_was_cut_is_masked(kept: int) -> None:
    assert knowing(CANARY)(f"invalid token {CANARY[:kept]}") == "invalid token ***"
    assert knowing(CANARY)(f"canary-7 {b64(CANARY)[:kept]}") == "canary-7 ***"


def test_a_text_that_only_looks_like_a_beginning_is_the_same_text() -> None:
    masked = knowing(CANARY)

    for text in (f"{CANARY[:8]}!", f"{CANARY[:8]}{CANARY[:8]}!", CANARY[:7], CANARY[1:]):
        assert masked(text) == text


def test_html_that_says_the_secret_back_is_masked() -> None:
    for spelling in (
        "&quot;quoted&quot;&lt;it&#x27;s&gt;",  # Python
        "&#34;quoted&#34;&lt;it&#39;s&gt;",  # Go
        "&quot;quoted&quot;&lt;it&#39;s&gt;",  # Rails, React
        "&quot;quoted&quot;&lt;it&apos;s&gt;",  # XML
        '"quoted"&lt;it\'s&gt;',  # what text needs, and no more
    ):
        assert knowing('"quoted"<it\'s>')(f"bad: {spelling}") == "bad: ***"


def test_json_that_a_page_may_hold_is_masked() -> None:
    assert knowing("a<b>&secret")(r'{"token": "a\u003cb\u003e\u0026secret"}') == '{"token": "***"}'


def test_half_a_surrogate_pair_is_masked_like_anything_else() -> None:
    assert knowing("canary-\ud800-canary")("is: canary-\ud800-canary") == "is: ***"


def test_each_secret_is_told_once_before_it_can_be_written() -> None:
    told: list[Secret] = []
    redactor = Redactor(told.append)
    for value in (CANARY, OTHER, CANARY):
        redactor.learn(Secret(value), passing=True)

    assert told == [Secret(CANARY), Secret(OTHER)]


@pytest.mark.parametrize("token", TOKENS.values(), ids=TOKENS)
def test_c1_a_secret_is_masked_by_whatever_encoder_a_server_says_it_back(token: str) -> None:
    masked = knowing(token)
    shown = {}
    for name, encode in REAL.items():
        said = masked(f"<{encode(token)}> is not known")
        # What base64 leaves are the bits that the secret shares with its neighbours.
        if not re.fullmatch(r"<(UTF-8''|=\?UTF-8\?B\?|.{0,7})\*\*\*.{0,5}> is not known", said):
            shown[name] = said

    assert shown == {}
    assert len(REAL) > 90


def test_c1_what_is_exotic_is_known_not_to_be_masked() -> None:
    for name, encode in EXOTIC.items():
        token = TOKENS["quotes" if name == "SQL" else "Entra"]
        assert MASK not in knowing(token)(f"<{encode(token)}>"), name


def test_c1_the_beginning_of_an_encoded_secret_where_a_text_was_cut_is_masked() -> None:
    token = TOKENS["Entra"]
    masked = knowing(token)
    shown = {}
    for name, encode in REAL.items():
        echo = encode(token)
        for at in range(len(echo) // 2, len(echo)):
            said = masked(f"is: {echo[:at]}")
            if "ab3.d" in said.lower() or "nopqrs" in said.lower() or MASK not in said:
                shown[name, at] = said

    assert shown == {}


def test_c1_only_what_means_the_secret_is_masked() -> None:
    masked = knowing("a~secret+of/ours")

    said = "%20x%20a%7Esecret%2Bof%2Fours%20y\n"
    assert masked(said) == f"%20x%20{MASK}%20y\n"
    assert masked("one\na~secret+of/ours\ntwo") == f"one\n{MASK}\ntwo"
    assert masked("a~secret+of/ours\n") == f"{MASK}\n"
    assert masked("&amp;a~secret&#43;of&sol;ours&amp;") == f"&amp;{MASK}&amp;"


def test_c1_a_text_without_a_hit_is_decoded_only_where_it_holds_escapes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    masked = knowing(*TOKENS.values())
    located: list[str] = []
    monkeypatch.setattr("opwatch.credentials.redaction.located_meanings", located.append)

    for text in ("plain text " * 1000, "an %20 escaped\\n &lt;text&gt; " * 1000, "\\u00e9" * 1000):
        assert masked(text) is text

    assert located == []
