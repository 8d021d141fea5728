from __future__ import annotations

from datetime import UTC, datetime
from email.utils import format_datetime
from math import isfinite

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opwatch.domain.messages import Headers
from opwatch.domain.retry_after import ResetAs, rate_limit, retry_after

NOW = 784111777.0  # Sun, 06 Nov 1994 08:49:37 GMT, the date of RFC 9110
FINITE = st.floats(min_value=0, max_value=4e9)


@pytest.mark.parametrize(
    "date",
    [
        "Sun, 06 Nov 1994 08:49:37 GMT",
        "Sunday, 06-Nov-94 08:49:37 GMT",
        "Sun Nov  6 08:49:37 1994",
        "Sun, 06 Nov 1994 08:49:37 -0000",
        "sun, 6 nov 1994 08:49:37 gmt",
        " Sun, 06 Nov 1994 08:49:37 GMT\t",
    ],
)
def test_each_form_of_a_date_is_counted_from_the_arrival(date: str) -> None:
    assert retry_after(date, received_at=NOW - 90) == 90.0


def test_the_date_of_the_answer_cancels_a_skewed_clock() -> None:
    """Fault 38: our clock is an hour slow, and the wait is 30 s all the same."""
    wait = retry_after(
        "Sun, 06 Nov 1994 08:49:37 GMT",
        received_at=NOW - 3600,
        date="Sun, 06 Nov 1994 08:49:07 GMT",
    )

    assert wait == 30.0


@pytest.mark.parametrize("date", ["yesterday", "", "XSun, 06 Nov 1994 08:49:07 GMT"])
def test_a_date_header_that_is_none_leaves_our_own_clock(date: str) -> None:
    wait = retry_after("Sun, 06 Nov 1994 08:49:37 GMT", received_at=NOW - 5, date=date)

    assert wait == 5.0


def test_a_moment_in_the_past_is_no_wait() -> None:
    """Fault 39."""
    assert retry_after("Sun, 06 Nov 1994 08:49:37 GMT", received_at=NOW + 1) == 0.0
    assert retry_after("0", received_at=NOW) == 0.0


def test_a_year_of_two_digits_is_never_more_than_fifty_years_ahead() -> None:
    in_2026 = datetime(2026, 11, 22, 12, 0, 0, tzinfo=UTC).timestamp()

    assert retry_after("Sunday, 22-Nov-26 12:00:09 GMT", received_at=in_2026) == 9.0
    assert retry_after("Sunday, 06-Nov-94 08:49:37 GMT", received_at=in_2026) == 0.0


def test_a_leap_second_is_a_second() -> None:
    assert retry_after("Sun, 06 Nov 1994 08:49:60 GMT", received_at=NOW) == 22.0


@pytest.mark.parametrize("seconds", ["1", "120", "007", "999999999"])
def test_seconds_are_taken_as_they_are(seconds: str) -> None:
    assert retry_after(seconds, received_at=NOW) == float(seconds)


@pytest.mark.parametrize(
    "value",
    [
        "",
        "-1",
        "+5",
        "1_000",
        "1.5",
        "1e3",
        "0x10",
        "nan",
        "inf",
        "soon",
        "١٢٠",
        "\uff11\uff12\uff10",
        "²",
        "1000000000",
        "120, 60",
        "120 s",
        "5\n",
        "Sun, 06 Nov 1994 08:49:37 EST",
        "Sun, 06 Nov 1994 08:49:37 +0100",
        "Sun, 31 Feb 1994 08:49:37 GMT",
        "Sun, 06 Nov 1994 25:49:37 GMT",
        "Sun, 06 Nov 0000 08:49:37 GMT",
        "Sun, 06 Nov 1994 08:49:37 GMT, Sun, 06 Nov 1994 08:49:37 GMT",
        "1994-11-06T08:49:37Z",
        "Sun, 0٦ Nov 1994 08:49:37 GMT",
    ],
)
def test_nothing_else_is_a_wait(value: str) -> None:
    """Fault 40: what int(), float() or a lenient date parser would take."""
    assert retry_after(value, received_at=NOW) is None


@given(st.text(), FINITE, st.none() | st.text())
def test_no_text_at_all_makes_a_wait_that_is_no_number(
    value: str, received_at: float, date: str | None
) -> None:
    wait = retry_after(value, received_at=received_at, date=date)

    assert wait is None or (isfinite(wait) and wait >= 0)


@given(
    st.datetimes(datetime(1970, 1, 1), datetime(2105, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001, hypothesis wants naive bounds
    FINITE,
)
def test_every_date_is_read_as_the_moment_it_names(moment: datetime, now: float) -> None:
    moment = moment.replace(microsecond=0)

    wait = retry_after(format_datetime(moment, usegmt=True), received_at=now)

    assert wait == max(0.0, moment.timestamp() - now)


def headers(*pairs: tuple[str, str]) -> Headers:
    return Headers(pairs)


@pytest.mark.parametrize("family", ["X-RateLimit", "X-Rate-Limit", "RateLimit"])
@pytest.mark.parametrize(
    ("reset", "wait"),
    [
        ("30", 30.0),
        ("1700000030", 30.0),
        ("1700000030000", 30.0),
        ("1700000030.25", 30.25),
        ("1700000000", 0.0),
        ("1600000000", 0.0),
        ("soon", None),
        ("-30", None),
        ("nan", None),
        ("30, 60", None),
        ("", None),
    ],
)
def test_an_empty_quota_pauses_until_its_reset(family: str, reset: str, wait: float | None) -> None:
    """Fault 43."""
    answer = headers((f"{family}-Remaining", "0"), (f"{family}-Reset", reset))

    assert rate_limit(answer, 1.7e9)[:2] == (wait, True)


@pytest.mark.parametrize("remaining", ["1", "10", "-1", "none", "", "0x0", "0.0"])
def test_a_quota_that_is_not_surely_empty_names_no_pause(remaining: str) -> None:
    answer = headers(("X-RateLimit-Remaining", remaining), ("X-RateLimit-Reset", "3600"))

    assert rate_limit(answer, 1.7e9)[:2] == (None, False)


@pytest.mark.parametrize("remaining", [" 0", "0\t", " \t0 "])
def test_blanks_around_a_number_are_no_part_of_it(remaining: str) -> None:
    answer = headers(("X-RateLimit-Remaining", remaining), ("X-RateLimit-Reset", " 30\t"))

    assert rate_limit(answer, 1.7e9)[:2] == (30.0, True)


@pytest.mark.parametrize("around", ["X0", "0X", "x0", "\u00a00"])
def test_nothing_but_blanks_is_left_out_around_a_number(around: str) -> None:
    answer = headers(("X-RateLimit-Remaining", around), ("X-RateLimit-Reset", "30"))

    assert rate_limit(answer, 1.7e9)[:2] == (None, False)
    assert retry_after(around, received_at=NOW) is None


def test_what_a_profile_may_say_of_a_reset_is_as_it_is_documented() -> None:
    assert list(ResetAs) == ["auto", "epoch", "epoch_ms", "delta"]


def test_an_empty_quota_without_a_reset_is_empty_all_the_same() -> None:
    assert rate_limit(headers(("X-RateLimit-Remaining", "0")), 1.7e9)[:2] == (None, True)


def test_no_rate_header_says_nothing() -> None:
    assert rate_limit(headers(("X-RateLimit-Reset", "30")), 1.7e9)[:2] == (None, False)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ('"default";r=0;t=30', (30.0, True)),
        ('"default"; r=0; t=30', (30.0, True)),
        ('"default";R=0;T=30', (30.0, True)),
        ('"a";r=0;t=5, "b";r=0;t=60', (60.0, True)),
        ('"a";r=0;t=5, "b";r=9;t=60', (5.0, True)),
        ('"a;r=0";r=5;t=30', (None, False)),
        ('"a,b;t=99";r=0;t=30;pk=:cHN0:', (30.0, True)),
        ('"default";r=0', (None, True)),
        ('"default";r=0;t=soon', (None, True)),
        ('"default";q=100;w=60', (None, False)),
        ("limit=100, remaining=0, reset=50", (50.0, True)),
        ("limit=100, remaining=7, reset=50", (None, False)),
        ("limit=100, remaining=0", (None, True)),
        ('"' + "\\" * 100_000, (None, False)),
        ('"a";r=0;t=5' + " " * 2000, (5.0, True)),
        ("x" * 2000 + ";r=0;t=30", (None, False)),
    ],
)
def test_the_structured_header_of_the_draft_is_read(
    value: str, expected: tuple[float | None, bool]
) -> None:
    assert rate_limit(headers(("RateLimit", value)), 1.7e9)[:2] == expected


def test_a_profile_names_its_own_headers_and_what_they_count() -> None:
    answer = headers(("X-Calls-Left", "0"), ("X-Calls-Again", "90"), ("X-RateLimit-Reset", "1"))

    wait = rate_limit(
        answer, 60.0, remaining="X-Calls-Left", reset="X-Calls-Again", reset_as=ResetAs.EPOCH
    )

    assert wait[:2] == (30.0, True)


@pytest.mark.parametrize(
    ("reset_as", "wait"),
    [(ResetAs.DELTA, 2e9), (ResetAs.EPOCH, 3e8), (ResetAs.EPOCH_MS, 0.0), (ResetAs.AUTO, 3e8)],
)
def test_the_same_number_counts_what_the_profile_says(reset_as: ResetAs, wait: float) -> None:
    answer = headers(("RateLimit-Remaining", "0"), ("RateLimit-Reset", "2000000000"))

    assert rate_limit(answer, 1.7e9, reset_as=reset_as)[:2] == (wait, True)


def test_the_longest_of_several_pauses_counts() -> None:
    answer = headers(
        ("X-RateLimit-Remaining", "0"),
        ("X-RateLimit-Reset", "5"),
        ("RateLimit", '"hour";r=0;t=900'),
    )

    assert rate_limit(answer, 1.7e9)[:2] == (900.0, True)


def test_the_date_of_the_answer_is_what_an_epoch_is_counted_from() -> None:
    answer = headers(
        ("X-RateLimit-Remaining", "0"),
        ("X-RateLimit-Reset", f"{NOW + 600:.0f}"),
        ("Date", "Sun, 06 Nov 1994 08:49:37 GMT"),
    )

    assert rate_limit(answer, NOW + 3600, reset_as=ResetAs.EPOCH)[:2] == (600.0, True)


@given(st.text(), st.text(), st.text(), FINITE, st.sampled_from(ResetAs))
def test_no_rate_header_at_all_makes_a_wait_that_is_no_number(
    left: str, reset: str, listed: str, received_at: float, reset_as: ResetAs
) -> None:
    answer = headers(
        ("X-RateLimit-Remaining", left), ("X-RateLimit-Reset", reset), ("RateLimit", listed)
    )

    wait, _, _ = rate_limit(answer, received_at, reset_as=reset_as)

    assert wait is None or (isfinite(wait) and wait >= 0)


@given(st.from_regex(r"[0-9.]{1,20}", fullmatch=True), FINITE, st.sampled_from(ResetAs))
def test_no_number_in_a_reset_makes_a_wait_that_is_no_number(
    reset: str, received_at: float, reset_as: ResetAs
) -> None:
    answer = headers(("RateLimit-Remaining", "0"), ("RateLimit-Reset", reset))

    wait, is_empty, _ = rate_limit(answer, received_at, reset_as=reset_as)

    assert is_empty
    assert wait is None or (isfinite(wait) and wait >= 0)


# -- a pace ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("policy", "pace"),
    [
        ('"burst";q=100;w=10', 10.0),
        ('"burst";q=100;w=10, "minute";q=300;w=60', 5.0),
        ('"burst";Q=100;W=10', 10.0),
        ('"second";q=5;w=1', 5.0),
        ("100;w=60", 100 / 60),
        ('"burst";q=100;w=10;pk=:cHsdsRa894==:', 10.0),
        ('"burst";q=100;w=10;qu="requests"', 10.0),
        ('"bytes";q=100;w=10;qu="content-bytes"', None),
        ('"day";q=1000;w=86400', None),
        ('"burst";q=100', None),
        ('"burst";q=100;w=0', None),
        ('"burst";q=0;w=10', None),
        ('"burst";q=-5;w=10', None),
        ("burst;q=1e9;w=x", None),
        ("\x1b[31m;;==", None),
        ('"a";q=1;w=1,' * 300, None),
    ],
)
def test_a_policy_of_at_most_a_minute_is_a_pace(policy: str, pace: float | None) -> None:
    assert rate_limit(headers(("RateLimit-Policy", policy)), NOW).pace == pace


@pytest.mark.parametrize(
    ("limit", "left", "reset", "pace"),
    [
        ("5000", "4000", "3000", None),
        ("5000", "2400", "3000", 0.8),
        ("5000", "0", "3000", None),
        ("", "30", "15", 2.0),
        ("", "30", "60", 0.5),
        ("", "30", "61", None),
        ("", "30", "3000", None),
        ("many", "30", "15", 2.0),
        ("5000", "30", "soon", None),
        ("5000", "30", "0", None),
        ("5000", "few", "15", None),
    ],
)
def test_a_quota_that_runs_low_is_spread_until_it_is_filled_again(
    limit: str, left: str, reset: str, pace: float | None
) -> None:
    named = {"Limit": limit, "Remaining": left, "Reset": reset}
    answer = headers(*((f"X-RateLimit-{name}", value) for name, value in named.items() if value))

    assert rate_limit(answer, NOW).pace == pace


@pytest.mark.parametrize("family", ["X-RateLimit", "X-Rate-Limit", "RateLimit"])
@pytest.mark.parametrize(("limit", "pace"), [("61", 2.0), ("60", None)])
def test_less_than_half_of_a_quota_of_any_family_is_low(
    family: str, limit: str, pace: float | None
) -> None:
    named = {"Limit": limit, "Remaining": "30", "Reset": "15"}
    answer = headers(*((f"{family}-{name}", value) for name, value in named.items()))

    assert rate_limit(answer, NOW).pace == pace


def test_a_quota_is_spread_from_the_date_of_the_answer_and_not_by_a_skewed_clock() -> None:
    answer = headers(
        ("X-RateLimit-Limit", "5000"),
        ("X-RateLimit-Remaining", "2400"),
        ("X-RateLimit-Reset", f"{NOW + 3000:.0f}"),
        ("Date", "Sun, 06 Nov 1994 08:49:37 GMT"),
    )

    assert rate_limit(answer, NOW + 3600, reset_as=ResetAs.EPOCH).pace == 0.8


def test_a_pace_is_read_from_the_headers_that_a_profile_names() -> None:
    answer = headers(("X-Calls-Left", "30"), ("X-Calls-Again", "15"), ("X-RateLimit-Reset", "1"))

    assert rate_limit(answer, NOW).pace is None
    assert rate_limit(answer, NOW, remaining="X-Calls-Left", reset="X-Calls-Again").pace == 2.0


@given(st.text(), st.text(), st.text(), st.text(), FINITE)
def test_no_header_at_all_makes_a_pace_that_is_no_number(
    policy: str, left: str, reset: str, limit: str, received_at: float
) -> None:
    answer = headers(
        ("RateLimit-Policy", policy),
        ("X-RateLimit-Limit", limit),
        ("X-RateLimit-Remaining", left),
        ("X-RateLimit-Reset", reset),
    )

    pace = rate_limit(answer, received_at).pace

    assert pace is None or (isfinite(pace) and pace > 0)
