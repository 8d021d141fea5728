"""Which numbers, moments and durations are read, and as what."""

from __future__ import annotations

import time
from contextlib import suppress
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opwatch.domain.moments import format_duration, http_date, moment_of, number_of, parse_duration

NINE = datetime(2026, 3, 1, 9, 0, 0, tzinfo=UTC)
EPOCH = 1_772_355_600


@pytest.mark.parametrize(
    ("value", "number"),
    [
        (7, 7.0),
        (7.5, 7.5),
        (-7, -7.0),
        ("7", 7.0),
        (" +7.25\t", 7.25),
        ("-7", -7.0),
        ("9" * 15 + "." + "9" * 15, float("9" * 15 + "." + "9" * 15)),
        ("9" * 16, None),
        ("1." + "9" * 16, None),
        ("1_000", None),
        ("1e3", None),
        (".5", None),
        ("5.", None),
        ("nan", None),
        ("\u0667", None),
        ("", None),
        (True, None),
        (False, None),
        (None, None),
        ([7], None),
        (float("inf"), None),
        (float("nan"), None),
        (10**400, None),
    ],
)
def test_only_a_finite_number_or_its_exact_text_is_a_number(
    value: object, number: float | None
) -> None:
    assert number_of(value) == number


@pytest.mark.parametrize("scale", [1, 10**3, 10**6, 10**9])
def test_the_size_of_a_number_tells_its_unit(scale: int) -> None:
    assert moment_of(EPOCH * scale) == NINE
    assert moment_of(float(EPOCH * scale)) == NINE


@pytest.mark.parametrize("scale", [1, 10**3])
def test_a_number_of_seconds_or_milliseconds_may_be_a_text(scale: int) -> None:
    assert moment_of(str(EPOCH * scale)) == NINE


def test_each_unit_ends_where_the_next_begins() -> None:
    for limit, scale in ((1e11, 1e3), (1e14, 1e6), (1e17, 1e9)):
        assert moment_of(limit) == datetime.fromtimestamp(limit / scale, tz=UTC)
        below = moment_of(limit * 0.99)
        assert below is not None
        assert below.year > 5000
    assert moment_of(1e20) is None


@pytest.mark.parametrize("value", [0, -1, "0", -5.5])
def test_no_moment_is_at_or_before_the_epoch(value: object) -> None:
    assert moment_of(value) is None
    assert moment_of(0.5) == datetime(1970, 1, 1, 0, 0, 0, 500_000, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    [
        "2026-03-01T09:00:00Z",
        " 2026-03-01T09:00:00Z\n",
        "2026-03-01T11:00:00+02:00",
        "2026-03-01T03:30:00-05:30",
        "2026-03-01T09:00:00.000000000Z",
        "2026-03-01 09:00:00 UTC",
        "2026-03-01T09:00:00",
        "20260301T090000Z",
    ],
)
def test_a_text_with_an_offset_keeps_it_and_one_without_is_in_utc(text: str) -> None:
    found = moment_of(text)

    assert found == NINE
    assert found is not None
    assert found.tzinfo is UTC


def test_a_text_without_an_offset_may_be_of_this_machines_zone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TZ", "XYZ-3")
    time.tzset()
    try:
        assert moment_of("2026-03-01T12:00:00", local=True) == NINE
        assert moment_of("2026-03-01T09:00:00Z", local=True) == NINE
        assert moment_of("2026-03-01T09:00:00", local=False) == NINE
    finally:
        monkeypatch.undo()
        time.tzset()


@pytest.mark.parametrize(
    "value",
    [
        "0001-01-01T00:00:00Z",
        "1899-12-31T23:59:59Z",
        "",
        " ",
        "soon",
        "2026-02-30T09:00:00Z",
        "2026-03-01T09:00:00Z" + " " * 45,
        None,
        True,
        ["2026-03-01T09:00:00Z"],
    ],
)
def test_gos_zero_time_blanks_and_garbage_are_not_moments(value: object) -> None:
    """Fault 81."""
    assert moment_of(value) is None


def test_the_first_year_is_1900_and_the_longest_text_has_64_characters() -> None:
    assert moment_of("1900-01-01T00:00:00Z") == datetime(1900, 1, 1, tzinfo=UTC)
    assert moment_of("2026-03-01T09:00:00Z" + " " * 44) == NINE


@pytest.mark.parametrize(
    "text",
    [
        "Sun, 01 Mar 2026 09:00:00 GMT",
        "sun, 1 mar 2026 09:00:00 utc",
        "Sunday, 01-Mar-26 09:00:00 GMT",
        "Sun Mar  1 09:00:00 2026",
        "Sun, 01 Mar 2026 09:00:00 +0000",
    ],
)
def test_the_three_forms_of_an_http_date_are_read(text: str) -> None:
    assert http_date(text) == NINE


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Sun, 01 Mar 2026 09:00:00",
        "Sun, 01 Mar 0026 09:00:00 GMT",
        "Sun, 01 Foo 2026 09:00:00 GMT",
        "Sun, 41 Mar 2026 09:00:00 GMT",
        " Sun, 01 Mar 2026 09:00:00 GMT",
    ],
)
def test_nothing_else_is_an_http_date(text: str) -> None:
    assert http_date(text) is None


def test_the_sixtieth_second_is_read_as_the_fifty_ninth() -> None:
    assert http_date("Sun, 01 Mar 2026 08:59:60 GMT") == NINE.replace(hour=8, minute=59, second=59)


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
