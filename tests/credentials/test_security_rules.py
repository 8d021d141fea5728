"""The security rules that this room decides, each by its number.

S3, S6, S9, S10 and S16 are also in the tests of what they rule: ``test_oauth``,
``test_credential``, ``test_helper``, ``test_login`` and ``test_search``.
"""

from __future__ import annotations

import ast
import asyncio
import copy
import os
import pickle
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import opwatch
from credentials.world import (
    BASE,
    CANARY,
    OTHER,
    FakeKeyring,
    World,
    carried,
    get,
    shown,
)
from opwatch.credentials import Redactor
from opwatch.credentials.validation import UnusableError
from opwatch.domain.auth import (
    BasicAuth,
    FromCommand,
    FromEnv,
    FromFile,
    HeaderAuth,
    NoAuth,
    OAuth2Auth,
    QueryAuth,
    Scheme,
    Source,
)
from opwatch.domain.errors import CredentialError, OpwatchError
from opwatch.domain.messages import Request, Response
from opwatch.domain.secret import Secret
from opwatch.domain.trouble import Fault, Handling, Trouble
from opwatch.http.client import Client
from servers.oauth import OAuthServer, refused

if TYPE_CHECKING:
    from opwatch.credentials.context import KeyringEntry

PACKAGE = Path(opwatch.__file__).parent
ROOM = sorted((PACKAGE / "credentials").glob("*.py"))
TOKEN = (FromEnv("MY_TOKEN"),)
SCHEMES: tuple[Scheme, ...] = (
    HeaderAuth(TOKEN),
    HeaderAuth(TOKEN, "PRIVATE-TOKEN", "{secret}"),
    QueryAuth(TOKEN, "key"),
    BasicAuth(TOKEN, "ada"),
)
FOREIGN = (
    "https://evil.example/v1/ops/1",
    "http://api.example.com/v1/ops/1",
    "https://api.example.com:8443/v1/ops/1",
    "https://api.example.com.evil.example/",
    "https://evil-api.example.com/",
    "https://sub.api.example.com/",
    "https://example.com/",
    "https://api.example.com@evil.example/",
    "https://api.example.com:443@evil.example/",
    "https://evil.example/https://api.example.com/",
    "https://evil.example\\@api.example.com/",
    "https://api.example.com\\.evil.example/",
    "https://api.example.com%2eevil.example/",
    "https://api.example.com%2f@evil.example/",
    "https://api.example.com:99999/",
    "//api.example.com/",
    "/v1/ops/1",
    "ftp://api.example.com/",
    "https://",
    "https:///api.example.com",
    "https://\uff41pi.example.com/",  # fullwidth
    "https://\u0430pi.example.com/",  # Cyrillic
    "https://127.0.0.1/",
    "javascript:alert(1)",
    "",
)


def trees() -> list[tuple[str, ast.Module]]:
    return [(path.name, ast.parse(path.read_text())) for path in ROOM]


@pytest.mark.parametrize("url", FOREIGN)
@pytest.mark.parametrize("scheme", SCHEMES, ids=["bearer", "header", "query", "basic"])
async def test_s1_nothing_is_added_for_a_foreign_origin(
    world: World, scheme: Scheme, url: str
) -> None:
    world.environ["MY_TOKEN"] = CANARY
    credential = world.open(scheme)
    await credential.prepare()

    answer = await credential.authorize(Request("GET", url))

    assert isinstance(answer, Trouble)
    assert (answer.fault, answer.rule.handling) == (Fault.FOREIGN_ORIGIN, Handling.REFUSED)
    assert CANARY not in repr(answer)


@pytest.mark.parametrize("url", FOREIGN)
async def test_s1_a_foreign_origin_is_refused_also_where_no_credential_is_wanted(
    world: World, url: str
) -> None:
    credential = world.open(NoAuth())
    await credential.prepare()

    answer = await credential.authorize(Request("GET", url))
    own, unsigned = get(), Request("GET", url, authorize=False)

    assert isinstance(answer, Trouble)
    assert (answer.fault, answer.rule.handling) == (Fault.FOREIGN_ORIGIN, Handling.REFUSED)
    assert await credential.authorize(own) is own
    assert await credential.authorize(unsigned) is unsigned


@pytest.mark.parametrize(
    "url",
    [
        "https://api.example.com/",
        "https://api.example.com:443/x?y=https://evil.example/",
        "HTTPS://API.EXAMPLE.COM./x",
        "https://other.example.net/",
        "https://eu.region.example.org/",
    ],
)
async def test_s1_the_own_origin_and_those_of_the_profile_get_the_secret(
    world: World, url: str
) -> None:
    world.environ["MY_TOKEN"] = CANARY
    credential = world.open(
        HeaderAuth(TOKEN), allow_hosts=("other.example.net", "*.region.example.org")
    )
    await credential.prepare()

    assert carried(await credential.authorize(Request("GET", url))) == [
        ("header", "Authorization", f"Bearer {CANARY}")
    ]


async def test_s1_a_sink_on_another_port_sees_no_request(world: World) -> None:
    world.environ["MY_TOKEN"] = CANARY
    with OAuthServer() as api, OAuthServer() as sink:
        async with Client(connections=2, environ={}, user_agent="opwatch/test") as client:
            credential = world.open(HeaderAuth(TOKEN), base_url=api.base)
            await credential.prepare()
            for base in (api.base, sink.base, sink.base.replace("127.0.0.1", "localhost")):
                request = await credential.authorize(Request("GET", base + "/op"))
                if isinstance(request, Request):
                    await client.send(request, timeout=5.0)

        assert [each.headers["authorization"] for each in api.requests] == [f"Bearer {CANARY}"]
        assert sink.requests == []


async def test_s2_the_secret_of_a_request_does_not_follow_it_elsewhere(world: World) -> None:
    world.environ["MY_TOKEN"] = CANARY
    credential = world.open(HeaderAuth(TOKEN))
    await credential.prepare()
    request = await credential.authorize(get())
    assert isinstance(request, Request)

    moved = request.to("https://evil.example/")

    assert moved.sensitive == ()
    assert isinstance(await credential.authorize(moved), Trouble)


async def test_s3_a_token_endpoint_on_plain_http_is_refused_before_a_secret_is_looked_for(
    world: World,
) -> None:
    world.keyring = chain = FakeKeyring()

    with pytest.raises(OpwatchError, match="must be https"):
        world.open(OAuth2Auth("client_credentials", "http://login.example.com/token"))

    assert chain.asked == 0


async def test_s4_a_netrc_is_never_read(world: World, tmp_path: Path) -> None:
    netrc = tmp_path / ".netrc"
    netrc.write_text(f"machine api.example.com login ada password {CANARY}\n")
    netrc.chmod(0o600)
    world.environ |= {"HOME": str(tmp_path), "NETRC": str(netrc)}

    for scheme in (HeaderAuth(()), BasicAuth((), "ada")):
        with pytest.raises(CredentialError):
            await world.open(scheme).prepare()


# Who opens a secret in this room: to check it, to store it, to mask it.
OPENERS = {
    "credentials/token.py",
    "credentials/keyring.py",
    "credentials/redaction.py",
    "credentials/search.py",
    "credentials/validation.py",
}


def test_s5_in_this_room_a_secret_is_opened_by_few_and_known_modules() -> None:
    openers = {
        path.relative_to(PACKAGE).as_posix()
        for path in (PACKAGE / "credentials").rglob("*.py")
        if ".reveal()" in path.read_text()
    }

    assert openers == OPENERS


def test_s5_no_module_here_logs_or_prints() -> None:
    for name, tree in trees():
        calls = {
            node.func.id
            for node in ast.walk(tree)
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
        }
        assert "print" not in calls, name
        assert "logging" not in imports(tree), name


async def _failing(world: World, scheme: Scheme, **changes: Any) -> BaseException | Trouble:
    credential = world.open(scheme, **changes)
    try:
        await credential.prepare()
    except OpwatchError as problem:
        return problem
    answer = await credential.authorize(get())
    assert isinstance(answer, Trouble)
    return answer


def _source(name: str, folder: Path) -> Source:
    path = folder / name
    path.write_bytes(CONTENTS.get(name, b""))
    path.chmod(0o644 if name == "readable" else 0o600)
    return FromFile(str(path))


CONTENTS = {
    "readable": CANARY.encode(),
    "two-lines": f"{CANARY}\n{CANARY}".encode(),
    "binary": CANARY.encode() + b"\xff",
    "large": CANARY.encode() * 10_000,
}
HELPERS = {
    "fails": "print(C); sys.exit('no: ' + C)",
    "talks": "print('hello', C); print(C)",
    "json": "print('{' + C)",
    "binary": "sys.stdout.buffer.write(C.encode() + bytes([255]))",
    "nested": "print(json.dumps({'tokn': C}))",
    "list": "print(json.dumps({'kind': 'ExecCredential', 'status': [C]}))",
    "flood": "print(C * 10_000)",
}


@pytest.mark.parametrize("name", CONTENTS)
async def test_s5_no_failure_of_a_file_shows_what_is_in_it(
    world: World, tmp_path: Path, name: str
) -> None:
    assert CANARY not in shown(await _failing(world, HeaderAuth((_source(name, tmp_path),))))


@pytest.mark.parametrize("name", HELPERS)
async def test_s5_no_failure_of_a_helper_shows_what_it_printed(world: World, name: str) -> None:
    world.environ["C"] = CANARY
    code = "import json, os, sys; C = os.environ['C']; " + HELPERS[name]
    source = FromCommand((sys.executable, "-c", code), environ=("C",))

    assert CANARY not in shown(await _failing(world, HeaderAuth((source,))))


async def test_s5_nothing_shows_the_secret_of_any_scheme(world: World) -> None:
    world.environ["MY_TOKEN"] = CANARY
    for scheme in SCHEMES:
        credential = world.open(scheme)
        await credential.prepare()
        request = await credential.authorize(get())
        assert isinstance(request, Request)
        things = (
            credential,
            credential.status(),
            credential.login,
            credential.redactor(),
            request,
            request.sensitive,
            world.context(token_from_stdin=Secret(CANARY)),
        )
        assert CANARY not in shown(*things)


async def test_s5_a_bad_secret_of_standard_input_is_not_shown(world: World) -> None:
    problem = await _failing(world, HeaderAuth(()), token_from_stdin=Secret(f"{CANARY} {CANARY}"))

    assert CANARY not in shown(problem)


async def test_s5_a_server_that_says_the_secret_back_is_masked(world: World) -> None:
    world.environ["OPWATCH_MY_API_CLIENT_SECRET"] = CANARY
    with OAuthServer() as server:
        server.answers += [refused("invalid_client", description=f"bad secret {CANARY}")] * 2
        async with Client(connections=2, environ={}, user_agent="opwatch/test") as client:

            async def send(request: Request, timeout: float) -> Response | Trouble:
                return await client.send(request, timeout=timeout)

            world.send = send
            scheme = OAuth2Auth("client_credentials", server.token_url, "client")
            credential = world.open(scheme)
            await credential.prepare()
            answer = await credential.authorize(get())

    assert isinstance(answer, Trouble)
    assert credential.redactor()(answer.detail) == "HTTP 400: invalid_client: bad secret ***"


def test_s5_secrets_are_never_in_the_arguments_of_a_program() -> None:
    for name, tree in trees():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Program":
                assert "reveal" not in ast.unparse(node.args[0]), name


async def test_s7_what_a_helper_complains_is_one_line_and_not_long(world: World) -> None:
    noise = "\\x1b[2J\\rfirst\\u2028second\\n" + "x" * 5000
    source = FromCommand((sys.executable, "-c", f"raise SystemExit('{noise}')"))

    problem = await _failing(world, HeaderAuth((source,)))

    assert isinstance(problem, CredentialError)
    assert len(problem.message.splitlines()) == 1
    assert len(problem.tried[-1].found) < 250


async def test_s8_every_live_secret_can_be_registered_for_masking_in_one_line(
    world: World,
) -> None:
    values: list[str] = []
    world.redactor = Redactor(lambda secret: values.append(secret.reveal()))
    world.environ["MY_TOKEN"] = CANARY
    credential = world.open(BasicAuth(TOKEN, "ada"))
    await credential.prepare()

    assert CANARY in values
    assert all(len(each.splitlines()) == 1 for each in values)


async def test_s9_a_helper_is_run_once_and_its_answer_kept_in_memory(
    world: World, tmp_path: Path
) -> None:
    count = tmp_path / "count"
    code = f"open({str(count)!r}, 'a').write('x'); print('a-token-of-the-helper')"
    credential = world.open(HeaderAuth((FromCommand((sys.executable, "-c", code)),)))
    await credential.prepare()

    await asyncio.gather(*(credential.authorize(get()) for _ in range(100)))

    assert (await asyncio.to_thread(count.read_text)) == "x"


async def test_s12_no_secret_is_ever_written_to_a_disk(world: World, tmp_path: Path) -> None:
    places = {name: str(tmp_path) for name in ("HOME", "TMPDIR", "XDG_CACHE_HOME")}
    world.environ |= places | {"PATH": os.environ["PATH"]}
    code = f"print({CANARY!r})"
    with OAuthServer(client_secret=CANARY, prefix=OTHER, rotates=True) as server:
        async with Client(connections=2, environ={}, user_agent="opwatch/test") as client:

            async def send(request: Request, timeout: float) -> Response | Trouble:
                return await client.send(request, timeout=timeout)

            world.send = send
            source = FromCommand((sys.executable, "-c", code))
            scheme = OAuth2Auth(
                "client_credentials", server.token_url, "client", client_secret=(source,)
            )
            credential = world.open(scheme)
            await credential.prepare()
            assert carried(await credential.authorize(get()))

    written = all_bytes(tmp_path)
    assert CANARY.encode() not in written
    assert OTHER.encode() not in written


def all_bytes(folder: Path) -> bytes:
    return b"\n".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


def test_s12_this_room_opens_no_file_to_write() -> None:
    for name, tree in trees():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "open":
                raise AssertionError(f"{name} opens a file by name")
            if isinstance(node, ast.Attribute):
                assert node.attr not in {"write_text", "write_bytes", "O_WRONLY", "O_CREAT"}, name


def imports(tree: ast.Module) -> set[str]:
    names = {
        alias.name.partition(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.Import)
        for alias in node.names
    }
    return names | {
        (node.module or "").partition(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
    }


def test_s13_nothing_is_evaluated_unpickled_or_imported_by_name() -> None:
    for name, tree in trees():
        assert not imports(tree) & {"pickle", "marshal", "shelve", "importlib", "runpy"}, name
        calls = {
            node.func.id
            for node in ast.walk(tree)
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
        }
        assert not calls & {"eval", "exec", "compile", "__import__"}, name


def test_s13_a_secret_is_never_pickled_or_copied_into_a_document() -> None:
    for dump in (pickle.dumps, copy.deepcopy, copy.copy):
        with pytest.raises(TypeError, match="never pickled"):
            dump(Secret(CANARY))


def test_s14_this_room_reads_no_yaml() -> None:
    assert not any("yaml" in imports(tree) for _, tree in trees())


@pytest.mark.parametrize("scheme", SCHEMES, ids=["bearer", "header", "query", "basic"])
async def test_s15_without_a_credential_no_request_is_let_through(
    world: World, scheme: Scheme
) -> None:
    credential = world.open(scheme)
    answers = [await credential.authorize(get()) for _ in range(5)]

    assert {type(each) for each in answers} == {Trouble}
    assert {each.fault for each in answers if isinstance(each, Trouble)} == {Fault.NO_CREDENTIAL}


async def test_s15_a_token_endpoint_that_answers_success_without_a_token_is_no_success(
    world: World,
) -> None:
    async def send(request: Request, _timeout: float) -> Response:
        return Response(200, request.url, body=b'{"ok": true}')

    world.environ["OPWATCH_MY_API_CLIENT_SECRET"] = CANARY
    world.send = send
    credential = world.open(OAuth2Auth("client_credentials", "https://x.example/t", "client"))
    await credential.prepare()

    answer = await credential.authorize(get())

    assert isinstance(answer, Trouble)
    assert answer.fault is Fault.TOKEN_REFUSED


async def test_s16_a_variable_of_another_profile_is_never_used(world: World) -> None:
    world.environ |= {"OPWATCH_OTHER_API_TOKEN": CANARY, "OPWATCH_MY_API2_TOKEN": CANARY}

    with pytest.raises(CredentialError):
        await world.open(HeaderAuth(())).prepare()


async def test_s16_a_keyring_entry_is_asked_for_under_our_own_prefix_only(world: World) -> None:
    asked: list[tuple[str, str]] = []

    class Listening(FakeKeyring):
        async def read_entry(
            self, service: str, account: str, *, interactive: bool
        ) -> KeyringEntry:
            asked.append((service, account))
            return await super().read_entry(service, account, interactive=interactive)

    world.keyring = Listening(problem=UnusableError("is locked"))
    with pytest.raises(CredentialError):
        await world.open(HeaderAuth(())).prepare()

    assert asked == [("my-api", BASE)]


def test_importing_this_room_loads_neither_keyring_nor_the_http_library() -> None:
    code = (
        "import sys, opwatch.credentials;"
        "print({'keyring', 'h11', 'secretstorage', 'pydantic'} & sys.modules.keys())"
    )
    done = subprocess.run(  # noqa: S603, our own words
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=20
    )

    assert done.stdout.strip() == "set()"
