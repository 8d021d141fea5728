from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opwatch.domain.moments import format_duration, parse_duration


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90", 90.0),
        ("90s", 90.0),
        ("5m", 300.0),
        ("1h30m", 5400.0),
        ("1h", 3600.0),
        ("2d", 172800.0),
        ("500ms", 0.5),
        ("1.5h", 5400.0),
        ("0", 0.0),
        ("0.25", 0.25),
        (" 30M ", 1800.0),
        ("1m30s", 90.0),
        ("30s1m", 90.0),
    ],
)
def test_a_duration_reads_as_people_write_it(text: str, seconds: float) -> None:
    assert parse_duration(text) == pytest.approx(seconds)


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "s",
        "-5",
        "-5s",
        "+5",
        "nan",
        "inf",
        "1e3",
        "1_000",
        "0x10",
        "١٢٠",
        "\uff15",
        "5 m",
        "5x",
        "1:30",
        "5m,",
        ".5",
        "5.",
        "9" * 10,
        "1h 30m",
    ],
)
def test_anything_else_is_refused_with_the_accepted_forms(text: str) -> None:
    with pytest.raises(ValueError, match="write 90, 90s, 5m or 1h30m"):
        parse_duration(text)


@given(st.text())
def test_no_text_does_worse_than_be_refused(text: str) -> None:
    with suppress(ValueError):
        assert 0 <= parse_duration(text) < float("inf")


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-1, "0s"),
        (0, "0s"),
        (0.9, "0s"),
        (48, "48s"),
        (59.99, "59s"),
        (60, "1m 00s"),
        (72, "1m 12s"),
        (3599, "59m 59s"),
        (3600, "1h 00m"),
        (7500, "2h 05m"),
        (86400, "1d 00h"),
        (3 * 86400 + 4 * 3600, "3d 04h"),
        (1000 * 86400, "1000d 00h"),
    ],
)
def test_a_duration_is_shown_in_at_most_two_units(seconds: float, text: str) -> None:
    assert format_duration(seconds) == text


@given(st.integers(0, 10**8))
def test_what_is_shown_reads_back_to_within_its_smaller_unit(seconds: int) -> None:
    shown = format_duration(seconds)
    off = seconds - parse_duration(shown.replace(" ", ""))
    assert 0 <= off < {"s": 1, "m": 60, "h": 3600}[shown[-1]]
