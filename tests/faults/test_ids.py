"""Faults 99 to 107: ids and URLs that would lead somewhere else, and where they lead instead."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli.program import Program
from faults.catalogue import fault
from faults.whole import CANARY, DONE, api
from opwatch.domain.errors import UsageError
from opwatch.domain.origin import OriginError, parse_origin
from opwatch.session.input import read_references
from profiles.making import profile
from servers.raw import http

if TYPE_CHECKING:
    from pathlib import Path

    from faults.whole import Ended, Wait

ANY = http(b'{"status": "done"}')


def path_of(request: bytes) -> str:
    return request.split(b" ", 2)[1].decode()


def refused(ended: Ended) -> str:
    """Return the line that says why nothing was asked."""
    assert (ended.code, ended.document["exit_reason"], ended.operations) == (2, "usage", [])
    first, *more = ended.err.splitlines()
    assert first.startswith("opwatch: ")
    assert all(each.startswith("  to fix") for each in more)
    return first


# -- bare ids ------------------------------------------------------------------------


@fault(99)
@pytest.mark.parametrize(
    "name", ["..", ".", "%2e%2e", "%2E.", "%252e%252e", "/ops/..", "/ops/%2e%2e", "/../ops/a"]
)
def test_dots_that_climb_are_refused(wait: Wait, name: str) -> None:
    with api(ANY) as server:
        ended = wait(server.url, name)

        assert "'.' or '..' segment" in refused(ended)
        assert server.requests == []


@fault(100)
@pytest.mark.parametrize(("name", "asked"), [("a/b", "a%2Fb"), ("a%2Fb", "a%252Fb")])
def test_a_slash_in_an_id_is_part_of_it(wait: Wait, name: str, asked: str) -> None:
    with api(ANY) as server:
        ended = wait(server.url, name)

        assert (ended.code, [path_of(each) for each in server.requests]) == (0, [f"/ops/{asked}"])


@fault(100)
def test_a_slash_separates_segments_where_the_profile_says_so(wait: Wait) -> None:
    wide = {"id": {"encode": "path"}}
    with api(ANY) as server:
        good = wait(server.url, "projects/p/operations/o 1", params=wide)
        bad = [wait(server.url, each, params=wide) for each in ("a//b", "a/../b", "a/%2e%2e/b")]

        assert good.code == 0
        assert [path_of(each) for each in server.requests] == ["/ops/projects/p/operations/o%201"]
        assert all(map(refused, bad))


@fault(101)
@pytest.mark.parametrize("name", ["a?b=c", "a#b", "a?", "a&b;c", "a+b"])
def test_a_question_mark_or_a_hash_neither_asks_nor_cuts(wait: Wait, name: str) -> None:
    with api(ANY) as server:
        ended = wait(server.url, name)

        assert (ended.code, path_of(server.requests[0])) == (0, f"/ops/{quote(name, safe='')}")
        assert ended.one["id"] == name


@fault(102)
@pytest.mark.parametrize("name", ["a b", "smörgås", "😀", "a\u202eb", "a\u200bb", "\uff41"])
def test_an_id_in_any_script_is_asked_about_and_shown_without_tricks(wait: Wait, name: str) -> None:
    with api(ANY) as server:
        ended = wait(server.url, name)

        assert (ended.code, path_of(server.requests[0])) == (0, f"/ops/{quote(name, safe='')}")
    assert not {"\u202e", "\u200b"} & set(ended.err + ended.out)
    assert ended.one["id"] == name


@fault(103)
@pytest.mark.parametrize("name", ["a\nb", "a\x00b", "a\rb", "a\x1b[2Jb", "\x7f", "a\x9bb", "a%0Ab"])
def test_a_control_character_in_an_id_is_refused(wait: Wait, name: str) -> None:
    with api(ANY) as server:
        ended = wait(server.url, name)

        assert "control character" in refused(ended)
        assert server.requests == []


@fault(104)
def test_an_id_that_looks_like_an_option_is_one_behind_two_dashes(tmp_path: Path) -> None:
    with api(ANY) as server:
        program = _program(tmp_path, server.url)
        dashed = program.run("get", "--json", "--", "-x", "--help")
        piped = program.run("get", "--json", "-", stdin="--help\n-x\n--token-stdin\n")
        bare = program.run("get", "--json", "--no-such")

    assert [each["id"] for each in dashed.document["operations"]] == ["-x", "--help"]
    assert [each["id"] for each in piped.document["operations"]] == [
        "--help", "-x", "--token-stdin",
    ]  # fmt: skip
    assert (dashed.code, piped.code, bare.code) == (0, 0, 2)


@fault(104)
def test_the_command_to_go_on_is_right_for_such_an_id(tmp_path: Path) -> None:
    with api(http(b'{"status": "running"}')) as server:
        program = _program(tmp_path, server.url)
        ran = program.run("wait", "--no-state", "--timeout", "0", "--", "-x", "a b")

    assert ran.err.splitlines()[-1].startswith("opwatch to go on: opwatch wait ")
    assert ran.err.endswith(" -- -x 'a b'\n")


def _program(home: Path, url: str) -> Program:
    config = home / "config.yaml"
    shape = {
        "base_url": url,
        "request": {"path": "/ops/{id}"},
        "auth": {"bearer": {"env": "API_TOKEN"}},
        "read": {"status": "status"},
        "states": {"running": ["running"], "succeeded": ["done"]},
    }
    config.write_text(json.dumps({"version": 1, "profiles": {"api": shape}}))
    program = Program(home)
    program.environ |= {
        "OPWATCH_CONFIG": str(config), "OPWATCH_PROFILE": "api", "API_TOKEN": CANARY,
    }  # fmt: skip
    return program


@fault(105)
@pytest.mark.parametrize("name", ["", " ", "\t"])
def test_an_empty_id_is_refused(wait: Wait, name: str) -> None:
    with api(ANY) as server:
        assert "the reference is empty" in refused(wait(server.url, name))
        assert server.requests == []


# -- URLs ----------------------------------------------------------------------------


@fault(106)
@pytest.mark.parametrize("name", ["@evil", "evil.example", "a@evil.example:80", "javascript:1"])
def test_an_id_that_holds_a_host_goes_to_ours(wait: Wait, name: str) -> None:
    with api(ANY) as server:
        ended = wait(server.url, name)

        assert (ended.code, path_of(server.requests[0])) == (0, f"/ops/{quote(name, safe='')}")


@fault(106)
def test_a_url_of_another_origin_is_refused_and_never_asked(wait: Wait) -> None:
    with api(DONE) as evil, api(ANY) as server:
        for reference in (f"{evil.url}/ops/a", "//evil.example/x", f"{server.url}0/ops/a"):
            assert refused(wait(server.url, reference))
        said = refused(wait(server.url, f"{evil.url}/ops/a"))

        assert f"{evil.url} is not the profile's own ({server.url})" in said
        assert (evil.requests, server.requests) == ([], [])


@fault(106)
def test_a_url_of_our_origin_is_asked_as_it_is(wait: Wait) -> None:
    with api(ANY) as server:
        ended = wait(server.url, f"{server.url}/other/way?x=1#frag")

        assert (ended.code, path_of(server.requests[0])) == (0, "/other/way?x=1")


AMBIGUOUS = [
    "http://user@{host}/ops/a",
    "http://user:{canary}@{host}/ops/a",
    "http://{host}\\@evil.example/ops/a",
    "http://evil.example\\@{host}/ops/a",
    "http://{host}%2f@evil.example/ops/a",
    "http://a%2fb.example/ops/a",
    "http:///ops/a",
    "http://{bare}:99999/ops/a",
    "http://{bare}:0/ops/a",
    "http://{bare}:80a/ops/a",
    "http://[::1/ops/a",
    "http://{host}\t.evil.example/ops/a",
    "http://{host}/ops/a\nHost: evil",
    "http://faß.example/ops/a",
    "http://{host}.evil.example/ops/a",
    "https://{host}/ops/a",
]


@fault(107)
@pytest.mark.parametrize("url", AMBIGUOUS)
def test_a_url_that_two_parsers_read_differently_is_refused(wait: Wait, url: str) -> None:
    with api(ANY) as server:
        host = server.url.removeprefix("http://")
        reference = url.format(host=host, bare=host.partition(":")[0], canary=CANARY)
        ended = wait(server.url, reference)

        assert refused(ended)
        assert server.requests == []


@fault(107)
def test_spellings_of_one_host_are_one_host(wait: Wait) -> None:
    wait.names |= {"api.localhost": "127.0.0.1", "api.localhost.": "127.0.0.1"}
    with api(ANY) as server:
        base = f"http://api.localhost:{server.port}"
        for spelt in (
            f"http://API.LocalHost:{server.port}",
            f"http://api.localhost.:{server.port}",
        ):
            assert wait(base, f"{spelt}/ops/a").code == 0
        assert len(server.requests) == 2


@fault(107)
@given(st.text(max_size=40))
def test_no_text_makes_the_origin_parser_fail_with_anything_but_its_own_error(text: str) -> None:
    for url in (text, f"https://{text}", f"https://good.example{text}/"):
        with suppress(OriginError):
            origin = parse_origin(url)
            assert origin.host
            assert not set(origin.host) & set("/\\@%?# ")


@fault(99, 100, 101, 102, 103, 105, 106, 107)
@given(st.text(max_size=60))
def test_no_reference_leads_to_another_host_or_another_path(text: str) -> None:
    bound = profile()
    try:
        target = bound.target(text)
    except UsageError:
        return
    url = bound.request([target]).url
    assert str(parse_origin(url)) == "https://api.example.com"
    if target.url is None:
        assert url == f"https://api.example.com/ops/{quote(target.id, safe='')}"


@fault(103, 104, 105)
@given(st.binary(max_size=200))
def test_nothing_on_standard_input_fails_but_as_a_usage_error(data: bytes) -> None:
    try:
        found = read_references(data)
    except UsageError:
        return
    if isinstance(found, tuple):
        assert all(isinstance(each.text, str) for each in found)
