from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from credentials.world import CANARY
from opwatch.credentials.validation import Alphabet, UnusableError, as_secret


@pytest.mark.parametrize("end", ["", "\n", "\r\n"])
def test_one_line_end_is_stripped(end: str) -> None:
    assert as_secret(CANARY + end).reveal() == CANARY


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "is empty"),
        ("\n", "is empty"),
        ("abc\n\n", "holds a line break at position 4"),
        ("abc\ndef", "holds a line break at position 4"),
        ("abc\rdef", "holds a line break at position 4"),
        (" abc", "holds a space at position 1"),
        ("abc def", "holds a space at position 4"),
        ("abc\x00", "holds a control character at position 4"),
        ("abc\x7f", "holds a control character at position 4"),
        ("ab\tc", "holds a control character at position 3"),
        ("tökén", "holds a character outside ASCII at position 2"),
        ("abc\udcff", "holds a byte that is not UTF-8 at position 4"),
    ],
)
def test_a_token_that_cannot_travel_is_refused_by_place_and_kind(text: str, reason: str) -> None:
    with pytest.raises(UnusableError) as caught:
        as_secret(text)

    assert caught.value.reason == reason


@pytest.mark.parametrize("text", ["pass word", "pässwörd", "密码"])
def test_a_password_may_hold_what_is_encoded_before_it_is_sent(text: str) -> None:
    assert as_secret(text, Alphabet.TEXT).reveal() == text


@pytest.mark.parametrize("text", ["a\nb", "a\x00b", "a\x85b", "a\ud800b"])
def test_a_password_holds_no_control_character(text: str) -> None:
    with pytest.raises(UnusableError, match="at position 2"):
        as_secret(text, Alphabet.TEXT)


@given(st.text(max_size=40))
def test_whatever_is_accepted_as_a_token_is_printable_ascii(text: str) -> None:
    with suppress(UnusableError):
        value = as_secret(text).reveal()
        assert value
        assert all("!" <= each <= "~" for each in value)


@given(st.text(st.characters(min_codepoint=0x80), min_size=4, max_size=40))
def test_a_refusal_never_repeats_the_text(text: str) -> None:
    with pytest.raises(UnusableError) as caught:
        as_secret(text)

    assert text not in caught.value.reason
