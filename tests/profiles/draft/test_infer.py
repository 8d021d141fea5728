"""What is inferred from sample answers, and how it is written."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from opwatch.domain.messages import Headers, Response
from opwatch.domain.operation import Reading, State
from opwatch.profiles import bind_profile, check
from opwatch.profiles.definition import define
from opwatch.profiles.draft.propose import Known, Proposal, name_for, propose
from opwatch.profiles.draft.samples import Sample
from opwatch.profiles.draft.url import addressing_of, ids_of
from opwatch.profiles.draft.words import vocabulary
from opwatch.profiles.draft.yaml import scalar
from opwatch.profiles.yaml.parser import parse

URL = "https://api.acme.example/v1/jobs/j-1"


def proposed(*bodies: Any, **known: Any) -> Proposal:
    return propose([Sample(body) for body in bodies], Known(**{"url": URL, **known}))


def spec(proposal: Proposal) -> dict[str, Any]:
    data: dict[str, Any] = parse("d.yaml", proposal.text).plain()
    assert check(proposal.text, "d.yaml") == (), proposal.text
    return data


def state(proposal: Proposal, body: Any, status: int = 200) -> State | None:
    """Return what the drafted profile, unedited, makes of *body*."""
    tree = parse("d.yaml", proposal.text)
    definition = define("d", tree, is_users=True, environ={})
    profile = bind_profile(
        definition, {"server": URL} if "server" in definition.spec.params else {}
    )
    target = profile.target(URL)
    answer = Response(status, URL, Headers(), json.dumps(body).encode())
    finding = profile.read([target], answer).findings[0]
    return finding.state if isinstance(finding, Reading) else None


# -- the state -----------------------------------------------------------------------


def test_seen_words_are_sorted_into_their_buckets_as_they_are_written() -> None:
    words = ["QUEUED", "In Progress", "ON_HOLD", "Succeeded", "FAILED", "Cancelled"]
    found = spec(proposed(*({"id": "j-1", "status": each} for each in words)))

    assert found["read"]["status"] == "status"
    assert found["states"] == {
        "pending": ["QUEUED"],
        "running": ["In Progress"],
        "blocked": ["ON_HOLD"],
        "succeeded": ["Succeeded"],
        "failed": ["FAILED"],
        "cancelled": ["Cancelled"],
    }


def test_ends_that_no_sample_shows_are_guessed_and_marked() -> None:
    proposal = proposed({"status": "RUNNING"})

    assert "succeeded: [succeeded, success, successful]  # CHECK: not in the samples" in (
        proposal.text
    )
    assert state(proposal, {"status": "FAILED"}) is State.FAILED


def test_a_word_that_means_only_that_it_is_over_is_never_guessed_to_be_a_success() -> None:
    proposal = proposed({"status": "running"})

    for word in ("completed", "done", "finished", "ended", "closed", "stopped", "ready"):
        assert state(proposal, {"status": word}) is State.RUNNING


def test_guesses_begin_as_the_words_of_the_samples_do() -> None:
    proposal = proposed({"state": "JOB_STATE_RUNNING"}, {"state": "JOB_STATE_QUEUED"})

    assert spec(proposal)["states"]["succeeded"][0] == "job_state_succeeded"
    assert state(proposal, {"state": "JOB_STATE_FAILED"}) is State.FAILED


def test_a_word_that_could_mean_either_is_left_open_and_goes_on() -> None:
    proposal = proposed({"status": "RUNNING"}, {"status": "SKIPPED"}, {"status": "FLARB"})

    assert proposal.unclear == ("SKIPPED", "FLARB")
    assert "# CHECK: in the samples, but not clear: [SKIPPED, FLARB]" in proposal.text
    assert state(proposal, {"status": "SKIPPED"}) is State.RUNNING


def history(*words: str, job: str = "j-1") -> list[dict[str, Any]]:
    return [{"id": job, "status": word} for word in words]


@pytest.mark.parametrize(
    ("words", "no_end"),
    [
        (("STOPPED", "IN_PROGRESS", "COMPLETED"), "STOPPED"),
        (("QUEUED", "FAILED", "RETRYING", "COMPLETED"), "FAILED"),
        (("SUCCEEDED", "RUNNING"), "SUCCEEDED"),
        (("DONE", "RUNNING", "DONE"), "DONE"),
        (("COMPLETED", "RUNNING", "ON_HOLD", "FAILED"), "COMPLETED"),
        (("stopped", "running", "stopped", "running", "succeeded"), "stopped"),
    ],
)
def test_a_word_after_which_the_same_operation_goes_on_is_left_to_a_person(
    words: tuple[str, ...], no_end: str
) -> None:
    proposal = proposed(*history(*words))

    assert proposal.unclear == (no_end,)
    assert f"# CHECK: in the samples, but not clear: [{no_end}]" in proposal.text
    assert "the same operation goes on after it in a later sample" in proposal.text
    assert state(proposal, {"id": "j-1", "status": no_end}) is State.RUNNING
    assert no_end not in str(spec(proposal).get("states")) + str(spec(proposal).get("rules"))


def test_an_end_that_is_the_last_of_its_operation_is_one() -> None:
    of_two = [*history("RUNNING", "STOPPED", job="j-1"), *history("RUNNING", "DONE", job="j-2")]
    proposal = propose([Sample(body) for body in of_two], Known(url=None))

    assert proposal.unclear == ()
    assert "cancelled: [STOPPED]" in proposal.text


def test_several_kinds_of_end_of_one_operation_are_examples_without_an_order() -> None:
    proposal = proposed(*history("RUNNING", "COMPLETED", "FAILED", "STOPPED", "QUEUED"))

    assert proposal.unclear == ()
    assert spec(proposal)["states"]["cancelled"] == ["STOPPED"]


def test_an_end_with_and_without_an_error_are_two_kinds() -> None:
    failed = {"id": "j-1", "status": "DONE", "error": {"code": 3}}
    proposal = proposed(*history("DONE"), failed, *history("RUNNING"))

    assert proposal.unclear == ()


def test_without_an_id_the_samples_may_be_of_one_operation() -> None:
    assert proposed({"state": "stopped"}, {"state": "running"}).unclear == ("stopped",)


def test_the_word_of_an_outcome_is_what_is_held_against_later_samples() -> None:
    ended = {"id": "j-1", "status": "completed", "conclusion": "cancelled"}
    proposal = proposed(ended, {"id": "j-1", "status": "queued", "conclusion": None})

    assert proposal.unclear == ("cancelled",)


def test_a_person_may_say_that_the_word_is_an_end_after_all() -> None:
    proposal = proposed(*history("STOPPED", "RUNNING"), meanings={"STOPPED": "blocked"})

    assert spec(proposal)["states"]["blocked"] == ["STOPPED"]
    assert "goes on after it" not in proposal.text


DONE = {"id": "j-1", "status": "SUCCEEDED"}


@pytest.mark.parametrize(
    ("seen", "denial"),
    [
        ({"checksConclusion": "failed"}, {"fields": "checksConclusion", "are": ["failed"]}),
        (
            {"checks": {"a-b": {"state": "pending"}}},
            {"fields": 'checks."a-b".state', "are": ["pending"]},
        ),
        ({"metadata": {"state": "CANCELLED"}}, {"fields": "metadata.state", "are": ["CANCELLED"]}),
        ({"aliasError": {"code": "x"}}, {"fields": "aliasError"}),
        ({"skipped": True}, {"fields": "skipped", "are": [True]}),
        ({"cleanup": {"failure-cause": "x"}}, {"fields": 'cleanup."failure-cause"'}),
    ],
)
def test_a_success_is_undecided_beside_what_the_samples_show_to_end_otherwise(
    seen: dict[str, Any], denial: dict[str, Any]
) -> None:
    proposal = proposed({"id": "j-1", "status": "RUNNING"}, {**DONE, **seen}, DONE)

    assert spec(proposal)["verify"] == {"unless": [denial]}
    assert state(proposal, {**DONE, **seen}) is State.RUNNING
    assert state(proposal, DONE) is State.SUCCEEDED


def test_a_second_count_of_what_failed_is_a_warning_and_that_of_all_leaves_it_undecided() -> None:
    first = {**DONE, "files": {"total": 3, "failed": 1}}
    part, all_of_it = ({**DONE, "stats": {"total": 3, "failed": count}} for count in (1, 3))
    proposal = proposed({"id": "j-1", "status": "RUNNING"}, first, part)

    assert spec(proposal)["verify"] == {
        "unless": [
            {"fields": "stats.failed == stats.total && stats.failed"},
            {"fields": "stats.failed", "means": "partial"},
        ]
    }
    assert state(proposal, part) is State.SUCCEEDED
    assert state(proposal, all_of_it) is State.RUNNING


def test_a_list_of_those_that_failed_is_a_warning() -> None:
    some = {**DONE, "FailedTGAllocs": {"web": {"n": 1}}}
    proposal = proposed({"id": "j-1", "status": "RUNNING"}, some)

    assert spec(proposal)["verify"] == {
        "unless": [{"fields": "FailedTGAllocs", "means": "partial"}]
    }
    assert state(proposal, some) is State.SUCCEEDED


def test_an_empty_list_shows_where_failures_would_be() -> None:
    proposal = proposed({"id": "j-1", "status": "RUNNING"}, {**DONE, "report": {"failures": []}})

    assert spec(proposal)["verify"] == {"unless": [{"fields": "report.failures"}]}
    assert state(proposal, {**DONE, "report": {"failures": [{"id": 1}]}}) is State.RUNNING


def test_a_flag_of_success_of_each_part_shows_where_its_failure_would_be() -> None:
    proposal = proposed({"id": "j-1", "status": "RUNNING"}, {**DONE, "files": [{"success": True}]})

    assert state(proposal, {**DONE, "files": [{"success": True}]}) is State.SUCCEEDED
    assert state(proposal, {**DONE, "files": [{"success": False}]}) is State.RUNNING


@pytest.mark.parametrize(
    ("bad", "denial"),
    [
        ({"error": "x"}, {"fields": "error"}),
        ({"success": False}, {"fields": "success", "are": [False]}),
        ({"status": "Failed"}, {"fields": "status", "are": ["Failed"]}),
    ],
)
def test_parts_that_failed_are_looked_for_in_the_lists_in_which_some_did(
    bad: dict[str, Any], denial: dict[str, Any]
) -> None:
    some, every = ({**DONE, "files": files} for files in ([bad, {"id": 1}], [bad, bad]))
    proposal = proposed({"id": "j-1", "status": "RUNNING"}, some, DONE)

    assert spec(proposal)["verify"] == {"parts": ["files"], "unless": [denial]}
    assert state(proposal, some) is State.SUCCEEDED
    assert state(proposal, every) is State.RUNNING


@pytest.mark.parametrize(
    "seen",
    [
        {"steps": [{"status": "failed"}]}, {"files": [{"status": "done", "error": None}]},
        {"files": ["failed"]},
        {"previous_state": "failed"}, {"steps": {"status": "failed"}}, {"lastError": "x"},
        {"plan": "new"}, {"checksConclusion": "succeeded"}, {"skipped": "no"}, {"error": None},
    ],
)  # fmt: skip
def test_what_is_of_something_else_or_good_speaks_against_nothing(seen: dict[str, Any]) -> None:
    proposal = proposed({"id": "j-1", "status": "RUNNING"}, {**DONE, **seen})

    assert "verify" not in spec(proposal)
    assert state(proposal, {**DONE, **seen}) is State.SUCCEEDED


def test_a_status_of_the_same_name_elsewhere_is_not_taken_for_the_one_that_decides() -> None:
    answer = {"id": "j-1", "job": {"state": "succeeded"}, "state": "failed"}
    proposal = proposed(answer, {"id": "j-1", "job": {"state": "running"}})

    assert state(proposal, answer) is not State.SUCCEEDED


def test_a_persons_answer_settles_a_word() -> None:
    proposal = proposed({"status": "FLARB"}, meanings={"FLARB": "succeeded"})

    assert proposal.unclear == ()
    assert state(proposal, {"status": "flarb"}) is State.SUCCEEDED


def test_the_status_word_is_distinguished_from_other_words() -> None:
    body = {"kind": "job", "type": "export", "region": "europe", "processing_status": "running"}

    assert spec(proposed(body))["read"]["status"] == "processing_status"


def test_the_status_word_may_be_inside_an_envelope_or_an_object() -> None:
    assert spec(proposed({"op": {"state": "done"}}))["read"]["status"] == "op.state"
    assert spec(proposed({"state": {"id": "Running"}}))["read"]["status"] == "state.id"
    assert spec(proposed({"a-b": {"status": "ok running"}}))["read"]["status"] == '"a-b".status'


def test_a_second_word_for_how_it_ended_counts_only_then() -> None:
    proposal = proposed(
        {"status": "queued", "conclusion": None},
        {"status": "completed", "conclusion": "success"},
        {"status": "completed", "conclusion": "failure"},
    )

    assert state(proposal, {"status": "completed", "conclusion": "success"}) is State.SUCCEEDED
    assert state(proposal, {"status": "completed", "conclusion": "failure"}) is State.FAILED
    assert state(proposal, {"status": "completed"}) is State.RUNNING
    assert state(proposal, {"status": "queued", "conclusion": "success"}) is State.PENDING


def test_done_is_no_success_beside_an_error() -> None:
    proposal = proposed({"status": "DONE", "error": None}, {"status": "DONE", "error": {"a": 1}})

    assert state(proposal, {"status": "DONE"}) is State.SUCCEEDED
    assert state(proposal, {"status": "DONE", "error": {"a": 1}}) is State.FAILED


def test_a_success_that_counts_failures_is_less_than_one() -> None:
    body = {"status": "completed", "counts": {"total": 9, "completed": 9, "failed": 0}}
    proposal = proposed(body)

    def counted(failed: int) -> State | None:
        counts = {"total": 9, "completed": 9 - failed, "failed": failed}
        return state(proposal, {"status": "completed", "counts": counts})

    assert (counted(0), counted(3), counted(9)) == (State.SUCCEEDED, State.SUCCEEDED, State.FAILED)
    assert "partial: true" in proposal.text


def test_where_no_total_is_counted_all_have_failed_if_none_succeeded() -> None:
    def body(good: int, bad: int) -> dict[str, Any]:
        return {"status": "completed", "succeededCount": good, "failedCount": bad}

    proposal = proposed(body(9, 0))
    found = [state(proposal, body(*each)) for each in ((9, 0), (6, 3), (0, 9))]

    assert found == [State.SUCCEEDED, State.SUCCEEDED, State.FAILED]


def test_an_api_with_only_a_done_flag_is_read_by_rules() -> None:
    name = "operations/j-1"
    proposal = proposed(
        {"name": name},
        {"name": name, "done": True, "response": {"x": 1}},
        {"name": name, "done": True, "error": {"code": 8, "message": "no"}},
    )

    assert state(proposal, {"name": name}) is State.RUNNING
    assert state(proposal, {"name": name, "done": False}) is State.RUNNING
    assert state(proposal, {"name": name, "done": True}) is State.SUCCEEDED
    assert state(proposal, {"name": name, "done": True, "error": {"code": 1}}) is State.CANCELLED
    assert state(proposal, {"name": name, "done": True, "error": {"code": 8}}) is State.FAILED
    assert state(proposal, {}) is None


def test_an_api_without_any_word_is_read_by_its_http_status_if_the_samples_show_two() -> None:
    samples = [Sample(None, 202), Sample({"handle": "j-1", "rows": 3}, 200)]
    proposal = propose(samples, Known(url=URL))

    assert state(proposal, {"handle": "j-1"}) is State.SUCCEEDED
    assert state(proposal, {}, 202) is State.RUNNING
    assert state(proposal, {"error": "token expired"}) is None


def test_without_a_status_word_the_places_where_it_could_be_are_reported() -> None:
    proposal = proposed({"foo": "bar", "thing": {"mood": "happy"}})

    assert (proposal.has_status, proposal.candidates) == (False, ("foo", "thing.mood"))
    assert check(proposal.text, "d.yaml") == ()
    assert spec(proposed({"foo": "bar"}, status="foo"))["read"]["status"] == "foo"


def test_an_error_a_percentage_or_an_end_time_never_decides() -> None:
    proposal = proposed({"status": "running", "progress": 100, "error": "x", "ended_at": 1.8e9})

    assert "rules" not in spec(proposal)


def test_a_word_of_two_parts_is_understood_if_it_goes_on_or_went_wrong() -> None:
    words = ["build_in_progress", "validating_files", "TIMING-OUT", "update_failed",
             "USER_CANCELED", "SucceededPartial"]  # fmt: skip
    found = spec(proposed(*({"status": each} for each in words)))["states"]

    assert found["running"] == ["build_in_progress", "validating_files", "TIMING-OUT"]
    assert found["partial"] == ["SucceededPartial"]
    assert (found["failed"], found["cancelled"]) == (["update_failed"], ["USER_CANCELED"])


@pytest.mark.parametrize(
    "word",
    ["ROLLBACK_COMPLETE", "SETUP_DONE", "failed provisioning", "not_completed",
     "CompletedEmptyRecords", "no_error", "almost done", "build_succeeded", "published", "live"],
)  # fmt: skip
def test_no_success_is_put_together_out_of_parts(word: str) -> None:
    proposal = proposed({"status": "running"}, {"status": word})

    assert proposal.unclear == (word,)
    assert state(proposal, {"status": word}) is State.RUNNING


def test_ready_is_an_end_only_where_another_word_waits() -> None:
    def ready_after(*words: str) -> State | None:
        return state(proposed(*({"status": each} for each in words)), {"status": "ready"})

    assert ready_after("running", "ready") is State.RUNNING
    assert ready_after("ready", "running", "succeeded") is State.RUNNING
    assert ready_after("queued", "succeeded", "ready") is State.RUNNING
    assert ready_after("queued", "running", "ready") is State.SUCCEEDED


def test_the_success_of_a_part_is_not_that_of_the_whole() -> None:
    bodies = [{"latest_stage": {"name": "build", "status": each}} for each in ("active", "success")]
    proposal = proposed(*bodies)

    assert proposal.unclear == ("success",)
    assert proposal.notes
    assert state(proposal, bodies[1]) is State.RUNNING
    assert state(proposed(bodies[0]), bodies[1]) is State.RUNNING
    assert spec(proposed(bodies[0]))["states"]["succeeded"] == ["TODO"]


def test_a_success_of_the_request_is_not_that_of_the_operation() -> None:
    inside = [{"status": "success", "data": {"job": {"state": each}}} for each in
              ("running", "finished", "failed")]  # fmt: skip

    assert spec(proposed(*inside))["read"]["status"] == "data.job.state"
    assert state(proposed(inside[0]), inside[0]) is State.RUNNING

    bare = {"status": "success", "data": {"rows": 3}}
    assert state(proposed(bare), bare) is State.RUNNING
    assert proposed({"code": "Success", "data": {"rows": 3}}).has_status is False

    around_a_text = {"status": "success", "result": "copied"}
    assert state(proposed(around_a_text), around_a_text) is State.SUCCEEDED


def test_a_state_before_or_of_another_thing_is_passed_over() -> None:
    bodies = [{"previous_state": "passed", "state": each} for each in ("started", "failed")]

    assert spec(proposed(*bodies))["read"]["status"] == "state"

    stale = [{"upload": {"status": "complete"}, "transcode": {"status": each}} for each in
             ("in_progress", "complete")]  # fmt: skip
    assert spec(proposed(*stale))["read"]["status"] == "transcode.status"


@pytest.mark.parametrize("count", [1, 2, 3])
def test_a_status_that_stands_there_before_the_end_counts_at_the_end(count: int) -> None:
    bodies = [
        {"status": "SUCCESS", "state": "running"},
        {"status": "SUCCESS", "state": "finished"},
        {"status": "FAILURE", "state": "finished"},
    ]
    found = [state(proposed(*bodies[:count]), each) for each in bodies]

    assert found == [State.RUNNING, State.SUCCEEDED, State.FAILED][: len(found)]


def test_an_outcome_may_be_inside_of_the_state_or_not_be_there_yet() -> None:
    def body(name: str, result: str | None) -> dict[str, Any]:
        return {"state": {"name": name, "result": {"name": result} if result else None}}

    proposal = proposed(body("RUNNING", None), body("COMPLETED", "SUCCESSFUL"))
    assert state(proposal, body("COMPLETED", "SUCCESSFUL")) is State.SUCCEEDED
    assert state(proposal, body("COMPLETED", "FAILED")) is State.FAILED
    assert state(proposal, body("COMPLETED", None)) is State.RUNNING

    early = proposed({"status": "in_progress", "conclusion": None})
    assert state(early, {"status": "completed", "conclusion": "success"}) is State.SUCCEEDED
    assert state(early, {"status": "completed", "conclusion": None}) is State.RUNNING


def test_a_verdict_that_was_seen_to_be_bad_speaks_against_a_success() -> None:
    seen = [{"phase": "finished", "verdict": each} for each in ("passed", "failed")]
    proposal = proposed({"phase": "running"}, *seen)

    assert [state(proposal, each) for each in seen] == [State.SUCCEEDED, State.RUNNING]


def test_nothing_counts_while_a_flag_shows_that_it_goes_on() -> None:
    unclear = {"building": False, "result": "UNSTABLE"}
    proposal = proposed({"building": True, "result": None}, unclear,
                        {"building": False, "result": "SUCCESS"})  # fmt: skip
    alone = proposed({"building": True, "result": None})

    for each in (proposal, alone):
        assert state(each, {"building": True, "result": "SUCCESS"}) is State.RUNNING
        assert state(each, {"building": True, "result": None}) is State.RUNNING
    assert state(alone, {"building": False, "result": "SUCCESS"}) is State.SUCCEEDED

    early = {"processing": True, "status": "success"}
    assert state(proposed(early), early) is State.RUNNING
    assert state(proposed(early), {**early, "processing": False}) is State.SUCCEEDED


def test_an_end_beside_a_sentence_that_is_not_ok_has_failed() -> None:
    bodies: list[dict[str, Any]] = [
        {"status": "running"},
        {"status": "stopped", "exitstatus": "OK"},
        {"status": "stopped", "exitstatus": "command failed: exit code 1"},
    ]
    proposal = proposed(*bodies)

    found = [state(proposal, each) for each in (*bodies, {"status": "stopped"})]
    assert found == [State.RUNNING, State.SUCCEEDED, State.FAILED, State.RUNNING]


def test_where_all_ends_in_one_word_the_counts_show_how() -> None:
    def body(good: int, bad: int, lost: int = 0) -> dict[str, Any]:
        return {"status": "ended", "n": {"succeeded": good, "errored": bad, "canceled": lost}}

    proposal = proposed({"status": "running"}, body(1, 0))
    tried = [body(3, 0), body(2, 1), body(0, 3), body(2, 0, 1), body(0, 0)]
    found = [state(proposal, each) for each in tried]
    assert found == [State.SUCCEEDED, State.SUCCEEDED, State.FAILED, State.CANCELLED, State.RUNNING]


def test_done_is_no_success_beside_an_error_that_no_sample_shows() -> None:
    words = proposed({"status": {"state": "RUNNING"}}, {"status": {"state": "DONE"}})
    flag = proposed({"done": False}, {"done": True})

    assert state(words, {"status": {"state": "DONE"}}) is State.SUCCEEDED
    assert state(words, {"status": {"state": "DONE", "errors": ["x"]}}) is State.FAILED
    assert state(flag, {"done": True, "error": "x"}) is State.FAILED
    assert "# CHECK: no sample failed" in words.text


def test_a_flag_that_no_sample_shows_set_is_no_success() -> None:
    proposal = proposed({"done": False})

    assert proposal.has_status is False
    assert state(proposal, {"done": True}) is State.RUNNING


def test_flags_for_bad_ends_alone_leave_the_good_one_to_a_person() -> None:
    proposal = proposed({"failed": False, "cancelled": False, "finishedAt": None})

    assert proposal.has_status is False
    assert state(proposal, {"failed": True, "cancelled": False}) is State.FAILED
    assert state(proposal, {"failed": False, "cancelled": True}) is State.CANCELLED
    assert state(proposal, {"failed": False, "finishedAt": "2026-03-01"}) is State.RUNNING


def test_numbers_are_left_to_a_person() -> None:
    bodies = [{"state": each, "done": each > 1} for each in (1, 2, 3)]
    proposal = proposed(*bodies)

    assert proposal.unclear == ("1", "2", "3")
    assert [state(proposal, each) for each in bodies] == [State.RUNNING] * 3

    decided = proposed(*bodies, meanings={"1": "running", "2": "succeeded", "3": "failed"})
    assert [state(decided, each) for each in bodies] == [
        State.RUNNING,
        State.SUCCEEDED,
        State.FAILED,
    ]
    assert decided.unclear == ()
    assert "do not show what" not in decided.text


def test_numbers_do_not_count_beside_flags_unless_a_person_names_them() -> None:
    bodies = [{"state": each, "done": each > 1, "success": each > 1} for each in (1, 2)]
    proposal, named = proposed(*bodies), proposed(*bodies, status="state")

    assert [state(proposal, each) for each in bodies] == [State.RUNNING, State.SUCCEEDED]
    assert state(proposal, {**bodies[1], "success": False}) is State.FAILED
    assert spec(named)["read"]["status"] == "state"
    assert state(named, bodies[1]) is State.RUNNING


@pytest.mark.parametrize(
    "bodies",
    [
        [{"kind": "failed"}],
        [{"level": "success"}, {"level": "error"}],
        [{"message": "running"}, {"message": "done"}],
        [{"code": "pending"}],
    ],
)
def test_a_word_that_is_not_called_a_status_is_no_status_by_itself(bodies: list[Any]) -> None:
    proposal = proposed(*bodies)

    assert proposal.has_status is False
    assert not any(each and each.is_terminal for each in [state(proposal, b) for b in bodies])


# -- lists, and what is posted -------------------------------------------------------


def test_a_list_that_the_query_asks_for_is_a_batch() -> None:
    body = {"jobs": [{"id": "a-1", "status": "RUNNING"}, {"id": "b-2", "status": "FAILED"}]}
    found = spec(proposed(body, url="https://h.example/v1/jobs?ids=a-1,b-2&api-version=2"))

    assert found["batch"] == {"query": "ids", "style": "comma", "items": "jobs", "id": "id"}
    assert found["request"] == {"path": "/v1/jobs", "query": {"api-version": "2"}}
    assert found["read"]["status"] == "status"


def test_an_answer_that_is_a_list_may_be_a_batch() -> None:
    items = [{"id": "a-1", "status": "RUNNING"}, {"id": "b-2", "status": "FAILED"}]

    asked = spec(proposed(items, url="https://h.example/jobs?id[]=a-1&id[]=b-2"))
    assert asked["batch"] == {"query": "id", "style": "brackets", "items": "@", "id": "id"}


def test_a_list_of_one_that_the_path_names_is_looked_into() -> None:
    body = {"snapshots": [{"snapshot": "snap_1", "state": "SUCCESS"}], "total": 1}
    proposal = proposed(body, url="https://h.example/_snapshot/repo/snap_1")

    assert spec(proposal)["read"] == {
        "root": "snapshots[0]", "id": "snapshot", "status": "state",
    }  # fmt: skip


def test_a_list_of_what_is_not_the_operation_is_left_alone() -> None:
    body = {"id": "j-1", "conditions": [{"type": "Complete", "status": "False"}]}

    assert proposed(body).has_status is False


def test_what_was_posted_names_the_operation_and_keeps_no_secret() -> None:
    body = {"job_id": "j-1", "api_key": "s3cr3t", "scope": "mine", "tenant": "t-99", "n": 3}
    proposal = proposed({"status": "running"}, url="https://h.example/jobs/check", body=body)

    assert spec(proposal)["request"] == {
        "path": "/jobs/check",
        "body": {"job_id": "{id}", "scope": "mine", "tenant": "{tenant}", "n": 3},
    }
    assert spec(proposal)["params"] == {"tenant": {"required": True}}
    assert "s3cr3t" not in proposal.text
    assert "left out of the body" in proposal.text


@pytest.mark.parametrize(
    "token",
    [
        "s3cr3t-canary", "ghp_16C7e42F292c6912E7710c838347Ae178B4a", "QwErTyUiOpAsDf", "p@ss!word",
        "JBSWYPEHPKPXPJQX", "qmzlkwprtynvbxcdfghj", "correct horse battery staple",
        "{aB}", 4711998822, 47119.98822,
    ],
)  # fmt: skip
def test_a_value_that_may_be_a_token_is_not_written_whatever_its_key(token: Any) -> None:
    innocent = {"note": token, "in": {"id": token, "x y": [token, f"{token}2"]}, "9": f"{token}3"}
    known = {"job_id": "j-1", "kind": "byStatus", "api": "2.0", "n": None, "share": 0.5}
    url = "https://h.example/graphql"

    plain = proposed({"status": "running"}, url=url, body={**known, **innocent})
    assert str(token) not in plain.text
    assert spec(plain)["request"]["body"] == {
        **known, "job_id": "{id}", "note": "{note}",
        "in": {"id": "{note}", "x y": ["{note}", "{x_y}"]}, "9": "{value}",
    }  # fmt: skip
    assert list(spec(plain)["params"]) == ["note", "x_y", "value"]

    asked = {"query": "query($id: ID!) { job(id: $id) { state } }", "variables": innocent}
    assert str(token) not in proposed({"status": "running"}, url=url, body=asked).text


def test_a_graphql_query_is_kept_and_otherwise_asked_for() -> None:
    answer = {"data": {"node": {"__typename": "Run", "id": "R_1", "status": "RUNNING",
                                "steps": [{"name": "x"}]}}}  # fmt: skip
    url = "https://h.example/graphql"
    query = "query($id: ID!) { node(id: $id) { id } }"
    given = spec(proposed(answer, url=url, body={"query": query, "variables": {"id": "R_1"}}))

    assert given["request"]["graphql"] == {"query": query, "variables": {"id": "{id}"}}
    assert given["read"]["id"] == "data.node.id"
    assert "in a GraphQL query, give that with --data" in proposed(answer, url=url).text


# -- the other fields ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "field", "expected"),
    [
        ({"percentComplete": 40}, "progress", "percentComplete"),
        ({"metadata": {"progressPercent": "40"}}, "progress", "metadata.progressPercent"),
        ({"progress": 0.5}, "progress", {"ratio": "progress"}),
        ({"n": {"total": 9, "completed": 3}}, "progress",
         {"done": "n.completed", "total": "n.total"}),
        ({"progress": 20, "total": 200}, "progress", {"done": "progress", "total": "total"}),
        ({"total_count": 9, "completed_count": 3, "failed_count": 1}, "progress",
         {"done": ["completed_count", "failed_count"], "total": "total_count"}),
        ({"failed": 0, "total": 9}, "progress", None),
        ({"StartedOn": 1772355600.5}, "started", "StartedOn"),
        ({"failure": "boom", "failureCode": "E"}, "error",
         {"code": "failureCode", "message": "failure"}),
        ({"numberRecordsProcessed": "7"}, "progress", {"count": "numberRecordsProcessed"}),
        ({"bytes": 40}, "progress", None),
        ({"statusMessage": "copying"}, "message", "statusMessage"),
        ({"created_at": "2026-03-01T09:00:00Z"}, "created", "created_at"),
        ({"startTime": 1767225600123}, "started", "startTime"),
        ({"counts": {"completed": 45}}, "finished", None),
        ({"html_url": "https://acme.example/1"}, "link", "html_url"),
        ({"url": "https://api.acme.example/1"}, "link", None),
        ({"error": {"code": "E", "message": "m"}}, "error",
         {"code": "error.code", "message": ["error.message", "error"]}),
        ({"errorMessage": "m", "errorCode": "E"}, "error",
         {"code": "errorCode", "message": "errorMessage"}),
        ({"response": {"x": 1}}, "result", "response"),
    ],
)  # fmt: skip
def test_a_field_is_found_by_its_name_and_by_what_is_there(
    body: dict[str, Any], field: str, expected: Any
) -> None:
    assert spec(proposed({"status": "running", **body}))["read"].get(field) == expected


def test_an_etag_is_used() -> None:
    sample = Sample({"status": "running"}, 200, Headers((("ETag", '"1"'),)))

    assert spec(propose([sample], Known(url=URL)))["conditional"] is True


def test_the_header_that_handed_over_the_url_comes_first() -> None:
    headers = Headers((("Operation-Location", URL), ("Retry-After", "5")))
    found = spec(propose([Sample({"status": "accepted"}, 202, headers)], Known()))

    assert found["handoff"][0] == {"header": "Operation-Location"}


def test_bad_answers_are_no_samples() -> None:
    samples = [Sample({"status": "running"}), Sample({"status": "GoneBad"}, 500)]

    proposal = propose(samples, Known())

    assert proposal.used == 1
    assert "GoneBad" not in proposal.text


# -- where the API is ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "ids", "path", "params"),
    [
        (URL, ["j-1"], "/v1/jobs/{id}", ()),
        ("https://h/schedules/sched-1/operations/op-1", [],
         "/schedules/{schedule_id}/operations/{id}", ("schedule_id",)),
        ("https://h/rest/api/3/task/10641", [], "/rest/api/3/task/{id}", ()),
        ("https://h/v2/instances/i-1/last_operation", [], "/v2/instances/{id}/last_operation", ()),
        ("https://h/v1/p/projects/operations/9", ["projects/operations/9"], "/v1/p/{id}", ()),
        ("https://h/dags/nightly/runs/r-1", ["nightly", "r-1"],
         "/dags/{dag_id}/runs/{id}", ("dag_id",)),
        ("https://h/get?run=9001&api-version=7.1", ["9001"], "/get", ()),
        ("https://h/a%20b/7x", [], "/a%20b/{id}", ()),
        ("https://h/builds/id:5512", ["5512"], "/builds/id:{id}", ()),
        ("https://h/jobs/8b7260.json", ["8b7260"], "/jobs/{id}.json", ()),
        ("https://h/api2/json/tasks/u-1/status", [], "/api2/json/tasks/{id}/status", ()),
    ],
)  # fmt: skip
def test_a_url_is_taken_apart(url: str, ids: list[str], path: str, params: tuple[str, ...]) -> None:
    found = addressing_of(url, ids)

    assert (found.path, found.params) == (path, params)


def test_only_what_is_the_same_for_all_is_kept_of_a_query() -> None:
    found = addressing_of("https://h/j/7x?api-version=2024-01-01&sig=SECRET&user=me")

    assert (dict(found.query), found.dropped) == ({"api-version": "2024-01-01"}, ("sig", "user"))


def test_the_id_is_the_field_that_stands_in_the_url() -> None:
    bodies = [{"id": 77, "jobId": "j-1", "status": word} for word in ("running", "done")]

    assert spec(proposed(*bodies))["read"]["id"] == "jobId"
    assert ids_of([Sample(bodies[0])], URL) == ["j-1"]


def test_where_the_id_is_not_clear_a_comment_asks_for_it() -> None:
    body = {"status": "running"}

    assert "which part of the path is the id" in proposed(body, url="https://h.example/jobs").text
    assert "which part" not in proposed(body, url="https://h.example/jobs/j-1").text


def test_samples_of_several_operations_are_each_held_against_their_own_url() -> None:
    samples = [Sample({"job": each, "status": "running"}, url=f"https://h/j/{each}") for each in
               ("a-1", "b-2")]  # fmt: skip

    assert spec(propose(samples, Known()))["read"]["id"] == "job"


def test_without_a_url_operations_are_named_by_theirs() -> None:
    proposal = propose([Sample({"id": "7", "status": "running"})], Known())

    assert spec(proposal)["base_url"] == "{server}"
    assert proposal.name == "my-api"


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("https://api.acme.com/x", "acme"),
        ("https://api.replicate.com/x", "my-replicate"),
        ("http://127.0.0.1:8000/x", "my-api"),
        (None, "my-api"),
    ],
)
def test_a_name_is_made_of_the_host(url: str | None, name: str) -> None:
    assert name_for(url) == name


# -- what is written -----------------------------------------------------------------


def test_nothing_of_a_sample_but_keys_and_status_words_is_written() -> None:
    secret = "s3cr3t-canary"
    body = {
        "id": f"{secret}-1", "status": "running", "message": secret, "token": secret,
        "owner": {"mail": f"{secret}@x"}, "html_url": f"https://x/{secret}",
    }  # fmt: skip
    url = f"https://api.acme.example/jobs/{secret}-1?token={secret}"

    assert secret not in proposed(body, url=url).text


def test_auth_is_as_the_sample_was_asked() -> None:
    body = {"status": "running"}

    assert spec(proposed(body, is_open=True))["auth"] == "none"
    assert spec(proposed(body, name="x-y"))["auth"] == {"bearer": {"env": "X_Y_TOKEN"}}


@pytest.mark.parametrize(
    "text",
    ["NO", "on", "1.10", "null", "a: b", "# x", "it's", 'a"b', "", " x ", "a\nb", "é", "{id}"],
)
def test_any_text_is_read_back_as_it_was(text: str) -> None:
    whole = f"key: {scalar(text)}\nlist: [{scalar(text)}]\n"

    assert parse("t", whole).plain() == {"key": text, "list": [text]}


NAMES = st.sampled_from(["id", "status", "state", "done", "error", "result", "x y", "a'b", "ß"])
LEAVES = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=9),
    st.sampled_from(["running", "DONE", "failed", "2026-01-01T00:00:00Z", "https://x.example/"]),
)  # fmt: skip
JSON = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.one_of(NAMES, st.text()), inner, max_size=4)
    ),
    max_leaves=12,
)


@settings(max_examples=60)
@given(st.lists(st.tuples(JSON, st.sampled_from([200, 202, 204, 404])), max_size=4))
def test_whatever_the_samples_are_the_draft_has_no_problems(found: list[tuple[Any, int]]) -> None:
    samples = [Sample(data, status) for data, status in found]
    for known in (Known(), Known(url=URL)):
        proposal = propose(samples, known)

        assert check(proposal.text, "d.yaml") == (), proposal.text


def test_no_word_of_the_vocabulary_means_two_ends() -> None:
    known = vocabulary()

    assert known["succeeded"] == "succeeded"
    assert "skipped" not in known
    assert "terminated" not in known
