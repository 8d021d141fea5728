"""The security rules S1 to S18 at the door of the program, each by its number.

What a room decides alone is shown in the tests of that room; the canary of rule S5
is in ``test_secrets``.
"""

from __future__ import annotations

import ast
import json
import os
import re
import sys
import tomllib
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest

import opwatch
from cli.inside import profile
from command_tree import read_tree
from servers.echo import Api
from servers.oauth import Asked, OAuthServer, Reply
from servers.raw import RawServer, flood, http, read, send

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cli.inside import Inside

CANARY: Final = "canary-of-security-5d2e"
PACKAGE: Final = Path(opwatch.__file__).parent
ROOT: Final = Path(__file__).resolve().parents[2]
API: Final = "https://api.example.com"


def done(asked: Asked) -> Reply:
    return Reply(body={"id": asked.path.rpartition("/")[2], "status": "done"})


@pytest.fixture
def api(inside: Inside) -> Iterator[Api]:
    inside.environ["API_TOKEN"] = CANARY
    with Api(done) as server:
        inside.configure(mine=profile(server.base))
        yield server


@cache
def modules() -> list[tuple[str, ast.Module]]:
    return [
        (path.relative_to(PACKAGE).as_posix(), ast.parse(path.read_text("utf-8")))
        for path in sorted(PACKAGE.rglob("*.py"))
    ]


@cache
def source(tree: ast.AST) -> str:
    """Return the source of *tree*, without its comments."""
    return ast.unparse(tree)


@cache
def calls(tree: ast.AST) -> list[tuple[str, ast.Call]]:
    """Return each call in *tree* with the dotted name of what is called."""
    return [(ast.unparse(node.func), node) for node in ast.walk(tree) if isinstance(node, ast.Call)]


# -- S1 to S4: where a request goes ----------------------------------------------------


@pytest.mark.parametrize(
    "reference",
    [
        "https://evil.example/ops/a",
        "http://api.example.com/ops/a",
        "https://api.example.com:8443/ops/a",
        "https://api.example.com@evil.example/ops/a",
        "https://api.example.com\\@evil.example/ops/a",
        "https://api.example.com.evil.example/ops/a",
        "https://api.example.com%2f@evil.example/ops/a",
        "https://\uff41pi.example.com/ops/a",
        "//evil.example/ops/a",
    ],
)
@pytest.mark.parametrize("auth", [{"bearer": {"env": "API_TOKEN"}}, "none"], ids=["bearer", "none"])
def test_s1_a_reference_to_another_origin_is_refused_before_any_request(
    reference: str, auth: Any, inside: Inside
) -> None:
    inside.environ["API_TOKEN"] = CANARY
    inside.configure(mine=profile(API, auth=auth))

    for words in (("get", "-p", "mine", reference), ("auth", "test", "-p", "mine", reference)):
        ran = inside.run(*words)

        assert ran.code == 2, ran.err
        assert CANARY not in ran.out + ran.err


def test_s2_redirects_are_followed_three_times_and_not_to_plain_http(
    inside: Inside, api: Api
) -> None:
    def next_one(asked: Asked) -> Reply:
        return Reply(302, {}, (("Location", asked.path + "x"),))

    api.say = next_one
    ran = inside.run("get", "-p", "mine", "--json", "a")
    followed = len(api.requests)
    api.say = lambda _: Reply(302, {}, (("Location", "http://api.example.com/"),))
    away = inside.run("get", "-p", "mine", "--json", "a")

    errors = [each.document["operations"][0]["error"]["code"] for each in (ran, away)]
    assert (ran.code, away.code, followed) == (6, 6, 4)
    assert errors == ["redirect_loop", "foreign_origin"]


def test_s3_plain_http_is_refused_and_no_option_turns_tls_off(inside: Inside) -> None:
    inside.environ["API_TOKEN"] = CANARY
    inside.configure(mine=profile("http://api.example.com"))

    assert inside.run("get", "-p", "mine", "a").code == 2
    assert inside.run("get", "-p", "mine", "--base-url", "http://x.example", "a").code == 2
    names = {name for node in read_tree().walk() for flag in node.flags for name in flag.names}
    assert not {name for name in names if re.search("insecure|verify|no-check|trust", name)}
    assert "--ca-file" in names


def test_s4_neither_netrc_nor_the_librarys_own_proxies_are_used(inside: Inside) -> None:
    netrc = inside.home / ".netrc"
    netrc.write_text(f"machine 127.0.0.1 login ada password {CANARY}\n")
    netrc.chmod(0o600)
    with Api(done) as sink, Api(done) as server:
        inside.configure(mine=profile(server.base, auth="none"))
        proxies = dict.fromkeys(("http_proxy", "HTTP_PROXY", "ALL_PROXY"), sink.base)

        ran = inside.run("get", "-p", "mine", "a", environ={"NETRC": str(netrc), **proxies})

    assert (ran.code, sink.requests, len(server.requests)) == (0, [], 1)
    assert "authorization" not in server.requests[0].headers


# -- S5, S6: the secret itself ---------------------------------------------------------

# Who opens a secret: to put it on the wire, to check, store, mask or register it.
OPENERS: Final = {
    "cli/commands/demo.py": "prints the token of its own server",
    "credentials/token.py": "writes and reads what is kept",
    "credentials/keyring.py": "hands it to the keyring, through a pipe",
    "credentials/redaction.py": "learns what to mask",
    "credentials/search.py": "reads a part that is no secret",
    "credentials/validation.py": "checks its characters, and reads the end of a JSON Web Token",
    "http/request.py": "puts it on the wire",
    "output/commands/login.py": "prints it where a person asks for it, with --print",
    "output/ci/github.py": "registers it with the runner of GitHub",
    "session/session.py": "gives the cookies of a piped answer to the client",
}


def test_s5_a_secret_is_opened_by_few_and_known_modules() -> None:
    openers = {
        name
        for name, tree in modules()
        if any(isinstance(node, ast.Attribute) and node.attr == "reveal" for node in ast.walk(tree))
    }

    assert openers == set(OPENERS)


def test_s5_nothing_is_logged_or_printed_past_the_sinks() -> None:
    for name, tree in modules():
        if name == "credentials/keyring_worker.py":
            continue
        for called, _ in calls(tree):
            assert called not in {"print", "logging.getLogger", "warnings.warn"}, name


@pytest.mark.parametrize("bad", ["\n", "\r\nX-Evil: 1", "\x00", " ", "\u20ac", "\x7f"])
def test_s6_a_token_that_would_write_more_than_itself_is_not_sent_and_not_shown(
    bad: str, inside: Inside, api: Api
) -> None:
    token = f"{CANARY}{bad}{CANARY}"

    ran = inside.run("get", "-p", "mine", "-v", "--token-stdin", "a", stdin=token.encode())

    assert (ran.code, api.requests) == (4, [])
    assert "--token-stdin holds " in ran.err
    assert CANARY not in ran.out + ran.err


@pytest.mark.parametrize("name", ["Host", "Content-Length", "Transfer-Encoding", "X Y", "X\nY"])
def test_s6_a_header_that_frames_the_message_is_refused(name: str, inside: Inside) -> None:
    inside.environ["API_TOKEN"] = CANARY
    secret = {"header": {"name": name, "from": {"env": "API_TOKEN"}}}
    for changes in ({"auth": secret}, {"request": {"path": "/{id}", "headers": {name: "x"}}}):
        inside.configure(mine=profile(API, **changes))

        assert inside.run("get", "-p", "mine", "a").code == 2


# -- S7, S8: what a server may say -----------------------------------------------------

EVIL: Final = "\x1b[2J\x1b]0;owned\x07\x9b31m\r\nopwatch: all succeeded\n\u202e\u2066\u2028\x85\x08"
COMMANDS: Final = "::error::owned\n##[error]owned ##vso[task.complete]x ##teamcity[x]"


def hostile(text: str) -> dict[str, Any]:
    return {
        "id": "a",
        "status": "failed",
        "message": text,
        "error": {"code": text, "message": text, "details": {text: [text]}},
        "link": f"https://example.com/{text}",
        "result": {text: text},
    }


@pytest.mark.parametrize("form", [(), ("--json", "--raw")], ids=["table", "json"])
@pytest.mark.parametrize("text", [EVIL, COMMANDS], ids=["s7", "s8"])
def test_s7_s8_remote_text_moves_no_cursor_forges_no_line_and_commands_no_runner(
    text: str, form: tuple[str, ...], inside: Inside, api: Api
) -> None:
    api.say = lambda _: Reply(200, hostile(text), (("ETag", "::warning::x"), ("Server", "##[x]")))

    for words in (("get",), ("wait", "-t10s", "-v")):
        ran = inside.run(*words, "-p", "mine", *form, "a")

        said = ran.out + ran.err
        assert ran.code == 1, ran.err
        assert not re.search(
            "[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]", said
        )
        assert not re.search(r"(?m)^\s*::|##\[|##vso\[|##teamcity\[", said)
        assert not re.search(r"(?m)^opwatch: all succeeded", said)


def test_s8_remote_text_can_register_no_mask(inside: Inside, api: Api) -> None:
    api.say = lambda _: Reply(200, hostile("x\n::add-mask::succeeded"))

    ran = inside.run("wait", "-p", "mine", "-t10s", "a", environ={"GITHUB_ACTIONS": "true"})

    found = re.findall(r"(?m)^\s*::([\w-]+)", ran.out + ran.err)
    assert found == ["group", "endgroup", "error"]  # our own


# -- S9, S10: programs and browsers ----------------------------------------------------


@pytest.mark.every(4)
@pytest.mark.skipif(os.name == "nt", reason="programs are marked otherwise there")
@pytest.mark.parametrize("path", ["", ".", ":/nowhere", "bin:/nowhere"])
def test_s9_a_helper_is_never_taken_from_the_current_folder(path: str, inside: Inside) -> None:
    for folder in (inside.home, inside.home / "bin"):
        folder.mkdir(exist_ok=True)
        planted = folder / "get-token"
        planted.write_text(f"#!/bin/sh\ntouch {inside.home}/was-run\necho {CANARY}\n")
        planted.chmod(0o755)
    inside.configure(mine=profile(API, auth={"bearer": {"command": ["get-token"]}}))

    ran = inside.run("get", "-p", "mine", "a", environ={"PATH": path})

    assert (ran.code, (inside.home / "was-run").exists()) == (2, False), ran.err


@pytest.mark.skipif(os.name == "nt", reason="files have no modes there")
def test_s9_a_command_in_a_file_that_others_may_write_to_is_not_run(inside: Inside) -> None:
    helper = [sys.executable, "-c", f"open({str(inside.home / 'was-run')!r}, 'w')"]
    path = inside.configure(mine=profile(API, auth={"bearer": {"command": helper}}))
    path.chmod(0o666)

    for words in (("get", "-p", "mine", "a"), ("auth", "status", "-p", "mine"), ("auth", "status")):
        inside.run(*words)

    assert not (inside.home / "was-run").exists()
    assert inside.run("get", "-p", "mine", "a").code == 2


@pytest.mark.parametrize(
    "address",
    ["javascript:alert(1)", "http://login.example.com/device", "file:///etc/passwd", "calc.exe"],
)
def test_s10_only_a_safe_address_is_shown_to_be_opened(address: str, inside: Inside) -> None:
    with OAuthServer(client_secret=None) as server:
        body = {"device_code": CANARY, "user_code": "AB", "verification_uri": address}
        server.answers.append(Reply(body=body))
        oauth = {
            "grant": "device_code",
            "device_url": server.device_url,
            "token_url": server.token_url,
            "client_id": "client",
        }
        inside.configure(mine=profile(server.base, auth={"oauth2": oauth}))

        ran = inside.run("auth", "login", "-p", "mine")

    assert ran.code == 4
    assert address not in ran.out + ran.err


def test_s10_no_browser_is_ever_opened() -> None:
    for name, tree in modules():
        assert "webbrowser" not in source(tree), name


# -- S11 to S14: data ------------------------------------------------------------------


def test_s11_an_answer_without_end_is_not_read_to_its_end(inside: Inside) -> None:
    inside.environ["API_TOKEN"] = CANARY
    with RawServer([read(), send(b"HTTP/1.1 200 OK\r\n\r\n"), flood(b" ")]) as server:
        inside.configure(mine=profile(server.url))

        ran = inside.run("auth", "test", "-p", "mine", "--json")

    assert (ran.code, ran.document["error"]["code"]) == (6, "too_large")


@pytest.mark.usefixtures("api")
def test_s12_no_run_leaves_a_secret_on_the_disk(inside: Inside) -> None:
    page = "--report", str(inside.home / "report.html")
    report = inside.home / "report.xml"
    inside.run("wait", "-p", "mine", "-t10s", "-v", "--junit", str(report), *page, "a")
    inside.run("auth", "test", "-p", "mine", "a")
    inside.run("auth", "status")

    written = [each for each in inside.home.rglob("*") if each.is_file()]
    kept = {"state-1.db", "runs.lock", "report.html"}
    assert {each.name for each in written} == {"config.yaml", "report.xml", *kept}
    assert not any(CANARY.encode() in each.read_bytes() for each in written)


# What is written to a file, and by whom.
WRITERS: Final = {
    "session/download.py": "results, where --download says",
    "cli/files.py": "a drafted profile, reports, what a step of GitHub Actions leaves",
    "cli/completion/profiles.py": "names of profiles, in the cache folder, at a TAB",
    "credentials/keyring_worker.py": "its own standard output",
    "state/folder.py": "a file in the state folder, whole or not at all; an empty one, to lock",
    "state/reports.py": "the key by which hosts are named in the store",
    "session/recording/recorder.py": "a new file, where --record says; secrets masked",
}


_WRITING: Final = re.compile(r"write_text|write_bytes|mkstemp|fdopen|mkdir|O_CREAT|O_WRONLY")
_MODES: Final = {"w", "wb", "a", "ab", "x", "xb", "r+", "r+b"}


def writes_a_file(tree: ast.Module) -> bool:
    for called, node in calls(tree):
        arguments = {each.value for each in node.args if isinstance(each, ast.Constant)}
        is_reading = called == "os.fdopen" and "rb" in arguments
        if _WRITING.search(called) and not is_reading:
            return True
        if called.endswith("open") and _MODES & arguments:
            return True
    return bool(re.search("O_CREAT|O_WRONLY", source(tree)))


def test_s12_files_are_written_by_few_and_known_modules() -> None:
    assert {name for name, tree in modules() if writes_a_file(tree)} == set(WRITERS)


# Our own modules, by names that are written in the source.
IMPORTERS: Final = {"cli/app.py", "profiles/__init__.py"}
# Windows has no other way to ask a console whether it obeys escape sequences.
CALLERS_OF_C: Final = {"output/streams.py"}


def test_s13_nothing_is_evaluated_unpickled_or_imported_by_a_name_from_outside() -> None:
    for name, tree in modules():
        text = source(tree)
        assert not re.search(r"\b(pickle|marshal|shelve|runpy)\b", text), name
        assert name in CALLERS_OF_C or not re.search(r"\bctypes\b", text), name
        for called, _ in calls(tree):
            assert called not in {"eval", "exec", "compile", "__import__", "os.system"}, name


def test_s13_few_and_known_modules_import_by_name() -> None:
    importers = {
        name
        for name, tree in modules()
        if any(called.endswith("import_module") for called, _ in calls(tree))
    }

    assert importers == IMPORTERS


@pytest.mark.parametrize(
    "text",
    [
        "version: 1\nprofiles: {a: &x {extends: fullstory}, b: *x}\n",
        "version: 1\nprofiles: !!python/object/apply:os.system ['touch was-run']\n",
        "version: 1\nversion: 1\n",
        "version: 1\nprofiles: " + "[" * 5000,
        "version: 1\nprofiles:\n  a: {extends: fullstory, auth: {bearer: canary-in-the-file}}\n",
    ],
    ids=["alias", "tag", "duplicate", "depth", "literal"],
)
def test_s14_yaml_that_does_more_than_it_says_is_refused(text: str, inside: Inside) -> None:
    path = inside.home / "evil.yaml"
    path.write_text(text)

    ran = inside.run("get", "--config", str(path), "-p", "a", "x")

    assert ran.code == 2, ran.err
    assert not (inside.home / "was-run").exists()
    assert "canary-in-the-file" not in ran.err


# -- S15, S16: the verdict, and whose token it is --------------------------------------


NO_DATA: Final = {
    "nothing": b"",
    "empty": b"{}",
    "list": b"[]",
    "nil": b"null",
    "word": b'"done"',
    "no-status": b'{"status": null}',
    "another": b'{"id": "b", "status": "done"}',
    "deep": b"[" * 100_000 + b"]" * 100_000,
    "half": b'{"id": "half", "status": "done"',
}


def test_s15_no_data_is_never_a_success(inside: Inside, api: Api) -> None:
    api.say = lambda asked: Reply(200, NO_DATA[asked.path.rpartition("/")[2]])

    ran = inside.run("wait", "-p", "mine", "-t500ms", "--json", *NO_DATA)

    assert {*ran.outcomes} <= {"unknown", "timed_out"}
    assert ran.code in {6, 124}


def test_s15_nothing_to_watch_is_no_success(inside: Inside, api: Api) -> None:
    for stdin in (b"", b"\n\n", b"[]", b"{}"):
        assert inside.run("wait", "-p", "mine", "-", stdin=stdin).code == 2
    assert inside.run("wait", "-p", "mine").code == 2
    assert api.requests == []


def test_s16_the_common_token_never_follows_a_url_to_a_host_that_nobody_named(
    inside: Inside, api: Api
) -> None:
    inside.environ = {"OPWATCH_TOKEN": CANARY, "OPWATCH_OTHER_TOKEN": CANARY}

    ran = inside.run("get", "--json", f"{api.base}/ops/a")

    assert len(api.requests) >= 1, ran.err
    assert all("authorization" not in each.headers for each in api.requests)
    assert CANARY not in ran.out + ran.err + repr(api.requests)


def test_s16_the_variable_of_one_profile_is_never_used_for_another(
    inside: Inside, api: Api
) -> None:
    inside.environ = {"OPWATCH_OTHER_TOKEN": CANARY}
    inside.configure(mine=profile(api.base), other=profile(api.base))

    assert inside.run("get", "-p", "mine", "a").code == 4
    assert api.requests == []
    assert inside.run("get", "-p", "other", "a").code == 0


# -- S17, S18: the project -------------------------------------------------------------


def test_s17_dependencies_are_few_and_bounded_from_below() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]

    assert all(">=" in each for each in project["dependencies"])
    assert len([each for each in project["dependencies"] if ";" not in each]) <= 8  # on Linux


def test_s17_http_1_1_is_all_that_is_spoken(inside: Inside) -> None:
    inside.environ["API_TOKEN"] = CANARY
    with RawServer([read(), send(http(b'{"id": "a", "status": "done"}'))]) as server:
        inside.configure(mine=profile(server.url))
        inside.run("get", "-p", "mine", "a")

    assert [each.split(b"\r\n")[0] for each in server.requests] == [b"GET /ops/a HTTP/1.1"]
    assert not any("http2=True" in source(tree) for _, tree in modules())


def test_s18_the_policy_says_how_to_report_what_counts_and_what_does_not() -> None:
    text = (ROOT / ".github" / "SECURITY.md").read_text("utf-8")

    for heading in ("Reporting a vulnerability", "What is a vulnerability", "What is none"):
        assert f"## {heading}" in text
    for promise in ("report privately", "origins", "::add-mask::", "Exit 0", "allow_hosts"):
        assert promise.lower() in text.lower()


# -- C2: whose configuration is believed -------------------------------------------------


def in_the_users_folder(inside: Inside) -> Path:
    """Move the configuration to where nobody names it."""
    path = inside.home / "opwatch" / "config.yaml"
    path.parent.mkdir()
    Path(inside.environ.pop("OPWATCH_CONFIG")).rename(path)
    return path


@pytest.mark.skipif(os.name != "posix", reason="there are no such permissions here")
@pytest.mark.parametrize("place", ["config", "beside"])
def test_c2_a_configuration_that_others_may_write_to_is_read_only_where_it_is_named(
    place: str, inside: Inside, api: Api
) -> None:
    path = in_the_users_folder(inside)
    open_to_all = path
    if place == "beside":
        open_to_all = path.parent / "profiles" / "mine.yaml"
        open_to_all.parent.mkdir()
        path.write_text(json.dumps({"version": 1}))
        open_to_all.write_text(json.dumps({"version": 1, **profile(api.base)}))
    open_to_all.chmod(0o666)

    refused = inside.run("get", "-p", "mine", "--json", "a")
    asked_before = len(api.requests)
    named = inside.run("get", "-p", "mine", "--config", str(path), "--json", "a")

    assert (refused.code, asked_before) == (2, 0)
    assert f"others may write to {open_to_all}" in refused.err
    assert f"--config {open_to_all}" in refused.err
    assert (named.code, named.err.count("others may write to")) == (0, int(place == "config"))


@pytest.mark.skipif(os.name != "posix", reason="there are no owners here")
def test_c2_a_configuration_of_another_user_is_refused(inside: Inside, api: Api) -> None:
    inside.monkeypatch.setattr(os, "getuid", lambda: 4242)
    path = in_the_users_folder(inside)
    if path.stat().st_uid == 0:
        inside.monkeypatch.setattr(Path, "stat", _as_if_of(4243))

    ran = inside.run("get", "-p", "mine", "a")

    assert (ran.code, api.requests) == (2, [])
    assert "others may write to" in ran.err


def _as_if_of(owner: int) -> Any:
    real = Path.stat

    def stat(self: Path, **more: Any) -> os.stat_result:
        found = list(real(self, **more))
        found[4] = owner
        return os.stat_result(found)

    return stat


def test_every_rule_has_a_test_that_is_named_after_it() -> None:
    named = set[str]()
    for path in (ROOT / "tests").rglob("test_*.py"):
        for name in re.findall(r"def test_((?:s\d+_)+)", path.read_text("utf-8")):
            named |= set(re.findall(r"\d+", name))

    assert {*map(int, named)} >= set(range(1, 19))
