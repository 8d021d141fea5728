"""Many processes keep their runs at once, and some are killed at any moment."""

from __future__ import annotations

import json
import random
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import TYPE_CHECKING, Any, Final

import pytest

from cli.forkserver import start
from cli.inside import profile
from cli.program import Program
from faults.whole import api, asked_about
from opwatch.state.runs import list_runs
from opwatch.state.store import open_store
from servers.raw import http

if TYPE_CHECKING:
    from pathlib import Path

POLLS: Final = 6
"""After which the next finds that a job is over."""
LONG: Final = 600.0
SURELY: Final = 3
"""Polls after which a run is in the store, however busy the machine is."""


class Jobs:
    """An API whose jobs are over at their seventh poll; every seventh of them has failed."""

    def __init__(self) -> None:
        self.asked: Counter[str] = Counter()
        self._came = threading.Condition()

    def __call__(self, request: bytes) -> bytes:
        job = asked_about(request)
        with self._came:
            self.asked[job] += 1
            over = self.asked[job] > POLLS
            self._came.notify_all()
        status = "running" if not over else "failed" if code_of(job) else "done"
        return http(json.dumps({"id": job, "status": status}).encode())

    def wait(self, job: str, polls: int, child: Any) -> None:
        """Wait until *child* has asked about *job* *polls* times."""
        with self._came:
            for _ in range(int(LONG)):
                if self._came.wait_for(lambda: self.asked[job] >= polls, 1.0):
                    return
                assert child.poll() is None, f"{job} has ended before it could be killed"
        raise AssertionError(f"{job} was asked about {self.asked[job]} times, not {polls}")


def code_of(job: str) -> int:
    return int(int(job.partition("-")[2]) % 7 == 0)


@pytest.mark.parametrize(
    ("count", "killed"), [(6, 2), pytest.param(1000, 100, marks=pytest.mark.slow)]
)
def test_the_store_reads_whole_and_each_killed_run_ends_with_the_true_verdict(
    count: int, killed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cli.program.PATIENCE", LONG)  # ten at once, on a machine that has others
    chance, jobs = random.Random(7), Jobs()  # noqa: S311, a test that can be repeated
    # How often a job was asked about when its process is killed; 0 is while it is loading.
    moments = {
        f"job-{each}": chance.randrange(POLLS) for each in chance.sample(range(count), killed)
    }
    with api(jobs) as server:
        program = Program(tmp_path)
        del program.environ["OPWATCH_TOKEN"]
        config = tmp_path / "config.yaml"
        shape = {"version": 1, "profiles": {"jobs": profile(server.url)}}
        config.write_text(json.dumps(shape))
        program.environ |= {"API_TOKEN": "t-o-k-e-n", "OPWATCH_CONFIG": str(config)}

        def run(job: str) -> int | None:
            arguments = ["wait", "-p", "jobs", job]
            if job not in moments:
                return program.run(*arguments).code
            with (
                (tmp_path / f"{job}.txt").open("wb") as said,
                start(
                    *arguments, env=program.environ, cwd=tmp_path, stdout=said, stderr=said
                ) as child,
            ):
                try:
                    jobs.wait(job, moments[job], child)
                finally:
                    child.kill()
            return None

        names = [f"job-{each}" for each in range(count)]
        with ThreadPoolExecutor(10) as pool:
            codes = dict(zip(names, pool.map(run, names), strict=True))

        with closing(open_store(tmp_path / ".local/state/opwatch")) as store:
            assert store.remark is None
            assert store.connection.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
            found = list_runs(store)
        kept = Counter(each.operations[0].reference for each in found)
        runs = {each.operations[0].reference: each for each in found}
        with ThreadPoolExecutor(10) as pool:
            left = [each for each in moments if each in runs]
            again = pool.map(lambda job: program.run("wait", "--resume", runs[job].id), left)
            resumed = dict(zip(left, again, strict=True))

    assert {job: code for job, code in codes.items() if code is not None} == {
        job: code_of(job) for job in names if job not in moments
    }
    assert set(kept.values()) == {1}
    assert set(names) - set(kept) <= {job for job, polls in moments.items() if polls < SURELY}
    assert all(runs[job].code == code for job, code in codes.items() if code is not None)
    assert all(runs[job].code is None for job in left), "who is killed says no last word"
    assert left
    assert {job: ran.code for job, ran in resumed.items()} == {job: code_of(job) for job in left}
