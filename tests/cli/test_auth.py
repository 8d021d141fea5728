"""``opwatch auth``: what is kept, what is found, what a trial meets, and what is never shown."""

from __future__ import annotations

import base64
import json
import os
import select
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import pytest

from cli.inside import profile
from opwatch.credentials import WaitingFor
from opwatch.domain.auth import CredentialState, TrialOutcome
from opwatch.output.commands.auth import CREDENTIAL_STATES, TRIAL_OUTCOMES
from opwatch.output.commands.login import WAITING
from output.schemas import VALIDATE_DOCUMENT
from servers.echo import Api
from servers.oauth import Asked, OAuthServer, Reply
from servers.raw import closed_port

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from cli.inside import Inside
    from cli.program import Ran

CANARY = "canary-of-auth-0b1c"
API = "https://api.example.com"


@pytest.fixture
def ring(inside: Inside) -> Path:
    """A keyring in a file, known to the program and to its child that talks to it."""
    path = inside.home / "keyring.json"
    inside.environ |= {
        "PYTHON_KEYRING_BACKEND": "credentials.keyrings.Filed",
        "OPWATCH_TEST_KEYRING": str(path),
    }
    return path


@pytest.fixture
def api() -> Iterator[OAuthServer]:
    with OAuthServer(prefix="access") as server:
        server.issued = 1
        yield server


def entries(ring: Path) -> dict[str, str]:
    return dict(json.loads(ring.read_text())) if ring.exists() else {}


def facts(ran: Ran) -> dict[str, str]:
    pairs = (line.partition("  ") for line in ran.out.splitlines())
    return {label: text.strip() for label, _, text in pairs}


# -- login and logout ------------------------------------------------------------------


def test_a_login_keeps_what_standard_input_holds_for_one_origin(inside: Inside, ring: Path) -> None:
    inside.configure(mine=profile(API))

    ran = inside.run("auth", "login", "-p", "mine", stdin=CANARY.encode() + b"\r\n")
    moved = inside.run("auth", "status", "-p", "mine", "--base-url", "https://other.example.com")

    assert (ran.code, ran.out) == (0, "")
    assert "the token for 'mine' is now in the keyring, for https://api.example.com only" in ran.err
    assert "only (credentials.keyrings.Filed)\n" in ran.err
    assert entries(ring) == {"opwatch:mine|https://api.example.com": CANARY}
    assert (moved.code, facts(moved)["credential"]) == (4, "none")


@pytest.mark.every(4)
@pytest.mark.parametrize(
    ("backend", "reason"),
    [
        ("keyring.backends.null.Keyring", "keeps nothing (keyring.backends.null.Keyring)"),
        ("", "is a plain file (credentials.keyrings.PlaintextKeyring)"),
    ],
    ids=["null", "plain"],
)
def test_h4_a_keyring_that_keeps_no_secret_is_refused_unless_a_person_chose_a_plain_file(
    backend: str, reason: str, inside: Inside, ring: Path
) -> None:
    inside.configure(mine=profile(API))
    plain = "credentials.keyrings.PlaintextKeyring"
    inside.environ["PYTHON_KEYRING_BACKEND"] = backend
    if not backend:
        # What a machine without a desktop may have by its configuration.
        del inside.environ["PYTHON_KEYRING_BACKEND"]
        found = inside.home / "python_keyring" / "keyringrc.cfg"
        found.parent.mkdir()
        found.write_text(f"[backend]\ndefault-keyring={plain}\n")
        inside.environ |= {"XDG_CONFIG_HOME": str(inside.home)}

    ran = inside.run("auth", "login", "-p", "mine", stdin=CANARY.encode())
    chosen = {"PYTHON_KEYRING_BACKEND": plain}
    asked_for = inside.run("auth", "login", "-p", "mine", stdin=CANARY.encode(), environ=chosen)

    assert ran.code == 4
    assert f"the keyring {reason}" in ran.err
    assert asked_for.code == 0
    assert f"only ({plain})\n" in asked_for.err
    assert list(entries(ring).values()) == [CANARY]


@pytest.mark.slow
def test_a_logout_deletes_what_was_kept_and_may_be_said_twice(inside: Inside, ring: Path) -> None:
    inside.configure(mine=profile(API))
    inside.run("auth", "login", "-p", "mine", "--token-stdin", stdin=CANARY.encode())

    first, second = (inside.run("auth", "logout", "-p", "mine") for _ in range(2))

    assert (first.code, second.code, entries(ring)) == (0, 0, {})
    assert "the token for 'mine' was deleted from the keyring" in first.err
    assert "the keyring holds no token for 'mine'" in second.err


@pytest.mark.parametrize(
    ("given", "code", "said"),
    [
        (b"", 4, "the token is empty"),
        (b"two words-of-canary", 4, "the token holds a space at position 4"),
        (b"canary-\xff-canary", 4, "the token holds a byte that is not UTF-8 at position 8"),
        (b"canary\ncanary", 4, "the token holds a line break at position 7"),
        ("canary-é".encode(), 4, "the token holds a character outside ASCII at position 8"),
        (b"canary" * 20_000, 2, "longer than 64 KiB"),
    ],
)
def test_what_can_be_no_secret_is_refused_without_being_shown(
    given: bytes, code: int, said: str, inside: Inside, ring: Path
) -> None:
    inside.configure(mine=profile(API))

    ran = inside.run("auth", "login", "-p", "mine", stdin=given)

    assert (ran.code, entries(ring)) == (code, {})
    assert said in ran.err
    assert "canary" not in ran.out + ran.err
    assert "export OPWATCH_MINE_TOKEN" not in ran.err


def test_what_is_pasted_with_the_schemes_own_word_is_kept_without_it(
    inside: Inside, ring: Path
) -> None:
    inside.configure(mine=profile(API))

    ran = inside.run("auth", "login", "-p", "mine", stdin=b"\xef\xbb\xbfBearer " + CANARY.encode())

    assert (ran.code, list(entries(ring).values())) == (0, [CANARY])


def test_a_logout_that_fails_does_not_propose_a_variable(inside: Inside) -> None:
    inside.configure(mine=profile(API))
    inside.environ["PYTHON_KEYRING_BACKEND"] = "credentials.keyrings.Locked"

    ran = inside.run("auth", "logout", "-p", "mine")

    assert ran.code == 4
    assert "the keyring is locked" in ran.err
    assert "OPWATCH_MINE_TOKEN" not in ran.err


def test_without_a_keyring_a_login_says_what_to_do_instead(inside: Inside) -> None:
    inside.configure(mine=profile(API))
    inside.environ["PYTHON_KEYRING_BACKEND"] = "keyring.backends.fail.Keyring"

    ran = inside.run("auth", "login", "-p", "mine", stdin=CANARY.encode())

    assert ran.code == 4
    assert "the keyring does not exist on this machine" in ran.err
    assert "export OPWATCH_MINE_TOKEN=…" in ran.err


def test_a_profile_that_wants_no_credential_has_nothing_to_keep(inside: Inside) -> None:
    inside.configure(mine=profile(API, auth="none"))

    assert inside.run("auth", "login", "-p", "mine", stdin=b"x").code == 2
    assert inside.run("auth", "logout", "-p", "mine").code == 2


def test_the_exit_codes_of_a_command_that_cannot_begin(inside: Inside) -> None:
    assert inside.run("auth", "login").code == 2
    assert inside.run("auth", "status", "-p", "nobody").code == 2
    document = inside.run("auth", "test", "-p", "nobody", "--json").document
    VALIDATE_DOCUMENT(document)
    assert (document["exit_code"], document["command"]) == (2, "auth")


def device(server: OAuthServer) -> dict[str, Any]:
    oauth = {
        "grant": "device_code",
        "device_url": server.device_url,
        "token_url": server.token_url,
        "client_id": "client",
    }
    return profile(server.base, auth={"oauth2": oauth})


def device_answer(**changes: Any) -> Reply:
    body = {
        "device_code": "device-code-canary",
        "user_code": "WDJB-MJHT",
        "verification_uri": "https://login.example.com/device",
        "expires_in": 900,
        "interval": 1,
    }
    return Reply(body=body | changes)


def test_a_device_login_prints_code_and_address_and_keeps_the_refresh_token(
    inside: Inside, ring: Path
) -> None:
    with OAuthServer(client_secret=None, refresh_token=CANARY) as server:
        server.device_is_confirmed = True
        hostile = "https://login.example.com/device?code=W\u202eX"
        server.answers.append(device_answer(verification_uri_complete=hostile))
        inside.configure(mine=device(server))

        ran = inside.run("auth", "login", "-p", "mine")

    assert ran.code == 0, ran.err
    assert "enter the code  WDJB-MJHT  at  https://login.example.com/device" in ran.err
    assert "https://login.example.com/device?code=W\\u{202e}X" in ran.err
    assert list(entries(ring).values()) == [CANARY]
    assert CANARY not in ran.out + ran.err
    assert "device-code-canary" not in ran.out + ran.err


@pytest.mark.parametrize(
    ("backend", "why"),
    [
        ("keyring.backends.fail.Keyring", "does not exist on this machine"),
        ("keyring.backends.null.Keyring", "keeps nothing"),
        ("credentials.keyrings.ReadOnly", "is locked"),
        ("credentials.keyrings.Broken", "failed: InitError"),
    ],
)
def test_h2_a_keyring_that_cannot_keep_a_device_login_is_found_out_before_a_code_is_shown(
    backend: str, why: str, inside: Inside, ring: Path
) -> None:
    with OAuthServer(client_secret=None, refresh_token=CANARY) as server:
        server.device_is_confirmed = True
        server.answers.append(device_answer())
        inside.configure(mine=device(server))
        inside.environ["PYTHON_KEYRING_BACKEND"] = backend

        ran = inside.run("auth", "login", "-p", "mine")
        asked = len(server.requests)
        (fix,) = [line for line in ran.err.splitlines() if "to fix" in line]
        command = fix.partition("opwatch ")[2].removesuffix(" instead").split()
        headless = inside.run(*command)
        given = {"OPWATCH_MINE_REFRESH_TOKEN": headless.out.strip()}
        used = inside.run("auth", "test", "-p", "mine", environ=given)

    assert (ran.code, asked, ring.exists()) == (4, 0, False)
    assert f"the keyring {why}" in ran.err
    assert "enter the code" not in ran.err
    assert (headless.code, headless.out) == (0, CANARY + "\n")
    assert "enter the code  WDJB-MJHT" in headless.err
    assert "OPWATCH_MINE_REFRESH_TOKEN" in headless.err
    assert CANARY not in headless.err
    assert used.code == 0, used.out


@pytest.mark.slow
def test_h2_a_login_that_a_person_has_made_is_not_lost_to_a_keyring_that_fails_meanwhile(
    inside: Inside, ring: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock, asked = ring.with_suffix(".locked"), []

    class Locking(OAuthServer):
        def _grant(self, asked: Asked) -> Reply:
            lock.touch()
            return super()._grant(asked)

    def ask(question: str) -> str:
        asked.append(question)
        if len(asked) > 1:
            lock.unlink()
        return ""

    monkeypatch.setattr("opwatch.cli.questions.has_person", lambda: True)
    monkeypatch.setattr("opwatch.cli.questions.ask", ask)
    with Locking(client_secret=None, refresh_token=CANARY) as server:
        server.device_is_confirmed = True
        server.answers.append(device_answer())
        inside.configure(mine=device(server))
        inside.environ["PYTHON_KEYRING_BACKEND"] = "credentials.keyrings.Lockable"

        ran = inside.run("auth", "login", "-p", "mine")

    assert (ran.code, len(asked), server.asked) == (0, 2, 1)
    assert ran.err.count("the keyring is locked") == 2
    assert list(entries(ring).values()) == [CANARY]


def test_h2_to_print_is_for_a_login_that_gives_something_new(inside: Inside, ring: Path) -> None:
    inside.configure(mine=profile(API))

    ran = inside.run("auth", "login", "-p", "mine", "--print", stdin=CANARY.encode())

    assert (ran.code, ran.out, ring.exists()) == (2, "", False)


# -- status ----------------------------------------------------------------------------


def token_until(epoch: int) -> str:
    def part(value: object) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")

    return f"{part({'alg': 'none'})}.{part({'exp': epoch})}.{CANARY}"


def test_status_says_place_and_end_and_never_the_value(inside: Inside) -> None:
    inside.configure(mine=profile(API))
    inside.environ["API_TOKEN"] = token = token_until(4_102_444_800)

    ran = inside.run("auth", "status", "-p", "mine")
    document = inside.run("auth", "status", "-p", "mine", "--json").document

    found = facts(ran)
    assert (ran.code, found["credential"], found["from"]) == (0, "found", "API_TOKEN")
    assert found["expires"].endswith(")")
    (each,) = document["profiles"]
    assert each["expires_at"] == "2100-01-01T00:00:00.000Z"
    assert (each["standing"], each["place"], document["exit_code"]) == ("found", "API_TOKEN", 0)
    assert token not in ran.out + ran.err + json.dumps(document)


def test_status_of_a_profile_without_a_credential_names_the_places_and_exits_with_4(
    inside: Inside, ring: Path
) -> None:
    inside.configure(mine=profile(API))

    ran = inside.run("auth", "status", "-p", "mine")
    (each,) = inside.run("auth", "status", "-p", "mine", "--json").document["profiles"]

    assert (ran.code, facts(ran)["credential"], ring.exists()) == (4, "none", False)
    assert "API_TOKEN (not set)" in facts(ran)["looked in"]
    assert "export API_TOKEN=" in facts(ran)["to fix"]
    assert {"place": "API_TOKEN", "found": "not set"} in each["tried"]


@pytest.mark.slow
@pytest.mark.usefixtures("ring")
def test_a_look_at_all_runs_no_helper_and_asks_no_keyring_for_built_in_profiles(
    inside: Inside,
) -> None:
    count = inside.home / "count"
    helper = [sys.executable, "-c", f"open({str(count)!r}, 'a').write('x')"]
    inside.configure(
        kept=profile(API),
        helped=profile(API, auth={"bearer": {"command": helper}}),
        none=profile(API, auth={"bearer": {"env": "NOT_SET"}}),
        broken={"extends": "nothing-of-that-name"},
    )
    inside.run("auth", "login", "-p", "kept", stdin=CANARY.encode())
    inside.environ["FULLSTORY_API_KEY"] = CANARY

    ran = inside.run("auth", "status")
    document = inside.run("auth", "status", "--json").document

    seen = {each["profile"]: each for each in document["profiles"]}
    standings = {name: each["standing"] for name, each in seen.items()}
    assert standings == {
        "kept": "found",
        "helped": "not_run",
        "none": "missing",
        "broken": "broken",
        "fullstory": "found",
        "fullstory-batch": "found",
    }
    assert (seen["kept"]["place"], seen["fullstory"]["place"]) == ("keyring", "FULLSTORY_API_KEY")
    assert (ran.code, count.exists()) == (0, False)
    assert CANARY not in ran.out + ran.err + json.dumps(document)


def test_a_profile_whose_parameters_are_missing_is_looked_at_all_the_same(inside: Inside) -> None:
    inside.environ["DATABRICKS_TOKEN"] = CANARY

    document = inside.run("auth", "status", "--json").document

    (each,) = document["profiles"]
    assert (each["profile"], each["place"]) == ("databricks-run", "DATABRICKS_TOKEN")
    assert each["origin"] is None
    assert "needs host" in each["notes"][0]


def test_the_common_variable_counts_only_for_the_default_profile(inside: Inside) -> None:
    inside.configure(mine=profile(API), other=profile(API))
    inside.environ |= {"OPWATCH_TOKEN": CANARY, "CI": "1"}

    without = inside.run("auth", "status", "--json").document
    with_one = inside.run("auth", "status", "--json", environ={"OPWATCH_PROFILE": "mine"}).document

    def found(document: Any) -> list[str]:
        return [each["profile"] for each in document["profiles"] if each["standing"] == "found"]

    assert (found(without), found(with_one)) == ([], ["mine"])


def test_a_helper_that_talks_to_a_person_is_not_run_by_a_look(inside: Inside) -> None:
    count = inside.home / "count"
    helper = [sys.executable, "-c", f"open({str(count)!r}, 'a').write('x')"]
    inside.configure(mine=profile(API, auth={"bearer": {"command": helper, "interactive": True}}))

    ran = inside.run("auth", "status", "-p", "mine")

    assert (ran.code, facts(ran)["credential"], count.exists()) == (0, "not run", False)


def test_a_look_at_one_profile_runs_its_helper_and_tells_the_end(inside: Inside) -> None:
    reply = json.dumps({"token": CANARY, "expires_at": 4_102_444_800})
    helper = [sys.executable, "-c", f"print({reply!r})"]
    inside.configure(mine=profile(API, auth={"bearer": {"command": helper}}))

    (each,) = inside.run("auth", "status", "-p", "mine", "--json").document["profiles"]

    assert each["expires_at"] == "2100-01-01T00:00:00.000Z"
    assert each["place"].startswith(sys.executable)


def test_a_keyring_that_hangs_is_told_and_does_not_hold_a_look_up(
    inside: Inside, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("opwatch.credentials.keyring.PATIENCE", 1.5)
    inside.configure(**{f"p{number}": profile(API) for number in range(9)})
    inside.environ["PYTHON_KEYRING_BACKEND"] = "credentials.keyrings.Hanging"

    ran = inside.run("auth", "status", "--json")

    assert {each["standing"] for each in ran.document["profiles"]} == {"unusable"}
    assert ran.err.count("opwatch: waiting for the keyring…") == 1
    # To log in would need the same keyring.
    assert {tuple(each["fixes"]) for each in ran.document["profiles"]} == {("export API_TOKEN=…",)}


# -- test ------------------------------------------------------------------------------


def test_a_trial_asks_the_base_url_or_the_operation_once_with_the_credential(
    inside: Inside, api: OAuthServer
) -> None:
    inside.configure(mine=profile(api.base))
    inside.environ["API_TOKEN"] = "access-1"

    first = inside.run("auth", "test", "-p", "mine")
    second = inside.run("auth", "test", "-p", "mine", "op-1", "--json")

    assert (first.code, second.code) == (0, 0)
    assert facts(first)["answer"] == "accepted: HTTP 200, and HTTP 401 without the credential"
    assert facts(first)["credential"] == "from API_TOKEN"
    assert [each.path for each in api.requests] == ["/", "/", "/ops/op-1", "/ops/op-1"]
    assert ["authorization" in each.headers for each in api.requests] == [True, False] * 2
    document = second.document
    assert (document["answer"], document["http_status"], document["exit_code"]) == (
        "accepted", 200, 0,
    )  # fmt: skip
    assert "access-1" not in first.out + second.out


@pytest.mark.parametrize("status", [401, 403, 407])
def test_a_refusal_is_4_and_says_what_to_do(status: int, inside: Inside) -> None:
    inside.environ["API_TOKEN"] = CANARY
    with Api(lambda _: Reply(status, {"message": "no entry"})) as api:
        inside.configure(mine=profile(api.base))

        ran = inside.run("auth", "test", "-p", "mine", "op-1")
        document = inside.run("auth", "test", "-p", "mine", "--json").document

    assert (ran.code, facts(ran)["answer"].partition(":")[0]) == (4, "refused")
    # Not the command that has just been run.
    assert "opwatch auth test" not in facts(ran)["to fix"]
    assert (document["answer"], document["exit_reason"]) == ("refused", "denied")


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_server_in_trouble_says_nothing_about_the_credential(status: int, inside: Inside) -> None:
    inside.environ["API_TOKEN"] = CANARY
    with Api(lambda _: Reply(status, {})) as api:
        inside.configure(mine=profile(api.base))

        ran = inside.run("auth", "test", "-p", "mine")

    said = f"not refused: HTTP {status}, which says nothing about the credential"
    assert (ran.code, facts(ran)["answer"]) == (0, said)


@pytest.mark.parametrize("status", [200, 404])
def test_h8_an_answer_that_anybody_gets_proves_nothing(status: int, inside: Inside) -> None:
    inside.environ["API_TOKEN"] = CANARY
    with Api(lambda _: Reply(status, {"message": "welcome"})) as api:
        inside.configure(mine=profile(api.base))

        ran = inside.run("auth", "test", "-p", "mine")
        document = inside.run("auth", "test", "-p", "mine", "--json").document

    assert (ran.code, facts(ran)["answer"].partition(",")[0]) == (0, f"not refused: HTTP {status}")
    assert facts(ran)["answer"].endswith("the same without the credential, so this proves nothing")
    assert (document["answer"], document["http_status_without"]) == ("unproven", status)


def test_h8_a_token_that_ended_years_ago_is_told_with_its_day(inside: Inside) -> None:
    inside.environ["API_TOKEN"] = token_until(1_577_880_000)
    with Api(lambda _: Reply(401, {"message": "no"})) as api:
        inside.configure(mine=profile(api.base))

        tried = inside.run("auth", "test", "-p", "mine")
        waited = inside.run("wait", "-p", "mine", "a")
        looked = inside.run("auth", "status", "-p", "mine")

    assert (tried.code, waited.code) == (4, 4)
    assert "expired on 2020-01-01" in facts(tried)["credential"]
    assert "API_TOKEN holds a token that expired on 2020-01-01" in waited.err
    assert "expired on 2020-01-01" in facts(looked)["note"]


def test_a_trial_of_the_operation_dash_is_refused_before_any_request(
    inside: Inside, api: OAuthServer
) -> None:
    inside.configure(mine=profile(api.base))
    inside.environ["API_TOKEN"] = "access-1"

    ran = inside.run("auth", "test", "-p", "mine", "-")

    assert (ran.code, api.requests) == (2, [])
    assert "'-' names none" in ran.err


def test_an_answer_that_is_no_refusal_is_said_to_be_just_that(inside: Inside) -> None:
    inside.environ["API_TOKEN"] = CANARY
    with Api(lambda _: Reply(404, {"message": "what?"})) as api:
        inside.configure(mine=profile(api.base))

        ran = inside.run("auth", "test", "-p", "mine")

    assert (ran.code, facts(ran)["answer"].partition(",")[0]) == (0, "not refused: HTTP 404")


def test_no_answer_is_6(inside: Inside) -> None:
    inside.configure(mine=profile(f"http://127.0.0.1:{closed_port()}"))
    inside.environ["API_TOKEN"] = CANARY

    ran = inside.run("auth", "test", "-p", "mine", "--json")

    assert (ran.code, ran.document["answer"]) == (6, "unreachable")
    assert ran.document["error"]["code"] == "connection_refused"


def test_a_trial_without_a_credential_is_4_and_asks_nobody(
    inside: Inside, api: OAuthServer
) -> None:
    inside.configure(mine=profile(api.base))

    ran = inside.run("auth", "test", "-p", "mine", "--json")

    assert (ran.code, ran.document["exit_reason"], api.requests) == (4, "denied", [])


def test_a_trial_takes_a_token_from_standard_input(inside: Inside, api: OAuthServer) -> None:
    inside.configure(mine=profile(api.base))

    ran = inside.run("auth", "test", "-p", "mine", "--token-stdin", stdin=b"access-1\n")

    assert (ran.code, facts(ran)["credential"]) == (0, "from --token-stdin")


@pytest.mark.parametrize(
    ("given", "code"),
    [
        (b"access-1", 0),
        (b"access-1\r\n", 0),
        (b"\xef\xbb\xbfaccess-1\r\n", 0),
        (b"Bearer access-1\n", 0),
        (b"", 4),
        (b"access-1\naccess-1\n", 4),
        (b"access-1\xff", 4),
        (b"a" * 65_537, 2),
    ],
)
@pytest.mark.parametrize("command", [("auth", "test"), ("get",)], ids=["test", "get"])
def test_a_piped_token_is_taken_whole_or_not_at_all(
    command: tuple[str, ...], given: bytes, code: int, inside: Inside
) -> None:
    with Api(lambda _: Reply(200, {"id": "a", "status": "done"})) as api:
        inside.configure(mine=profile(api.base))

        ran = inside.run(*command, "-p", "mine", "--token-stdin", "a", stdin=given)

    assert ran.code == code, ran.err
    sent = [value for each in api.requests if (value := each.headers.get("authorization"))]
    assert sent == (["Bearer access-1"] if code == 0 else [])


@pytest.mark.parametrize("command", ["get", "wait"])
def test_a_token_and_the_ids_cannot_both_be_piped_in(
    command: str, inside: Inside, api: OAuthServer
) -> None:
    inside.configure(mine=profile(api.base))

    ran = inside.run(command, "-p", "mine", "--token-stdin", "-", stdin=CANARY.encode())

    assert (ran.code, api.requests) == (2, [])
    assert "both the token and the references" in ran.err
    assert CANARY not in ran.out + ran.err


def test_a_token_from_a_closed_standard_input_is_a_mistake_of_the_caller(
    inside: Inside, api: OAuthServer
) -> None:
    inside.configure(mine=profile(api.base))
    command = 'exec "$@" <&-'

    done = subprocess.run(  # noqa: S603, our own program
        ["/bin/sh", "-c", command, "-", sys.executable, "-m", "opwatch",
         "get", "-p", "mine", "--token-stdin", "a"],
        env={"PATH": os.environ["PATH"], "HOME": str(inside.home), **inside.environ},
        capture_output=True, text=True, timeout=20, check=False,
    )  # fmt: skip

    assert (done.returncode, api.requests) == (2, []), done.stderr
    assert "standard input is closed" in done.stderr


# -- at a terminal ---------------------------------------------------------------------


class Typist:
    """A process at a terminal of its own, typed to by a test."""

    def __init__(self, inside: Inside, *arguments: str) -> None:
        import pty  # noqa: PLC0415, Windows has none

        self.master, slave = pty.openpty()
        environ = {
            "PATH": os.environ["PATH"],
            "HOME": str(inside.home),
            "PYTHONPATH": os.pathsep.join(each for each in sys.path if each),
            **inside.environ,
        }
        self.child = subprocess.Popen(  # noqa: S603, our own program
            [sys.executable, "-c", AT_TERMINAL, *arguments],
            stdin=slave, stdout=slave, stderr=slave, env=environ, start_new_session=True,
        )  # fmt: skip
        os.close(slave)
        self.seen = b""

    def read_until(self, word: bytes) -> None:
        until = time.monotonic() + 10
        while word not in self.seen:
            assert time.monotonic() < until, self.seen
            if select.select([self.master], [], [], 0.1)[0]:
                self.seen += os.read(self.master, 65536)

    def type(self, keys: bytes) -> None:
        while keys:
            keys = keys[os.write(self.master, keys[:1000]) :]

    def end(self) -> int:
        until = time.monotonic() + 10
        try:
            while time.monotonic() < until:
                if select.select([self.master], [], [], 0.1)[0]:
                    self.seen += os.read(self.master, 65536)
        except OSError:
            pass  # the terminal's other end is closed
        code = self.child.wait(10)
        os.close(self.master)
        return code


# A session's leader takes the first terminal that it opens for its own.
AT_TERMINAL = """
import fcntl, os, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
before = termios.tcgetattr(0)
from opwatch.cli.app import run
code = run(sys.argv[1:])
print("as before" if termios.tcgetattr(0) == before else "left changed", flush=True)
os._exit(code)
"""
needs_terminal = pytest.mark.skipif(sys.platform == "win32", reason="no terminal to type at")


@needs_terminal
def test_what_is_typed_is_never_echoed_and_taken_whole(inside: Inside, ring: Path) -> None:
    inside.configure(mine=profile(API))
    secret = "typed-" + "canary" * 1000

    typist = Typist(inside, "auth", "login", "-p", "mine")
    typist.read_until(b"not shown: ")
    typist.type(b"wrong\x15typo\x7f\x7f\x7f\x7f" + secret.encode() + b"\nls --all\n")
    code = typist.end()

    assert code == 0, typist.seen
    assert b"token for 'mine' (https://api.example.com), not shown: " in typist.seen
    assert list(entries(ring).values()) == [secret]
    assert b"canary" not in typist.seen
    assert b"wrong" not in typist.seen
    assert b"ls --all" not in typist.seen
    assert b"as before" in typist.seen


@pytest.mark.every(2)
@needs_terminal
@pytest.mark.parametrize("command", [("get",), ("auth", "test")], ids=["get", "test"])
def test_a_token_for_standard_input_is_not_echoed_at_a_terminal_either(
    command: tuple[str, ...], inside: Inside, api: OAuthServer
) -> None:
    inside.configure(mine=profile(api.base))

    typist = Typist(inside, *command, "-p", "mine", "--token-stdin", "a")
    typist.read_until(b"token for 'mine', not shown: ")
    typist.type(CANARY.encode() + b"\n")
    code = typist.end()

    assert code == 4, typist.seen
    assert {each.headers["authorization"] for each in api.requests} == {f"Bearer {CANARY}"}
    assert CANARY.encode() not in typist.seen
    assert b"as before" in typist.seen


@pytest.mark.every(2)
@needs_terminal
@pytest.mark.parametrize("way", ["key", "signal"])
def test_ctrl_c_ends_the_question_and_leaves_the_terminal_as_it_was(
    way: str, inside: Inside, ring: Path
) -> None:
    inside.configure(mine=profile(API))

    typist = Typist(inside, "auth", "login", "-p", "mine", "--token-stdin")
    typist.read_until(b"not shown: ")
    typist.type(b"half-a-canary")
    if way == "key":
        typist.type(b"\x03")
    else:
        typist.child.send_signal(signal.SIGTERM)
    code = typist.end()

    assert (code, entries(ring)) == (130 if way == "key" else 143, {})
    assert b"canary" not in typist.seen
    assert b"as before" in typist.seen


# -- words -----------------------------------------------------------------------------


def test_every_closed_set_has_its_words() -> None:
    assert set(CREDENTIAL_STATES) == set(CredentialState)
    assert set(TRIAL_OUTCOMES) == set(TrialOutcome)
    assert set(WAITING) == {each.value for each in WaitingFor}
