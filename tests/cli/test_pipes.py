"""What opwatch writes for programs, and what it reads of that: JSON with all that is needed to go on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from cli.inside import profile
from output.schemas import VALIDATE_DOCUMENT
from servers.echo import Api
from servers.oauth import Reply

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cli.inside import Inside
    from servers.oauth import Asked

NO_TOKEN = {"auth": "none"}


def _say(asked: Asked) -> Reply:
    """Return the answer about the operation whose id is its status: ``/ops/done``."""
    status = asked.path.partition("?")[0].rpartition("/")[2]
    return Reply(200, {"id": status, "status": status})


@pytest.fixture
def api() -> Iterator[Api]:
    with Api(_say) as running:
        yield running


@pytest.fixture
def opwatch(inside: Inside, api: Api) -> Inside:
    mine = profile(api.base, params={"team": {"default": "a"}}, **NO_TOKEN)
    mine["request"] = {"path": "/{team}/ops/{id}"}
    inside.configure(mine=mine, other=profile(api.base, **NO_TOKEN))
    return inside


def _document(ran: Any) -> Any:
    VALIDATE_DOCUMENT(ran.document)
    return ran.document


# -- the document --------------------------------------------------------------------------


def test_the_json_tells_which_line_of_yaml_has_decided(opwatch: Inside) -> None:
    ran = opwatch.run("get", "-p", "mine", "--json", "done", "running", "odd")

    done, running, odd = (each["decided_by"] for each in _document(ran)["operations"])
    assert (done["rule"], running["rule"]) == ("states.succeeded", "states.running")
    assert odd["rule"] == "unknown word"
    assert done["file"] == opwatch.environ["OPWATCH_CONFIG"]
    assert done["line"] == 1  # JSON on one line


def test_the_json_tells_with_which_parameters_an_operation_was_asked_about(
    opwatch: Inside, api: Api
) -> None:
    ran = opwatch.run("get", "-p", "mine", "--param", "team=b", "--json", "done", "/c/ops/done")

    first, second = _document(ran)["operations"]
    assert (first["params"], second["params"]) == ({"team": "b"}, {"team": "c"})
    assert first["origin"] == api.base
    assert first["elapsed_seconds"] >= 0


def test_the_json_of_a_wait_that_was_not_finished_has_the_command_that_goes_on(
    opwatch: Inside,
) -> None:
    ran = opwatch.run("wait", "-p", "mine", "-t", "0", "--json", "done", "running")

    assert ran.code == 124
    config = opwatch.environ["OPWATCH_CONFIG"]
    assert _document(ran)["resume"] == f"opwatch wait -p mine --config {config} running"
    assert ran.document["resume"] in ran.err


def test_the_json_has_what_the_run_warned_of_and_so_has_the_last_line_of_jsonl(
    opwatch: Inside,
) -> None:
    ran = opwatch.run("wait", "-p", "mine", "-t", "0", "--json", "odd")
    lines = opwatch.run("wait", "-p", "mine", "-t", "0", "--jsonl", "odd").out.splitlines()

    (warning,) = _document(ran)["warnings"]
    assert "odd" in warning
    assert lines[-1].count(warning[:20]) == 1


def test_the_json_of_an_error_has_what_to_do_about_it(opwatch: Inside) -> None:
    unknown = opwatch.run("wait", "--json", "some-id")
    denied = opwatch.run("wait", "-p", "github-actions", "--param", "owner=o", "--param", "repo=r",
                         "--json", "1")  # fmt: skip

    for ran, code in ((unknown, 2), (denied, 4)):
        assert ran.code == code, ran.err
        assert _document(ran)["fix"]
        assert ran.document["fix"][0].split()[0] in ran.err
