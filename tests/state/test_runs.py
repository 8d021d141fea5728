"""What is found again of a run, what is left of it, and when it is forgotten."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from opwatch.domain.kept import KeptOperation, KeptRun
from opwatch.domain.outcome import Outcome
from opwatch.state import runs
from opwatch.state.store import Store, StoreError, open_store

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NOW = 1_800_000_000.0


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with closing(open_store(tmp_path)) as found:
        yield found


def operation(reference: str, outcome: str | None = None, **more: object) -> KeptOperation:
    kept = KeptOperation(reference, reference, "jobs", "https://api.example.com")
    return replace(kept, outcome=outcome and Outcome(outcome), **more)  # type: ignore[arg-type]


def begun(store: Store, number: int, *operations: KeptOperation, at: float = NOW) -> KeptRun:
    run = KeptRun(f"{number:08x}", "wait", "jobs", {}, started_at=at, written_at=at)
    runs.begin(store, run, operations)
    return replace(run, operations=operations)


def test_a_run_is_found_as_it_was_kept(store: Store) -> None:
    whole = operation(
        "a", "failed", handed={"kind": "copy"}, status="ERR", progress=17.5, count=3,
        message="bad", updated_at=datetime(2026, 1, 1, tzinfo=UTC), is_known_word=False,
        moved_to="https://api.example.com/2", etag='"x"', polls=4, state="failed",
    )  # fmt: skip
    run = KeptRun(
        "0000beef", "start", "jobs", {"any_": True, "param": ["a=b"]}, ["-H X-Key"], ["session"],
        started_at=NOW, deadline=NOW + 60, written_at=NOW, pid=7,
    )  # fmt: skip
    runs.begin(store, run, [whole, operation("b")])

    assert runs.find_run(store, "0000beef") == replace(run, operations=(whole, operation("b")))


@pytest.mark.parametrize("year", [1, 1969, 9999])
def test_any_time_that_an_api_names_is_read_again(year: int, store: Store) -> None:
    created = datetime(year, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)
    kept = operation("a", created_at=created.timestamp(), updated_at=created)
    found = runs.find_run(store, begun(store, 1, kept).id)

    assert found is not None
    assert found.operations == (kept,)


def test_what_changed_is_written_over(store: Store) -> None:
    run = begun(store, 1, operation("a"), operation("b"))
    runs.update(store, replace(run, code=0, ended_at=NOW + 1), {1: operation("b", "succeeded")})

    found = runs.find_run(store, run.id)

    assert found is not None
    assert [each.outcome for each in found.operations] == [None, "succeeded"]
    assert (found.code, found.ended_at) == (0, NOW + 1)


@pytest.mark.parametrize("outcome", ["succeeded", "failed", "cancelled", "not_found"])
def test_an_end_is_over(outcome: str) -> None:
    assert KeptRun("1", "wait", operations=[operation("a", outcome)]).left == []


@pytest.mark.parametrize("outcome", [None, "pending", "timed_out", "unknown", "denied"])
def test_what_may_go_on_is_left(outcome: str | None) -> None:
    kept = operation("a", outcome)

    assert KeptRun("1", "wait", operations=[operation("b", "failed"), kept]).left == [kept]


@pytest.mark.parametrize("reason", ["no_result", "detached"])
def test_a_success_whose_result_is_lacking_is_left(reason: str) -> None:
    kept = operation("a", "succeeded", reason=reason)

    assert KeptRun("1", "wait", operations=[kept]).left == [kept]


def test_a_result_that_was_only_to_be_printed_is_fetched_again() -> None:
    run = KeptRun("1", "wait", options={"result": True}, operations=[operation("a", "succeeded")])

    assert len(run.left) == 1
    assert replace(run, options={"result": True, "download": "/x"}).left == []


def test_one_success_is_enough_for_any() -> None:
    kept = [operation("a", "succeeded"), operation("b", "pending")]

    assert KeptRun("1", "wait", options={"any_": True}, operations=kept).left == []


def test_last_is_the_latest_with_something_left(store: Store) -> None:
    begun(store, 1, operation("a"), at=NOW)
    begun(store, 2, operation("b", "pending"), at=NOW + 1)
    begun(store, 3, operation("c", "succeeded"), at=NOW + 2)

    found = runs.find_run(store, runs.LAST)

    assert found is not None
    assert found.id == "00000002"


def test_runs_are_found_by_profile_outcome_and_time(store: Store) -> None:
    begun(store, 1, operation("a", "failed"), at=NOW)
    begun(store, 2, operation("b"), at=NOW + 10)
    begun(store, 3, operation("c", "failed", profile="other"), at=NOW + 20)

    def found(**filters: object) -> list[str]:
        return [each.id[-1] for each in runs.list_runs(store, **filters)]  # type: ignore[arg-type]

    assert found() == ["3", "2", "1"]
    assert found(outcome="failed") == ["3", "1"]
    assert found(outcome="open") == ["2"]
    assert found(profile="other") == ["3"]
    assert found(since=NOW + 5) == ["3", "2"]
    assert found(most=1) == ["3"]


def test_what_is_too_old_is_forgotten(store: Store) -> None:
    begun(store, 1, operation("a"), at=NOW)
    begun(store, 2, operation("b"), at=NOW + runs.OLDEST + 1)

    assert [each.id[-1] for each in runs.list_runs(store)] == ["2"]
    assert store.connection.execute("SELECT count(*) FROM operations").fetchone()[0] == 1


def test_of_too_many_the_oldest_are_forgotten(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runs, "MOST_RUNS", 3)
    for number in range(5):
        begun(store, number, operation("a"), at=NOW + number)

    assert [each.id[-1] for each in runs.list_runs(store)] == ["4", "3", "2"]


def test_of_too_many_one_that_is_still_written_is_not_forgotten(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runs, "MOST_RUNS", 3)
    long = begun(store, 0, operation("a"))
    for number in range(1, 5):
        runs.update(store, replace(long, written_at=NOW + number), {})
        begun(store, number, operation("b"), at=NOW + number)

    assert [each.id[-1] for each in runs.list_runs(store)] == ["4", "3", "0"]


def test_a_run_that_was_cleared_meanwhile_is_not_there_in_part(store: Store) -> None:
    run = begun(store, 1, operation("a"), operation("b"))
    runs.clear(store)

    for rows in ({}, {1: operation("b", "succeeded")}):
        with pytest.raises(StoreError, match="forgotten"):
            runs.update(store, run, rows)

    assert runs.list_runs(store) == []


def test_the_file_does_not_grow_beyond_its_bound(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runs, "MOST_BYTES", 200_000)
    for number in range(60):
        begun(store, number, *(operation(f"{each:0>200}") for each in range(40)), at=NOW + number)

    assert 10_000 < store.used < 400_000
    assert runs.list_runs(store)[0].id == f"{59:08x}", "the new one stays"


def test_what_is_cleared_is_not_in_the_file_any_more(store: Store) -> None:
    begun(store, 1, operation("find-me-not"))

    assert runs.clear(store) == 1
    files = b"".join(each.read_bytes() for each in store.path.parent.glob("state-*"))
    assert b"find-me-not" not in files


def test_the_usual_durations_are_those_of_what_was_seen_and_succeeded(store: Store) -> None:
    def kept(number: int, **changes: object) -> KeptOperation:
        began = 1e9 + 1000 * number
        known = KeptOperation(
            f"{number}", f"{number}", "jobs", "https://a", watched_from=began, polls=5,
            ended_at=began + 300, outcome=Outcome.SUCCEEDED, kind="deploy", created_at=began - 300,
        )  # fmt: skip
        return replace(known, **changes)  # type: ignore[arg-type]

    operations = [kept(number) for number in range(10)]
    operations += [kept(number, outcome=Outcome.FAILED, ended_at=2e9) for number in range(10, 20)]
    operations += [kept(number, polls=1, created_at=1.0) for number in range(20, 30)]
    operations += [kept(number, kind=None, created_at=None) for number in range(30, 36)]
    operations += [kept(36, ended_at=None), kept(37, ended_at=5.0)]
    runs.begin(store, KeptRun("0000beef", "wait", started_at=1e9, written_at=1e9), operations)

    found = runs.usual_durations(store, ["jobs", "another"])
    assert {key: round(each.median) for key, each in found.items()} == {
        ("jobs", "deploy"): 600,
        ("jobs", None): 300,
    }
