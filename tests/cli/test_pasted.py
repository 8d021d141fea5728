"""Each command that is printed, pasted into a shell, is for the same profile as the run was."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from cli.inside import profile
from command_tree import read_tree
from opwatch.cli.options import ProfileOptions
from opwatch.cli.selection import Selection
from opwatch.domain.command_line import NOT_OFFERED, OF_PROFILE, command_to_paste
from opwatch.domain.operation import Basis, Operation
from opwatch.domain.outcome import Outcome, Policy, Reason
from opwatch.domain.trouble import Fault, Trouble
from opwatch.output.text.summary import remedy
from servers.echo import Api
from servers.oauth import Reply

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cli.inside import Inside
    from servers.oauth import Asked

TOKEN = "token-0b1c7f3a"
COMMAND = re.compile(
    r"opwatch (?:auth|profile|wait|get)\b.*?(?=  |$|; see|\)| shows)", re.MULTILINE
)
EVERY = frozenset({"--config", "--ca-file", "--token-stdin"}) | OF_PROFILE


@pytest.fixture
def api() -> Iterator[Api]:
    def answer(asked: Asked) -> Reply:
        if "refused" in asked.path:
            return Reply(400, {"error": "no"})
        if asked.headers.get("authorization") != f"Bearer {TOKEN}":
            return Reply(401, {"message": "no"})
        return Reply(body={"id": asked.path.rpartition("/")[2], "status": "running"})

    with Api(answer) as server:
        yield server


@pytest.fixture
def chosen(inside: Inside, api: Api) -> list[str]:
    """Return options without each of which another profile, host or path would be meant."""
    mine = profile("https://api.example.com", request={"path": "/{team}/ops/{id}"})
    mine |= {"params": {"team": {"required": True}}}
    path = inside.configure(mine=mine, own=profile(api.base))
    del inside.environ["OPWATCH_CONFIG"]
    inside.environ["API_TOKEN"] = TOKEN
    named = path.rename(path.with_name("my config.yaml"))
    return ["--config", str(named), "--base-url", api.base, "--param", "team=b c"]


def commands(text: str) -> list[list[str]]:
    return [shlex.split(each)[1:] for each in COMMAND.findall(text)]


@pytest.mark.parametrize("is_named", [True, False])
def test_h5_each_command_of_every_advice_is_for_the_same_profile(
    *, is_named: bool, inside: Inside, api: Api, chosen: list[str]
) -> None:
    config, base_url, param = chosen[1::2]
    options = ProfileOptions(profile="mine", config=Path(config), base_url=base_url, param=[param])
    if is_named:
        (target,) = Selection(options, ("a",), inside.environ).plan(Policy(once=True)).targets
    else:
        url = f"{api.base}/ops/a"
        options = ProfileOptions(config=Path(config))
        (target,) = Selection(options, (url,), inside.environ).plan(Policy(once=True)).targets
        assert (target.profile, target.basis) == ("own", Basis.ADDRESS)
    ended = Operation(target, 0.0, outcome=Outcome.UNKNOWN, reason=Reason.LOST_CONTACT)
    found = {
        tuple(words)
        for fault in Fault
        for words in commands(remedy(Trouble(fault, host="api.example.com"), ended))
    }

    assert {each[:2] for each in found} == {
        ("profile", "explain"),
        ("auth", "test"),
        ("auth", "status"),
    }
    for words in found:
        ran = inside.run(*words)

        assert ran.code == 0, (words, ran.err, ran.out)
        path = "/b%20c/ops/a" if is_named else "/ops/a"
        shown = f"GET {api.base}{path}" if words[1] == "explain" else api.base
        assert shown in ran.out
        assert re.match(rf"profile +{target.profile}\b", ran.out)


def printed(inside: Inside, *arguments: str, **more: Any) -> list[list[str]]:
    ran = inside.run(*arguments, **more)
    found = commands(ran.err + ran.out)
    assert found, (ran.err, ran.out)
    return found


def test_h5_what_each_run_prints_is_for_the_same_profile(
    inside: Inside, api: Api, chosen: list[str]
) -> None:
    usual = ["-p", "mine", *chosen]
    (explain,) = printed(inside, "get", *usual, "refused")
    (again,) = printed(inside, "wait", *usual, "--no-state", "-t", "0", "a", "--", "-b")
    (test,) = printed(inside, "start", *usual, "POST", "/jobs", environ={"API_TOKEN": "bad-token"})
    (tried,) = printed(inside, "profile", "explain", *usual, "a")
    (known,) = printed(inside, "get", "-p", "mien", *chosen, "a")
    (listed,) = printed(inside, "get", *chosen, "a")
    (kept,) = printed(inside, "wait", *usual, "-t", "0", "a")
    before = len(api.requests)

    assert f"{api.base}/b%20c/ops/refused" in inside.run(*explain).out
    assert (inside.run("wait", "-t", "0", *again[1:]).code, inside.run(*test).code) == (124, 0)
    assert inside.run(*tried).code == 0
    assert inside.run("wait", "-t", "0", *kept[1:]).code == 124
    paths = {each.path for each in api.requests[before:]}
    assert paths == {"/b%20c/ops/a", "/b%20c/ops/-b", "/"}
    for words in (known, listed):
        assert "mine" in inside.run(*words).out


def test_h5_a_token_from_standard_input_is_asked_for_again(
    inside: Inside, chosen: list[str]
) -> None:
    del inside.environ["API_TOKEN"]
    usual, given = ["-p", "mine", *chosen, "--token-stdin"], TOKEN.encode()
    (whole,) = printed(inside, "wait", *usual, "--no-state", "-t", "0", "a", stdin=given)
    (kept,) = printed(inside, "wait", *usual, "-t", "0", "a", stdin=given)
    (test,) = printed(inside, "get", *usual, "a", stdin=b"bad-token")

    for words in (whole, kept):
        assert inside.run("wait", "-t", "0", *words[1:], stdin=given).code == 124, words
    assert inside.run(*test, stdin=given).code == 0
    assert "--token-stdin" in json.dumps(inside.run("history").out)


def test_each_command_has_exactly_the_options_that_it_offers() -> None:
    offered = {
        " ".join(node.words[1:]): {name for flag in node.flags for name in flag.names}
        for node in read_tree().walk()
    }
    asked_for = {"auth login": {"--token-stdin"}}

    for command, left_out in NOT_OFFERED.items():
        has = offered[command] & EVERY
        assert has - asked_for.get(command, set()) == EVERY - left_out, command


def test_what_a_command_does_not_offer_is_left_out_and_a_dash_is_no_option() -> None:
    options = (("-p", "it's"), ("--param", "a=b c"), ("--token-stdin",), ("--ca-file", "x.pem"))

    found = command_to_paste("profile explain", options, references=["-x"])

    assert found == """opwatch profile explain -p 'it'"'"'s' --param 'a=b c' -- -x"""
    assert command_to_paste("profile list", options) == "opwatch profile list"
