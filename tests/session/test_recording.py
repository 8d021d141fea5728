"""A recorded run is replayed to the same events and the same exit code, byte for byte."""

from __future__ import annotations

import json
import math
import os
import random
import stat
from typing import TYPE_CHECKING, Any

import pytest

from cli.inside import profile as small
from opwatch.credentials import Redactor
from opwatch.domain.durations import UsualDuration
from opwatch.domain.errors import UsageError
from opwatch.domain.events import Finished, Held
from opwatch.domain.operation import Failure, Operation, Reading, Unchanged
from opwatch.domain.outcome import Abort, Outcome, Policy, Reason, Verdict
from opwatch.domain.secret import Secret
from opwatch.domain.sharing import HostReport
from opwatch.domain.trouble import Fault, Trouble
from opwatch.engine import LookNow
from opwatch.profiles import Profile, bind_profile
from opwatch.profiles.definition import define
from opwatch.profiles.snapshot import profile_snapshot, restore_profile
from opwatch.profiles.yaml.parser import parse
from opwatch.session.recording.player import Played, replay, reread
from opwatch.session.recording.recorder import Recorder
from opwatch.session.recording.recording import DAMAGE, Recording, read_recording
from opwatch.watcher.neighbour import Neighbourhood
from opwatch.watcher.watcher import Watcher
from profiles.answers import NAMES, profile
from simulation.recorded import WALL, Recorded, Replies, Reply, record, reply, shown

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from opwatch.domain.events import Event
    from opwatch.domain.messages import Request, Response
    from opwatch.engine.drive import Exchange

TOKEN = "token-canary-8f3a"
LOST = Trouble(Fault.CONNECTION_LOST, host="api.example")


def jobs(**changes: Any) -> Profile:
    """Return a small profile of https://api.example with *changes*."""
    written = small("https://api.example", auth="none", **changes)
    text = json.dumps({"version": 1, **written}, indent=1)
    return bind_profile(define("jobs", parse("jobs.yaml", text), is_users=True, environ={}))


def says(request: Request, status: str, **more: Any) -> Response:
    name = request.url.rpartition("/")[2]
    headers = more.pop("headers", {})
    return reply(json.dumps({"id": name, "status": status, **more}), url=request.url, **headers)


def done_after(seconds: float) -> Replies:
    return lambda request, _number, at: says(request, "done" if at >= seconds else "running")


def read(path: Path) -> Recording:
    return read_recording(path.read_bytes(), "it")


def outcomes(played: Played) -> list[str]:
    return [str(each.outcome) for each in played.watcher.operations]


def again(recorded: Recorded, path: Path) -> Played:
    """Replay *path*, which must be as *recorded*, byte for byte."""
    played = replay(read(path))
    assert played.asks_otherwise is None
    assert shown(played.events) == recorded.shown
    assert played.events[-1].verdict.code == recorded.code  # type: ignore[union-attr]
    return played


# -- the same events ---------------------------------------------------------------------


def outage(request: Request, _number: int, at: float) -> Reply:
    return LOST if 30 < at < 400 else says(request, "done" if at > 600 else "running", percent=at)


def throttled(request: Request, number: int, at: float) -> Reply:
    if number % 3 == 0:
        return reply("slow down", 429, request.url, Retry_After="7")
    return says(request, "done" if at > 60 else "running")


def refused(request: Request, _number: int, at: float) -> Reply:
    return reply("{}", 401, request.url) if 20 < at < 80 else says(request, "running")


def moved(request: Request, number: int, at: float) -> Reply:
    end = "moved" in request.url and at > 60
    headers: Any = {"Location": "/moved/a?sig=SIGNED"} if number == 2 else {}
    return reply(json.dumps({"status": "done" if end else "running"}), url=request.url, **headers)


def unchanged(request: Request, _number: int, at: float) -> Reply:
    if "If-None-Match" in request.headers and at < 100:
        return reply(status=304, url=request.url)
    return says(request, "done" if at > 100 else "running", headers={"ETag": '"1"'})


def unsure(request: Request, number: int, _at: float) -> Reply:
    return says(request, "WARMING_UP" if number > 3 else "running")


def pages(request: Request, _number: int, at: float) -> Reply:
    if "page=2" in request.url:
        items = [{"id": "b", "status": "done" if at > 30 else "running"}]
        return reply(json.dumps({"items": items}), url=request.url)
    body = {"items": [{"id": "a", "status": "done"}], "next": "https://api.example/ops?id=b&page=2"}
    return reply(json.dumps(body), url=request.url)


BATCH: Any = {
    "request": {"path": "/ops"},
    "batch": {
        "query": "id",
        "style": "comma",
        "max": 10,
        "items": "items",
        "id": "id",
        "next": {"url": "next"},
    },
}
LOOKS = [(at / 2, LookNow()) for at in range(50)]
RUNS: Mapping[str, tuple[dict[str, Any], Replies, Policy, dict[str, Any]]] = {
    "an outage": ({}, outage, Policy(), {}),
    "a rate limit": ({}, throttled, Policy(), {}),
    "a refusal in mid-wait": ({}, refused, Policy(), {}),
    "a polling URL that moves": ({"moves": [{"header": "Location"}]}, moved, Policy(), {}),
    "validators": ({"conditional": True}, unchanged, Policy(), {}),
    "unknown words": ({"unknown_after": "2m"}, unsure, Policy(), {}),
    "two ends that must agree": ({"confirm": 2}, done_after(50), Policy(), {}),
    "a deadline": ({}, done_after(1e9), Policy(timeout=75.0), {}),
    "a stall": ({}, done_after(1e9), Policy(stall=75.0), {}),
    "one look": ({}, done_after(1e9), Policy(once=True), {}),
    "a suspend": ({}, done_after(5000), Policy(), {"suspends": [(90.0, 3600.0)]}),
    "Ctrl-C": ({}, done_after(1e9), Policy(), {"signals": [(90.0, Abort.INTERRUPTED)]}),
    "a person who looks": ({}, throttled, Policy(), {"signals": LOOKS}),
    "a silent host": ({}, lambda *_: Trouble(Fault.TIMEOUT, host="x"), Policy(), {}),
}
# Of a suspend every second of an hour is looked at: that is for the night.
BY_NAME = [
    pytest.param(name, marks=pytest.mark.slow) if name == "a suspend" else name for name in RUNS
]


@pytest.mark.parametrize("name", BY_NAME)
def test_a_replay_comes_to_the_same_events(name: str, tmp_path: Path) -> None:
    changes, replies, policy, more = RUNS[name]
    path = tmp_path / "run.jsonl"
    recorded = record(jobs(**changes), ["a", "b"], replies, path, policy, **more)

    again(recorded, path)


def test_a_batch_and_its_pages_are_replayed(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    recorded = record(jobs(**BATCH), ["a", "b"], pages, path)

    assert outcomes(again(recorded, path)) == ["succeeded", "succeeded"]


@pytest.mark.parametrize("seed", range(4))
def test_what_other_processes_report_is_replayed(seed: int, tmp_path: Path) -> None:
    chance = random.Random(seed)  # noqa: S311, the same for the same seed

    def beside(watcher: Watcher) -> Exchange:
        neighbourhood = Neighbourhood(watcher, "b", 0.0, presumed=7)

        def exchange(now: float) -> Iterable[Event]:
            neighbourhood.report(now)
            other = HostReport(
                *("a", chance.uniform(0.3, 9), chance.choice((None, 6.0)), chance.uniform(0, 3)),
                wants_more=chance.random() < 0.5,
                throttled_at=now - chance.choice((1.0, 60.0)),
                allowed=chance.choice((8.0, math.inf)),
                allowed_at=now - chance.choice((0.1, 60.0)),
                held_until=now + chance.choice((-60.0, -60.0, 4.0)),
            )
            others = [other] if chance.random() < 0.9 else []
            return neighbourhood.follow({("jobs", "https://api.example"): others}, now)

        return exchange

    def run(name: str, **more: Any) -> Recorded:
        operations = [f"o{number}" for number in range(12)]
        return record(
            *(jobs(), operations, done_after(60), tmp_path / name),
            seed=seed, suspends=[(30.0, 50.0)], **more,
        )  # fmt: skip

    recorded = run("beside.jsonl", beside=beside)

    again(recorded, tmp_path / "beside.jsonl")
    assert any(isinstance(each, Held) for each in recorded.events)
    assert recorded.shown != run("alone.jsonl").shown


def test_what_comes_after_a_long_silence_is_replayed_without_a_sleep(tmp_path: Path) -> None:
    watchers = list[Watcher]()

    def beside(watcher: Watcher) -> Exchange:
        watchers.append(watcher)
        neighbourhood = Neighbourhood(watcher, "b", 0.0, presumed=0)

        def exchange(now: float) -> Iterable[Event]:
            neighbourhood.report(now)
            others = [HostReport("a", 10.0, wants_more=now > 150, used=1.0)] if now > 100 else []
            return neighbourhood.follow({("jobs", "https://api.example"): others}, now)

        return exchange

    path, policy = tmp_path / "run.jsonl", Policy(interval=60.0)
    recorded = record(jobs(), ["a"], done_after(200), path, policy, beside=beside)

    again(recorded, path)
    lines = [json.loads(each) for each in path.read_text().splitlines()[1:]]
    times = [each["at"] for each in lines]
    assert times == sorted(times)
    assert [each["advice"] for each in lines if "advice" in each] == [{"part": 0.5}]
    assert watchers[0].gates["jobs", "https://api.example"].rate.measure == (10.0, None)


def test_past_durations_are_replayed(tmp_path: Path) -> None:
    def beside(watcher: Watcher) -> Exchange:
        def exchange(now: float) -> Iterable[Event]:
            if 20 < now < 30:
                watcher.learn_usual({("jobs", None): UsualDuration(600.0, 0.1)}, WALL)
            return ()

        return exchange

    path = tmp_path / "run.jsonl"
    recorded = record(jobs(), ["a"], done_after(600), path, beside=beside)

    again(recorded, path)
    assert '"usually_seconds": 600.0' in recorded.shown


def test_of_processes_that_change_nothing_nothing_is_recorded(tmp_path: Path) -> None:
    def beside(watcher: Watcher) -> Exchange:
        neighbourhood = Neighbourhood(watcher, "b", 0.0, presumed=0)

        def exchange(now: float) -> Iterable[Event]:
            neighbourhood.report(now)
            return neighbourhood.follow({("jobs", "https://api.example"): []}, now)

        return exchange

    path = tmp_path / "run.jsonl"
    record(jobs(), ["a"], done_after(600), path, beside=beside)

    assert "advice" not in path.read_text()


@pytest.mark.every(4)
@pytest.mark.parametrize("seed", range(12))
def test_any_weather_is_replayed(seed: int, tmp_path: Path) -> None:
    chance = random.Random(seed)  # noqa: S311, the same for the same seed

    def weather(request: Request, _number: int, at: float) -> Reply:
        match chance.randrange(8):
            case 0:
                return LOST
            case 1:
                return reply("<html>", chance.choice((200, 404, 500, 502)), request.url)
            case 2:
                return reply("", 429, request.url, Retry_After=str(chance.randrange(20)))
            case _:
                end = chance.choice(("done", "failed")) if at > 300 else "running"
                return says(request, end, percent=min(99.0, at / 4))

    policy = Policy(timeout=chance.choice((None, 200.0)), fail_fast=seed % 2 == 0)
    path = tmp_path / "run.jsonl"
    recorded = record(jobs(), ["a", "b", "c"], weather, path, policy, seed=seed)

    again(recorded, path)
    assert [outcomes(reread(read(path), read(path).profiles))] == [
        [str(each.outcome) for each in recorded.events[-1].operations]  # type: ignore[union-attr]
    ]


@pytest.mark.parametrize("reason", [None, Reason.NO_RESULT])
def test_a_result_is_replayed_and_so_is_its_lack(reason: Reason | None, tmp_path: Path) -> None:
    def collect(operation: Operation) -> Operation:
        if reason is not None:
            return operation.but(reason=reason, trouble=Trouble(Fault.NO_RESULT, "no link"))
        assert operation.reading is not None
        return operation.but(reading=Reading(operation.reading.state, result={"rows": 7}))

    def replies(request: Request, _number: int, at: float) -> Reply:
        return says(request, "done" if at > 9 else "running")

    path = tmp_path / "run.jsonl"
    recorded = record(jobs(read={"status": "status"}), ["a"], replies, path, collect=collect)

    played = replay(read(path))
    assert played.events[-1].verdict.code == recorded.code == (0 if reason is None else 74)  # type: ignore[union-attr]
    reading = played.watcher.operations[0].reading
    assert reading is not None
    assert reading.result == (None if reason else {"rows": 7})


STOPPED = {
    "running": ["running"],
    "succeeded": ["done"],
    "failed": ["failed"],
    "cancelled": ["stopped"],
}
WHY = Failure("step 3", (f"token {TOKEN}", "exit 1"), None, Trouble(Fault.TIMEOUT, host="h"))


@pytest.mark.parametrize("why", [WHY, Failure(is_asked=False), None])
@pytest.mark.parametrize("status", ["failed", "stopped"])
def test_why_it_failed_is_replayed_without_secrets(
    status: str, why: Failure | None, tmp_path: Path
) -> None:
    path = tmp_path / "run.jsonl"
    recorded = record(
        jobs(states=STOPPED), ["a", "b"], lambda request, _number, _at: says(request, status), path,
        redact=knowing(TOKEN), collect=lambda operation: operation.but(failure=why),
        collects=(Outcome.FAILED, Outcome.CANCELLED),
    )  # fmt: skip
    played = replay(read(path))

    assert shown(played.events) == recorded.shown
    assert TOKEN not in path.read_text()
    found = played.watcher.operations[0].failure
    masked = why and why._replace(lines=tuple(each.replace(TOKEN, "***") for each in why.lines))
    assert found == masked


def test_where_another_profile_sees_a_success_no_failure_is_told(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    record(
        jobs(), ["a"], lambda request, _number, _at: says(request, "failed"), path,
        collect=lambda operation: operation.but(failure=WHY), collects=(Outcome.FAILED,),
    )  # fmt: skip
    other = jobs(states={"running": ["running"], "succeeded": ["done", "failed"]})
    played = reread(read(path), {"jobs": other})

    assert [str(each.outcome) for each in played.watcher.operations] == ["succeeded"]
    assert played.watcher.operations[0].failure is None


# -- secrets -----------------------------------------------------------------------------


def knowing(secret: str) -> Redactor:
    redactor = Redactor()
    redactor.learn(Secret(secret))
    return redactor


@pytest.mark.parametrize(
    "body",
    [
        {"id": "a", "status": "done", "message": f"signed by {TOKEN}"},
        {"id": "a", "status": "done", "result": {TOKEN: TOKEN}},
        {"id": "a", "status": "done", "access_token": "unknown-to-the-run"},
        {"id": "a", "status": "failed", "error": {"message": TOKEN.encode().hex()}},
        {"id": "a", "status": "done", "log": "https://x.example/1?at=2&jwt=unknown-to-the-run"},
        {"id": "a", "status": "done", "log": "see https://x.example/1#pin=unknown-to-the-run ."},
        {"id": "a", "status": "done", "log": "https://x.example/1?mySignature=unknown-to-the-run"},
    ],
)
def test_no_secret_is_in_a_recording(body: dict[str, Any], tmp_path: Path) -> None:
    def replies(request: Request, _number: int, _at: float) -> Reply:
        headers: Any = {"Set_Cookie": "session=cookie-canary", "X_Echo": TOKEN}
        return reply(json.dumps(body), url=f"{request.url}?token={TOKEN}", **headers)

    path = tmp_path / "run.jsonl"
    recorded = record(jobs(), ["a"], replies, path, redact=knowing(TOKEN))
    again(recorded, path)

    text = path.read_text()
    for secret in (TOKEN, TOKEN.encode().hex(), "cookie-canary", "unknown-to-the-run"):
        assert secret not in text


@pytest.mark.parametrize(
    ("secret", "body"),
    [
        ("completed", {"id": "a", "status": "completed"}),
        ("12345678", {"id": 12345678, "status": "done"}),
        ("99999999", {"id": "a", "status": "done", "percent": 99999999}),
        ("running-late", {"id": "a", "status": "done", "step": "running-late"}),
    ],
)
def test_a_mask_changes_no_verdict(secret: str, body: dict[str, Any], tmp_path: Path) -> None:
    states = {"succeeded": ["done", "completed"], "running": ["running"]}
    name = str(body["id"])

    def replies(request: Request, number: int, _at: float) -> Reply:
        said = body if number > 2 else {"id": name, "status": "running"}
        return reply(json.dumps(said), url=request.url)

    path = tmp_path / "run.jsonl"
    recorded = record(jobs(states=states), [name], replies, path, redact=knowing(secret))

    assert outcomes(again(recorded, path)) == ["succeeded"]
    # The words of a profile are everybody's.
    assert not any(secret in each for each in path.read_text().splitlines()[1:])


def test_a_run_goes_on_unrecorded_whose_profile_would_not_be_one_without_its_secrets(
    tmp_path: Path,
) -> None:
    path = tmp_path / "run.jsonl"
    recorded = record(jobs(), ["a"], done_after(9), path, redact=knowing("status"))

    assert recorded.code == 0
    assert not path.exists()


def test_the_profile_is_recorded_without_its_credential_and_without_secrets() -> None:
    written = small("https://api.example", request={"path": "/ops/{id}?key=key-canary"})
    text = json.dumps({"version": 1, **written})
    bound = bind_profile(define("jobs", parse("jobs.yaml", text), is_users=True, environ={}))

    found = json.dumps(profile_snapshot(bound, knowing("key-canary")))

    assert "key-canary" not in found
    assert "API_TOKEN" not in found
    assert "/ops/{id}?key=***" in found


@pytest.mark.every(4)
@pytest.mark.parametrize("name", NAMES)
def test_every_built_in_profile_is_restored_from_its_recording(name: str) -> None:
    bound = profile(name)
    restored = restore_profile(name, json.loads(json.dumps(profile_snapshot(bound, str))))

    assert restored.polling_rules == bound.polling_rules
    assert restored.params == bound.params
    assert restored.definition.spec.states == bound.definition.spec.states


# -- a recording that is not whole -------------------------------------------------------


def test_of_a_killed_run_the_beginning_is_replayed(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    recorded = record(jobs(), ["a"], done_after(60), path)
    data = path.read_bytes()
    end = data.index(b'{"at"', data.rindex(b'"poll"') - 60)

    for size in range(data.index(b"\n") + 1, len(data), 397):
        recording = read_recording(data[:size], "it")
        played = replay(recording)
        assert recording.end is None
        assert played.asks_otherwise is None
        lines = shown(played.events[:-1]).splitlines()
        assert lines == recorded.shown.splitlines()[: len(lines)]
        assert size > end or outcomes(played) == ["None"]


@pytest.mark.slow
def test_a_recording_is_bounded_and_says_so(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    recorded = record(jobs(), ["a"], done_after(900), path, largest=8000)

    assert recorded.code == 0
    assert path.stat().st_size <= 8100
    recording = read(path)
    assert recording.cut
    assert outcomes(replay(recording)) == ["None"]


@pytest.mark.parametrize("body", ["x" * 300_000, b"\xff\xfe\x00"])
def test_of_a_body_that_is_not_kept_what_was_read_is(body: str | bytes, tmp_path: Path) -> None:
    def replies(request: Request, number: int, _at: float) -> Reply:
        if number == 2:
            return reply(body, 502, request.url)
        return says(request, "done" if number > 3 else "running", message="y" * 300_000)

    path = tmp_path / "run.jsonl"
    recorded = record(jobs(), ["a"], replies, path)

    assert outcomes(again(recorded, path)) == ["succeeded"]
    assert all(each.as_recorded for each in replay(read(path)).evidence[0])


def test_a_full_disk_ends_the_recording_and_not_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, count = os.write, iter(range(100))

    def write(file: int, data: bytes) -> int:
        if len(data) > 20 and next(count) > 5:
            raise OSError(28, "No space left on device")
        return real(file, data)

    monkeypatch.setattr("opwatch.session.recording.recorder.os.write", write)
    recorded = record(jobs(), ["a"], done_after(60), tmp_path / "run.jsonl")

    assert recorded.code == 0
    assert read(tmp_path / "run.jsonl").end is None


def test_only_its_owner_can_read_a_recording_and_none_is_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    record(jobs(), ["a"], done_after(9), path)

    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with pytest.raises(UsageError, match="exists already"):
        record(jobs(), ["a"], done_after(9), path)


def test_a_wait_of_a_day_is_recorded_in_few_lines(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    record(jobs(poll={"first": "30m", "longest": "30m"}), ["a"], done_after(7200), path)

    assert path.stat().st_size < 400_000 / 12


@pytest.mark.every(5)
@pytest.mark.parametrize("seed", range(25))
def test_a_damaged_recording_is_replayed_or_refused(seed: int, tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    record(jobs(confirm=2), ["a", "b"], throttled, path)
    chance = random.Random(seed)  # noqa: S311, the same for the same seed
    lines = [json.loads(each) for each in path.read_text().splitlines()]
    for _ in range(3):
        _spoil(chance, chance.choice(lines))
    data = "".join(json.dumps(each) + "\n" for each in lines).encode()

    try:
        replay(read_recording(data, "it"))
    except (UsageError, *DAMAGE):
        pass  # the command says that it is damaged, and ends with 2


def _spoil(chance: random.Random, value: Any) -> None:
    """Change one value in *value*."""
    keys = list(value) if isinstance(value, dict) else list(range(len(value)))
    if not keys:
        return
    key = chance.choice(keys)
    if isinstance(value[key], (dict, list)) and chance.random() < 0.8:
        _spoil(chance, value[key])
    else:
        value[key] = chance.choice((None, -1, 0, 10**6, "x", [], {}, True, 1e308))


# -- the same answers, otherwise read ----------------------------------------------------


def test_another_profile_comes_to_its_own_verdict(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    record(jobs(), ["a", "b"], done_after(60), path)
    other = jobs(states={"running": ["running"], "failed": ["done"], "succeeded": ["ok"]})

    assert outcomes(reread(read(path), {"jobs": other})) == ["failed", "failed"]


def test_of_an_end_that_another_profile_does_not_see_nothing_is_said(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    record(jobs(), ["a"], done_after(60), path)
    other = jobs(states={"running": ["running", "done"], "succeeded": ["ok"]})

    assert outcomes(reread(read(path), {"jobs": other})) == ["None"]


def test_an_end_that_lies_far_away_is_come_to_at_once(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    record(jobs(), ["a"], done_after(60), path)
    lines = [json.loads(each) for each in path.read_text().splitlines()]
    lines[0]["policy"]["lost_after"] = None
    lines[-1]["at"] = 1e12
    path.write_text("".join(json.dumps(each) + "\n" for each in lines))
    other = jobs(states={"running": ["running", "done"], "succeeded": ["ok"]})

    played = reread(read(path), {"jobs": other})

    assert len(played.evidence[0]) < 100


def test_a_refusal_of_a_batch_is_not_taken_for_one_of_its_operations(tmp_path: Path) -> None:
    def replies(request: Request, number: int, at: float) -> Reply:
        if request.url.count("%2C") or request.url.count(","):
            return reply('{"message": "too many"}', 413, request.url)
        return pages(request, number, at) if "page" in request.url else one(request, at)

    def one(request: Request, at: float) -> Reply:
        name = request.url[-1]
        state = "done" if at > 30 else "running"
        return reply(json.dumps({"items": [{"id": name, "status": state}]}), url=request.url)

    path = tmp_path / "run.jsonl"
    recorded = record(jobs(**BATCH), ["a", "b"], replies, path)
    again(recorded, path)

    assert outcomes(reread(read(path), read(path).profiles)) == ["succeeded", "succeeded"]


@pytest.mark.parametrize("name", BY_NAME)
def test_where_it_asks_at_other_moments_the_verdict_is_the_same(name: str, tmp_path: Path) -> None:
    changes, replies, policy, more = RUNS[name]
    path = tmp_path / "run.jsonl"
    recorded = record(jobs(**changes), ["a", "b"], replies, path, policy, **more)
    head, *rest = path.read_text().splitlines()
    path.write_text("\n".join([head.replace('"seed":1,', '"seed":2,'), *rest, ""]))

    played = replay(read(path))

    assert played.events[-1].verdict.code == recorded.code  # type: ignore[union-attr]
    assert played.asks_otherwise is not None or name == "one look"


def test_no_answer_stands_for_a_304_that_was_not_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    record(jobs(conditional=True), ["a"], unchanged, path)
    played = replay(read(path))

    assert any(isinstance(each.finding, Unchanged) for each in played.evidence[0])
    assert outcomes(reread(read(path), {"jobs": jobs()})) == ["succeeded"]


def test_outcomes_are_written_at_the_end(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    record(jobs(), ["a"], done_after(9), path)
    end = json.loads(path.read_text().splitlines()[-1])

    assert (end["exit"], end["outcomes"]) == (0, [Outcome.SUCCEEDED])


def test_warnings_without_end_do_not_cost_the_last_line(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    recorder = Recorder(path, command="wait", redact=Redactor(), wall=WALL, largest=200_000)
    recorder.warnings = ["the command has failed with 1 " + "x" * 100] * 20_000
    recorder.write({"opwatch": "recording"})
    recorder.end(Finished(9.0, (), Verdict(0, Outcome.SUCCEEDED)))

    end = json.loads(path.read_text().splitlines()[-1])

    assert end["exit"] == 0
    assert recorder.failure is None
