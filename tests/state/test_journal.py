"""When the journal writes, and that nothing which goes wrong with it reaches the run."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from opwatch.domain.events import Ended, Finished, Observed, Started, Ticked, Troubled
from opwatch.domain.kept import KeptOperation, KeptRun
from opwatch.domain.operation import Operation, Reading, State, Target
from opwatch.domain.outcome import Outcome, Verdict
from opwatch.domain.trouble import Fault, Trouble
from opwatch.state import journal as room
from opwatch.state import runs
from opwatch.state.journal import Journal
from opwatch.state.runs import find_run
from opwatch.state.store import open_store

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from opwatch.state.store import Store

EPOCH = 1_800_000_000.0
RUN = "0000beef"
URL = "https://api.example.com/ops/1"
BUSY = Reading(State.RUNNING, "BUSY", progress=10.0, message="step 1")


def kept_by(
    folder: Path,
    memory: Callable[[Target], tuple[str | None, str | None, str | None]] = lambda _: (
        None,
        None,
        None,
    ),
) -> Journal:
    return Journal(
        folder,
        KeptRun(RUN, "wait", "jobs"),
        redact=str,
        wall_of=lambda at: EPOCH + at,
        memory=memory,
        cookies=lambda: ["session"],
    )


def found_in(folder: Path) -> KeptRun:
    with closing(open_store(folder)) as store:
        run = find_run(store, RUN)
    assert run is not None
    return run


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait for the thread however busy the machine is."""
    monkeypatch.setattr(room, "START", 30.0)
    monkeypatch.setattr(room, "END", 30.0)


def test_a_run_is_there_before_anything_is_asked(tmp_path: Path) -> None:
    journal = kept_by(tmp_path)
    target = Target("a", "a", "https://api.example.com", "jobs")

    journal(Started(0.0, (Operation(target, 0.0),), 60.0))

    run = found_in(tmp_path)
    journal.close(0)
    assert (run.started_at, run.deadline, run.code) == (EPOCH, EPOCH + 60, None)
    assert [(each.reference, each.outcome) for each in run.operations] == [("a", None)]


def test_an_end_is_written_with_its_times_and_the_code_at_the_end(tmp_path: Path) -> None:
    journal = kept_by(tmp_path)
    target = Target("a", "a", "https://api.example.com", "jobs")
    operation = Operation(target, 0.0)
    journal(Started(0.0, (operation,), None))
    over = operation.but(
        reading=Reading(State.SUCCEEDED, "DONE"), confirmed_at=5.0,
        outcome=Outcome.SUCCEEDED, ended_at=5.0,
    )  # fmt: skip

    journal(Ended(5.0, over))
    journal(Finished(5.0, (over,), Verdict(0, Outcome.SUCCEEDED)))
    assert journal.settle()
    journal.close(0)

    run = found_in(tmp_path)
    (kept,) = run.operations
    assert (kept.outcome, kept.state, kept.ended_at) == ("succeeded", "succeeded", EPOCH + 5)
    assert (run.code, run.cause, run.ended_at, run.cookies) == (
        0, "succeeded", EPOCH + 5, ["session"],
    )  # fmt: skip
    assert run.left == []


def test_the_code_that_the_process_leaves_with_is_the_one_that_counts(tmp_path: Path) -> None:
    journal = kept_by(tmp_path)
    journal(Started(0.0, (), None))
    journal(Finished(1.0, (), Verdict(0, Outcome.SUCCEEDED)))

    journal.close(74)

    assert found_in(tmp_path).code == 74


def test_a_thousand_changes_in_a_second_are_one_write(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    writes: list[int] = []
    update = runs.update

    def counted(store: Store, run: KeptRun, operations: dict[int, KeptOperation]) -> None:
        writes.append(len(operations))
        update(store, run, operations)

    monkeypatch.setattr(runs, "update", counted)
    journal = kept_by(tmp_path)
    targets = [Target(str(n), str(n), "https://api.example.com", "jobs") for n in range(1000)]
    operations = tuple(Operation(each, 0.0) for each in targets)
    journal(Started(0.0, operations, None))

    for each in operations:
        journal(Observed(0.5, each.but(reading=BUSY, confirmed_at=0.5, changed_at=0.5), True))  # noqa: FBT003, an event
    journal(Ticked(1.5))
    journal(Ticked(2.5))
    assert journal.settle()

    assert writes == [1000]
    journal.close(0)
    assert {each.status for each in found_in(tmp_path).operations} == {"BUSY"}


def test_progress_alone_is_not_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    writes: list[int] = []
    monkeypatch.setattr(runs, "update", lambda *_: writes.append(1))
    journal = kept_by(tmp_path)
    operation = Operation(Target("a", "a", "o", "jobs"), 0.0)
    journal(Started(0.0, (operation,), None))

    for second in range(2, 50):
        reading = Reading(State.RUNNING, "BUSY", progress=float(second))
        journal(Observed(float(second), operation.but(reading=reading), True))  # noqa: FBT003, an event
    journal.settle()
    journal.close(0)

    assert len(writes) == 2, "its word, and the end"


def test_where_it_has_moved_and_its_validators_are_written(tmp_path: Path) -> None:
    journal = kept_by(tmp_path, lambda _: ('"v1"', None, URL + "?token=abc"))
    operation = Operation(Target("a", "a", "o", "jobs"), 0.0)
    journal(Started(0.0, (operation,), None))

    assert journal.settle()
    journal(Observed(2.0, operation.but(reading=BUSY), True))  # noqa: FBT003, an event
    assert not journal.settle(), "a secret in it was not kept, so it cannot go on from here"
    journal.close(130)

    (kept,) = found_in(tmp_path).operations
    assert (kept.etag, kept.moved_to) == ('"v1"', URL + "?token=***")


def test_since_when_an_operation_is_missed_is_written(tmp_path: Path) -> None:
    journal = kept_by(tmp_path)
    operation = Operation(Target("a", "a", "o", "jobs"), 0.0)
    missing = Trouble(Fault.STATUS_NOT_FOUND, status=404)
    journal(Started(0.0, (operation,), None))
    journal(Troubled(3.0, operation.but(missed_from=3.0), missing))
    journal(Troubled(9.0, operation.but(missed_from=3.0, streak=2), missing))
    journal.close(130)

    assert found_in(tmp_path).operations[0].missed_from == EPOCH + 3


def test_a_home_that_cannot_be_written_is_passed_over_in_silence(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    journal = kept_by(tmp_path / "file" / "opwatch")
    journal(Started(0.0, (), None))

    assert not journal.settle()
    journal.close(0)
    assert journal.remark is None


def test_a_write_that_fails_is_one_remark_and_the_last(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[int] = []

    def full(*_: object) -> None:
        calls.append(1)
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(runs, "update", full)
    journal = kept_by(tmp_path)
    operation = Operation(Target("a", "a", "o", "jobs"), 0.0)
    journal(Started(0.0, (operation,), None))

    journal(Ended(2.0, operation.but(outcome=Outcome.FAILED, ended_at=2.0)))
    assert not journal.settle()
    journal(Finished(3.0, (operation,), Verdict(1, Outcome.FAILED)))
    journal.close(1)

    assert calls == [1]
    assert journal.remark is not None
    assert "No space left" in journal.remark


def test_a_file_that_turns_out_to_be_damaged_is_left_for_the_next_run(tmp_path: Path) -> None:
    with closing(open_store(tmp_path)) as store:
        begun = KeptRun("00000001", "wait", started_at=EPOCH, written_at=EPOCH)
        runs.begin(store, begun, [KeptOperation("x" * 300, "x", "p", "o")] * 500)
        path = store.path
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.seek(8192)
        file.write(b"\xff" * (size - 8192))
    journal = kept_by(tmp_path)

    journal(Started(0.0, (Operation(Target("a", "a", "o", "jobs"), 0.0),), None))
    journal.close(0)

    assert journal.remark is not None
    assert "is damaged" in journal.remark
    with closing(open_store(tmp_path)) as store:
        assert (store.path.name, store.remark) == ("state-2.db", None)


def test_whatever_happens_in_it_the_run_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = kept_by(tmp_path)
    monkeypatch.setattr(journal, "_take", lambda _: 1 / 0)

    journal(Ticked(0.0))
    journal.close(0)

    assert journal.remark is not None
