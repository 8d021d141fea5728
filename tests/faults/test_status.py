"""Faults 17 to 36: redirects, and what each status of HTTP means for a wait."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from faults.catalogue import fault
from faults.whole import CANARY, DONE, RUNNING, api, asked_about, says, state
from opwatch.domain.outcome import Policy
from servers.raw import RawServer, answer, drip, http, read, send

if TYPE_CHECKING:
    from pathlib import Path

    from faults.whole import Wait
    from servers.tls import Authority


def path_of(request: bytes) -> str:
    return request.split(b" ", 2)[1].decode()


def moved(to: str, status: str = "302 Found") -> bytes:
    return http(b"", f"Location: {to}", status=status)


def status(text: str, body: bytes = b"", *headers: str) -> bytes:
    return http(body, *headers, status=text)


def secret_of(request: bytes) -> str:
    head = request.decode().split("Authorization: Bearer ", 1)
    return head[1].split("\r\n", 1)[0] if len(head) > 1 else ""


def token_file(wait: Wait, token: str = CANARY) -> Path:
    path = wait.home / "token"
    path.write_text(token)
    path.chmod(0o600)
    return path


# -- redirects -----------------------------------------------------------------------


@fault(17)
@pytest.mark.parametrize(
    "code",
    ["301 Moved Permanently", "302 Found", "303 See Other", "307 Temporary", "308 Permanent"],
)
def test_a_redirect_within_the_origin_is_followed_with_the_credential(
    wait: Wait, code: str
) -> None:
    def route(request: bytes) -> bytes:
        way = {"/ops/a": "/1", "/1": "2?x=1", "/2?x=1": "/3"}
        path = path_of(request)
        return moved(way[path], code) if path in way else DONE

    with api(route) as server:
        ended = wait(server.url)

    assert (ended.code, ended.one["polls"], ended.one["problems"]) == (0, 1, 0), ended.err
    assert [path_of(each) for each in server.requests] == ["/ops/a", "/1", "/2?x=1", "/3"]
    assert {secret_of(each) for each in server.requests} == {CANARY}


@fault(17)
@pytest.mark.parametrize(
    "route",
    [
        pytest.param(lambda request: moved(path_of(request)), id="to itself"),
        pytest.param(lambda request: moved(path_of(request) + "0"), id="without end"),
    ],
)
def test_a_circle_of_redirects_is_refused_after_three(wait: Wait, route: Any) -> None:
    with api(route) as server:
        ended = wait(server.url)

    assert (ended.code, ended.one["polls"]) == (6, 1)
    assert "redirected too many times" in ended.line("a unknown after")
    assert len(server.requests) <= 4


@fault(18)
def test_a_redirect_to_another_origin_is_never_sent(wait: Wait) -> None:
    with RawServer([answer(b"{}")]) as sink, api(moved(f"{sink.url}/steal")) as server:
        ended = wait(server.url)

        assert (sink.requests, sink.connections) == ([], 0)
    assert (ended.code, ended.one["polls"]) == (6, 1)
    line = ended.line("a unknown after")
    assert sink.url in line
    assert "(no credential was sent)" in line
    assert "allow_hosts" in ended.line("to fix")


@fault(18)
def test_a_redirect_to_another_origin_is_followed_where_the_profile_allows_it(wait: Wait) -> None:
    with api(DONE) as other, api(moved(f"{other.url}/ops/a")) as server:
        ended = wait(server.url, allow_hosts=[other.url])

    assert ended.code == 0, ended.err
    assert [secret_of(each) for each in other.requests] == [CANARY]


@fault(19)
def test_a_redirect_from_https_to_http_is_never_sent(
    wait: Wait, authority: Authority, tmp_path: Path
) -> None:
    wait.ca_file = authority.write(tmp_path)
    with RawServer([answer(b"{}")]) as sink:
        script = [answer(b"", f"Location: {sink.url}/x", status="302 Found")]
        with RawServer(script, context=authority.good()) as server:
            ended = wait(server.url)

        assert sink.connections == 0
    assert ended.code == 6
    assert "refused to send the request to another origin" in ended.line("a unknown after")


# -- 304 -----------------------------------------------------------------------------


NOT_MODIFIED = b"HTTP/1.1 304 Not Modified\r\n\r\n"


@fault(20)
def test_a_304_that_was_not_asked_for_is_no_answer(wait: Wait) -> None:
    with api(RUNNING, NOT_MODIFIED, NOT_MODIFIED, DONE) as server:
        ended = wait(server.url)

    assert (ended.code, ended.one["problems"]) == (0, 2), ended.err
    assert "not modified" in ended.line("a trouble")


@fault(21)
def test_a_304_that_was_asked_for_confirms_the_last_state(wait: Wait) -> None:
    tagged = says("running", 'ETag: "1"')
    with api(tagged, *[NOT_MODIFIED] * 6, DONE) as server:
        ended = wait(server.url, policy=Policy(interval=2.0, lost_after=4.0), conditional=True)

    assert (ended.code, ended.one["problems"], ended.one["polls"]) == (0, 0, 8), ended.err
    asked = [b'If-None-Match: "1"' in each for each in server.requests]
    assert asked == [False, *[True] * 7]


@fault(22)
def test_a_304_that_is_wrong_cannot_hang_a_wait(wait: Wait) -> None:
    def lie(request: bytes) -> bytes:
        if b"If-None-Match" in request:
            return NOT_MODIFIED
        first = len(server.requests) == 1
        return says("running" if first else "done", 'ETag: "1"')

    with api(lie) as server:
        ended = wait(server.url, conditional=True)

    assert ended.code == 0, ended.err
    assert ended.one["polls"] <= 11


@fault(22)
def test_a_304_that_is_wrong_does_not_outlive_the_deadline(wait: Wait) -> None:
    def lie(request: bytes) -> bytes:
        if b"If-None-Match" in request:
            return NOT_MODIFIED
        return says("running" if len(server.requests) == 1 else "done", 'ETag: "1"')

    with api(lie) as server:
        ended = wait(server.url, policy=Policy(timeout=5), conditional=True)

    assert ended.code == 0, ended.err


@fault(22)
def test_the_body_counts_and_not_its_validator(wait: Wait) -> None:
    same = [says("running", 'ETag: "1"'), says("running", 'ETag: "2"'), says("done", 'ETag: "2"')]
    with api(*same) as server:
        ended = wait(server.url, conditional=True)

    assert (ended.code, ended.one["polls"]) == (0, 3)


# -- refusals ------------------------------------------------------------------------


@fault(23)
@pytest.mark.parametrize("code", [400, 405, 406, 415, 422, 451])
def test_a_request_that_is_refused_ends_the_operation_in_the_words_of_the_api(
    wait: Wait, code: int
) -> None:
    words = "no such \x1b[31mkind\n" + "of thing " * 99
    body = json.dumps({"error": {"message": words}}).encode()
    with api(status(f"{code} Nope", body)) as server:
        ended = wait(server.url)

    assert (ended.code, ended.one["polls"]) == (6, 1)
    line = ended.line("a unknown after")
    assert f"HTTP {code}" in line
    assert "no such kind ⏎ of thing" in line
    assert len(line) < 300
    assert "opwatch profile explain -p api --config " in ended.line("to fix")


@fault(23)
def test_a_request_that_is_refused_ends_only_its_own_operation(wait: Wait) -> None:
    def choose(request: bytes) -> bytes:
        name = asked_about(request)
        return status("422 Nope", b"{}") if name == "b" else http(state("done", name))

    with api(choose) as server:
        ended = wait(server.url, "a", "b", "c")

    assert (ended.code, ended.outcomes) == (6, ["succeeded", "unknown", "succeeded"])


UNAUTHORIZED = status("401 Unauthorized", b'{"message": "expired"}')
FORBIDDEN = status("403 Forbidden", b'{"message": "not yours"}')


@fault(24)
def test_a_refused_credential_ends_all_of_its_host_at_the_first_answer(wait: Wait) -> None:
    with api(UNAUTHORIZED) as server:
        ended = wait(server.url, *"abcdef")

    assert (ended.code, set(ended.outcomes)) == (4, {"denied"})
    assert len(server.requests) == 1
    assert "refused the credential (HTTP 401): expired" in ended.line("a denied after")
    assert "opwatch auth test -p api" in ended.line("to fix")


@fault(24)
def test_a_credential_that_can_be_read_anew_is_and_the_request_repeated_once(wait: Wait) -> None:
    path = token_file(wait, "stale")

    def check(request: bytes) -> bytes:
        path.write_text(CANARY)
        return DONE if secret_of(request) == CANARY else UNAUTHORIZED

    with api(check) as server:
        ended = wait(server.url, auth={"bearer": {"file": str(path)}})

    assert (ended.code, ended.one["polls"], ended.one["problems"]) == (0, 1, 0), ended.err
    assert [secret_of(each) for each in server.requests] == ["stale", CANARY]


@fault(25)
def test_a_token_that_expires_in_the_middle_is_renewed_once_for_all(wait: Wait) -> None:
    """200 operations, one token endpoint: it is asked twice in all."""
    asked: Counter[str] = Counter()

    def serve(request: bytes) -> bytes:
        if path_of(request) == "/token":
            asked["token"] += 1
            return http(json.dumps({"access_token": f"{CANARY}-{asked['token']}"}).encode())
        name = asked_about(request)
        asked[name] += 1
        if asked[name] == 1:
            return http(state("running", name))
        is_fresh = secret_of(request) == f"{CANARY}-2"
        return http(state("done", name)) if is_fresh else UNAUTHORIZED

    names = [f"op-{number}" for number in range(200)]
    wait.environ["ID"], wait.environ["SECRET"] = "me", CANARY
    with api(serve) as server:
        oauth = {
            "grant": "client_credentials",
            "token_url": f"{server.url}/token",
            "client_id": {"env": "ID"},
            "client_secret": {"env": "SECRET"},
        }
        many = {"rate": "1000/s", "burst": 1000, "at_once": 32}
        ended = wait(server.url, *names, auth={"oauth2": oauth}, limits=many)

    assert ended.code == 0, ended.err
    assert asked["token"] == 2


@fault(25)
def test_a_credential_that_stays_refused_is_believed_after_half_a_minute(wait: Wait) -> None:
    wait.speed = 200.0
    with api(RUNNING, UNAUTHORIZED) as server:
        ended = wait(server.url)

    assert (ended.code, ended.one["state"]) == (4, "running")
    assert 30 <= ended.took < 60
    assert len(server.requests) >= 3


@fault(25)
def test_one_refusal_in_the_middle_of_a_wait_is_borne(wait: Wait) -> None:
    wait.speed = 200.0
    with api(RUNNING, UNAUTHORIZED, DONE) as server:
        ended = wait(server.url)

    assert (ended.code, ended.one["problems"]) == (0, 1), ended.err


@fault(26)
def test_a_403_ends_its_operation_at_the_first_answer_and_not_its_neighbour(wait: Wait) -> None:
    def choose(request: bytes) -> bytes:
        name = asked_about(request)
        return FORBIDDEN if name == "a" else http(state("done", name))

    with api(choose) as server:
        ended = wait(server.url, "a", "b")

    assert (ended.code, ended.outcomes) == (4, ["denied", "succeeded"])
    assert len(server.requests) == 2
    assert "(HTTP 403): not yours" in ended.line("a denied after")


@fault(26)
@pytest.mark.parametrize(
    "headers",
    [("Retry-After: 3",), ("X-RateLimit-Remaining: 0", "X-RateLimit-Reset: 3")],
)
def test_a_403_that_is_a_rate_limit_is_waited_out(wait: Wait, headers: tuple[str, ...]) -> None:
    with api(status("403 Forbidden", b"{}", *headers), DONE) as server:
        ended = wait(server.url)

    assert (ended.code, ended.one["polls"]) == (0, 2), ended.err
    assert ended.took >= 3
    assert "is limiting the rate of requests" in ended.line("a trouble")


@fault(27)
def test_a_403_in_the_middle_is_believed_after_a_minute(wait: Wait) -> None:
    wait.speed = 200.0
    with api(RUNNING, FORBIDDEN) as server:
        ended = wait(server.url)

    assert (ended.code, ended.one["state"]) == (4, "running")
    assert ended.took >= 60
    assert len(server.requests) >= 4


LOGIN = status("302 Found", b"", "Location: https://captive.example/login")
REFUSES = status("400 Bad Request", b"<html><title>Bad</title></html>", "Content-Type: text/html")


@pytest.mark.parametrize("page", [LOGIN, REFUSES])
def test_a_portal_or_a_balancer_that_comes_between_ends_no_wait(wait: Wait, page: bytes) -> None:
    with api(RUNNING, page, page, DONE) as server:
        borne = wait(server.url)
    with api(page) as server:
        at_first = wait(server.url)

    assert (borne.code, borne.one["problems"]) == (0, 2), borne.err
    assert (at_first.code, at_first.one["polls"]) == (6, 1)


@fault(27)
def test_a_403_that_passes_is_borne(wait: Wait) -> None:
    wait.speed = 200.0
    with api(RUNNING, FORBIDDEN, FORBIDDEN, RUNNING, FORBIDDEN, DONE) as server:
        ended = wait(server.url)

    assert (ended.code, ended.one["problems"]) == (0, 3), ended.err


@fault(24)
@pytest.mark.parametrize("code", ["400 Bad Request", "422 Unprocessable"])
def test_a_refusal_is_explained_by_the_server_and_not_by_a_guess(wait: Wait, code: str) -> None:
    with api(status(code, b'{"message": "api-version is missing"}')) as server:
        ended = wait(server.url)

    assert ended.code == 6
    assert "api-version is missing" in ended.line("a unknown after")
    assert "check the id" not in ended.err


ASKED = "WWW-Authenticate: "


@fault(24)
@pytest.mark.parametrize("code", ["401 Unauthorized", "403 Forbidden"])
def test_no_credential_sent_is_not_a_credential_refused(wait: Wait, code: str) -> None:
    with api(status(code, b'{"message": "log in"}', ASKED + 'Bearer realm="x"')) as server:
        ended = wait(server.url, auth="none")

    assert (ended.code, ended.one["reason"]) == (4, "no_credential")
    line = ended.line("a denied after")
    assert "without a credential" in line or "none was sent" in line
    assert "log in; it asks for Bearer" in line
    assert "refused the credential" not in ended.err
    assert "opwatch auth status -p api" in ended.line("to fix")


@fault(24)
@pytest.mark.parametrize("more", [{}, {"auth": "none"}], ids=str)
def test_what_is_asked_for_is_what_is_advised(wait: Wait, more: dict[str, Any]) -> None:
    asked = (ASKED + 'Basic realm="x"', ASKED + "Negotiate")
    with api(status("401 Unauthorized", b"{}", *asked)) as server:
        ended = wait(server.url, **more)

    assert ended.code == 4
    assert "asks for Basic, Negotiate" in ended.line("to fix")
    assert "renew" not in ended.line("to fix")


# -- not found -----------------------------------------------------------------------

MISSING = status("404 Not Found", b"{}")
NOT_THERE = {"http": [404, 410], "state": "succeeded"}
GONE = status("410 Gone", b"{}")


@fault(28)
def test_an_operation_that_is_not_known_yet_has_half_a_minute(wait: Wait) -> None:
    with api(MISSING, MISSING, MISSING, MISSING, DONE) as server:
        ended = wait(server.url)

    assert (ended.code, ended.one["problems"]) == (0, 4), ended.err


@fault(28)
@pytest.mark.parametrize(("grace", "least"), [("30s", 30), ("5s", 5), ("0s", 0)])
def test_an_operation_that_stays_unknown_is_not_found(wait: Wait, grace: str, least: float) -> None:
    with api(MISSING) as server:
        ended = wait(server.url, not_found_grace=grace)

    assert (ended.code, ended.one["reason"]) == (5, "never_found")
    assert ended.one["polls"] >= 3
    assert least <= ended.took < least + 20
    assert "the API does not know it" in ended.line("a not found after")
    assert "check the id and the profile" in ended.line("to fix")


@fault(28)
@pytest.mark.parametrize("once", [False, True])
def test_whoever_knows_better_says_how_long_an_operation_may_not_exist_yet(
    wait: Wait, *, once: bool
) -> None:
    with api(*[MISSING] * 30, DONE) as server:
        ended = wait(server.url, not_found_grace="5s", policy=Policy(grace=300.0, once=once))

    assert (ended.code, ended.one["problems"]) == (0, 30), ended.err


@fault(28)
@pytest.mark.parametrize("once", [False, True])
def test_what_does_not_exist_by_then_is_not_found(wait: Wait, *, once: bool) -> None:
    with api(MISSING) as server:
        ended = wait(server.url, not_found_grace="1h", policy=Policy(grace=20.0, once=once))

    assert (ended.code, ended.one["reason"]) == (5, "never_found")
    assert ended.one["polls"] >= 3
    assert 20 <= ended.took < 40


@fault(28)
@pytest.mark.parametrize("policy", [Policy(once=True), Policy(once=True, grace=0.0)])
def test_a_single_look_believes_the_first_answer(wait: Wait, policy: Policy) -> None:
    with api(MISSING) as server:
        ended = wait(server.url, not_found_grace="1h", policy=policy)

    assert (ended.code, ended.one["reason"], ended.one["polls"]) == (5, "never_found", 1)


@fault(28)
def test_the_deadline_comes_before_the_end_of_a_grace(wait: Wait) -> None:
    with api(MISSING) as server:
        ended = wait(server.url, policy=Policy(grace=3600.0, timeout=20.0))

    assert (ended.code, ended.one["reason"]) == (124, "deadline")


@fault(29)
@pytest.mark.parametrize("gone", [MISSING, GONE], ids=["404", "410"])
def test_an_operation_that_vanishes_is_gone_after_half_a_minute(wait: Wait, gone: bytes) -> None:
    with api(RUNNING, gone) as server:
        ended = wait(server.url)

    assert (ended.code, ended.one["reason"]) == (5, "gone")
    assert ended.one["problems"] >= 3
    assert 30 <= ended.took < 45
    assert "was running, then gone" in ended.line("a not found after")


PAGE = b"<!doctype html><title>Not here</title>"
ELSEWHERE = {
    "a web page": status("404 Not Found", PAGE, "Content-Type: text/html"),
    "a proxy's web page": status("404 Not Found", PAGE, "Via: 1.1 squid"),
    "a proxy's text": status("404 Not Found", b"no such host", "Proxy-Status: edge; error=x"),
    "nothing, from a proxy": status("410 Gone", b"", "Via: 1.1 squid"),
}


@pytest.mark.every(4)
@fault(29)
@pytest.mark.parametrize("answer", ELSEWHERE.values(), ids=ELSEWHERE)
@pytest.mark.parametrize("more", [{}, {"gone": "succeeded"}, {"rules": [NOT_THERE]}], ids=str)
def test_only_the_api_itself_can_say_that_it_is_gone(
    wait: Wait, answer: bytes, more: dict[str, Any]
) -> None:
    with api(RUNNING, *[answer] * 12, RUNNING, answer) as server:
        ended = wait(server.url, policy=Policy(timeout=120.0), **more)

    assert (ended.code, ended.outcomes) == (124, ["timed_out"]), ended.err


@fault(29)
@pytest.mark.parametrize(("meaning", "code"), [("succeeded", 0), ("failed", 1)])
def test_the_profile_may_say_what_it_means_to_be_gone(wait: Wait, meaning: str, code: int) -> None:
    with api(RUNNING, MISSING) as server:
        ended = wait(server.url, gone=meaning)

    assert (ended.code, ended.outcomes) == (code, [meaning])


DELETING = says("running", type="DELETE")
CREATING = says("running", type="CREATE")
DELETION: dict[str, Any] = {
    "read": {"id": "id", "status": "status", "kind": "type"},
    "gone": {"state": "succeeded", "kind": "delete"},
    "troubles": [{"http": 404, "when": "!error", "as": "not_the_api"}],
}
NO_SUCH = status("404 Not Found", b'{"error": "NotFound", "description": "no such operation"}')
ROUTER = status("404 Not Found", b"404 Not Found: Requested route ('x') does not exist.")


@fault(29)
@pytest.mark.parametrize(("kind", "code"), [(DELETING, 0), (CREATING, 5)], ids=["delete", "create"])
def test_a_deletion_that_is_gone_has_succeeded_and_a_creation_has_not(
    wait: Wait, kind: bytes, code: int
) -> None:
    with api(kind, NO_SUCH) as server:
        ended = wait(server.url, **DELETION)

    assert (ended.code, ended.one["reason"]) == (code, "gone")


@fault(29)
def test_the_404_of_a_router_in_front_of_the_api_ends_no_deletion(wait: Wait) -> None:
    with api(DELETING, *[ROUTER] * 9, DONE) as server:
        ended = wait(server.url, **DELETION)

    assert (ended.code, ended.one["problems"], ended.one["reason"]) == (0, 9, None)


@fault(29)
def test_an_operation_that_comes_back_is_not_gone(wait: Wait) -> None:
    with api(RUNNING, MISSING, MISSING, RUNNING, MISSING, GONE, DONE) as server:
        ended = wait(server.url)

    assert (ended.code, ended.one["problems"]) == (0, 4), ended.err


# -- trouble of the server -----------------------------------------------------------

PASSING = (408, 425, 429, 500, 502, 503, 504, *range(520, 528), 529, 598, 599)


@fault(30)
def test_a_passing_trouble_of_the_server_is_waited_out(wait: Wait) -> None:
    wait.speed = 300.0
    answers = [each for code in PASSING for each in (RUNNING, status(f"{code} Oops", b"{}"))]
    with api(*answers, DONE) as server:
        ended = wait(server.url)

    assert (ended.code, ended.one["problems"]) == (0, len(PASSING)), ended.err


@fault(30)
def test_a_server_that_is_starting_is_waited_for_from_the_first_answer(wait: Wait) -> None:
    with api(*[status("503 Starting")] * 5, DONE) as server:
        ended = wait(server.url)

    assert (ended.code, ended.one["problems"]) == (0, 5), ended.err
    assert "HTTP 503" in ended.line("a trouble")


@fault(31)
@pytest.mark.parametrize("code", [501, 505])
def test_a_server_that_cannot_says_so_at_the_first_answer(wait: Wait, code: int) -> None:
    with api(status(f"{code} No")) as server:
        ended = wait(server.url)

    assert (ended.code, ended.one["polls"]) == (6, 1)
    assert f"does not support this request (HTTP {code})" in ended.line("a unknown after")


@fault(31)
@pytest.mark.parametrize("code", [501, 505, 506, 507, 508, 511])
def test_a_server_that_cannot_for_a_while_is_waited_for(wait: Wait, code: int) -> None:
    with api(RUNNING, status(f"{code} No"), DONE) as server:
        ended = wait(server.url)

    assert (ended.code, ended.one["problems"]) == (0, 1), ended.err


@fault(31)
def test_a_captive_portal_is_called_one(wait: Wait) -> None:
    page = b"<html><title>Hotel</title>"
    with api(status("511 Network Authentication Required", page), DONE) as server:
        ended = wait(server.url)

    assert ended.code == 0
    assert "requires a login (HTTP 511)" in ended.line("a trouble")


# -- success, more or less -----------------------------------------------------------


@fault(32)
@pytest.mark.parametrize("code", ["200 OK", "201 Created", "202 Accepted", "203 Transformed"])
def test_any_success_with_a_body_is_read_by_its_body(wait: Wait, code: str) -> None:
    with api(says("running", http_status=code), says("done", http_status=code)) as server:
        ended = wait(server.url)

    assert (ended.code, ended.one["problems"], ended.one["polls"]) == (0, 0, 2), ended.err


@fault(33)
@pytest.mark.parametrize("code", ["204 No Content", "205 Reset", "200 OK", "202 Accepted"])
def test_a_success_without_a_body_is_no_state(wait: Wait, code: str) -> None:
    length = b"" if code.startswith("204") else b"Content-Length: 0\r\n"
    with api(RUNNING, b"HTTP/1.1 " + code.encode() + b"\r\n" + length + b"\r\n", DONE) as server:
        ended = wait(server.url)

    assert (ended.code, ended.one["problems"]) == (0, 1), ended.err
    assert "sent an empty answer" in ended.line("a trouble")


@fault(33)
def test_a_success_without_a_body_is_one_where_the_profile_says_so(wait: Wait) -> None:
    rules = [{"http": 204, "state": "succeeded"}]
    with api(RUNNING, b"HTTP/1.1 204 No Content\r\n\r\n") as server:
        ended = wait(server.url, rules=rules)

    assert (ended.code, ended.one["problems"]) == (0, 0), ended.err


@fault(34)
def test_a_part_that_was_not_asked_for_is_no_answer(wait: Wait) -> None:
    part = says("done", "Content-Range: bytes 0-9/10", http_status="206 Partial Content")
    with api(RUNNING, part, RUNNING, says("failed")) as server:
        ended = wait(server.url)

    assert (ended.code, ended.one["problems"]) == (1, 1), ended.err
    assert "HTTP 206" in ended.line("a trouble")


@fault(35)
def test_a_status_beyond_the_known_ones_is_no_answer(wait: Wait) -> None:
    with api(RUNNING, says("done", http_status="999 Blocked"), says("failed")) as server:
        ended = wait(server.url)

    assert (ended.code, ended.one["problems"]) == (1, 1), ended.err
    assert "HTTP 999, which is not a known status" in ended.line("a trouble")


INTERIM = b"HTTP/1.1 102 Processing\r\n\r\n"


@fault(35)
@pytest.mark.parametrize(
    ("step", "said"),
    [
        pytest.param(drip(INTERIM * 9999, 0.002, 270), "in time", id="1xx flood"),
        pytest.param(send(b"\x16\x03\x01 hello\r\n\r\n"), "malformed HTTP", id="no status line"),
        pytest.param(send(b"HTTP/9.9 200 OK\r\n\r\n{}"), "malformed HTTP", id="another HTTP"),
        pytest.param(send(b"HTTP/1.1 99 Low\r\n\r\n"), "malformed HTTP", id="two digits"),
    ],
)
def test_garbage_before_the_headers_is_no_answer(wait: Wait, step: Any, said: str) -> None:
    wait.speed = 100.0
    first = [answer(state("running"), "Connection: close")]
    with RawServer(first, [read(), step], [answer(state("done"))]) as server:
        ended = wait(server.url)

    assert (ended.code, ended.one["problems"]) == (0, 1), ended.err
    assert said in ended.line("a trouble")


@fault(36)
def test_control_characters_in_a_reason_or_a_header_reach_no_screen(wait: Wait) -> None:
    red = http(state("running"), "ETag: \x1b]0;owned\x9c", status="200 \x1b[31mOK")
    bad = http(b"no", "Retry-After: \x1b[2J", status="502 \x1b[2J")
    with api(red, bad, DONE) as server:
        ended = wait(server.url, verbose=True)

    assert ended.code == 0, ended.err
    assert "\x9c" not in ended.err
    assert "etag: \\x1b]0;owned\\x9c" in ended.err
