"""What a profile may say: every refusal has its place and its way out."""

# ruff: noqa: E501, a row of a table reads best as one line

from __future__ import annotations

import pytest

from opwatch.domain.errors import ProfileError
from opwatch.profiles import bind_profile, check
from profiles.making import PLAIN, definition


def faults(text: str) -> list[tuple[int, str]]:
    return [(each.line, each.message) for each in check(text, "mine.yaml")]


def plain_but(old: str, new: str) -> str:
    assert old in PLAIN
    return PLAIN.replace(old, new)


def test_the_plain_profile_has_no_problem() -> None:
    assert faults(PLAIN) == []


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ("intervall: 2s", "unknown key 'intervall' in the profile"),
        ("pol: {first: 2s}", "unknown key 'pol' in the profile; did you mean 'poll'?"),
        ("poll: {intervall: 2s}", "unknown key 'intervall' in 'poll'"),
        ("poll: {frist: 2s}", "unknown key 'frist' in 'poll'; did you mean 'first'?"),
        ("poll: {first: fast}", "'fast' is not a duration; write 90, 90s, 5m or 1h30m"),
        ("poll: {first: 0}", "0 is not between 0.1s and 3600s"),
        ("poll: {longest: 1000000000}", "'1000000000' is not a duration; write 90, 90s, 5m or 1h30m"),
        ("poll: {longest: 2h}", "2h is not between 0.1s and 3600s"),
        ("poll: {longest: -1}", "'-1' is not a duration; write 90, 90s, 5m or 1h30m"),
        ("poll: {first: nan}", "'nan' is not a duration; write 90, 90s, 5m or 1h30m"),
        ("poll: {first: 30s, longest: 10s}", "'longest' is shorter than 'first'"),
        ("poll: fast", "expected 'poll' to be a mapping, found 'fast'"),
        ("limits: {rate: often}", "'often' is not a rate; write 10/s, 500/min or 5000/h"),
        ("limits: {at_once: 0}", "0 is not between 1 and 64"),
        ("conditional: yes", "expected true or false, found 'yes'"),
        ("confirm: 1.5", "expected a whole number, found '1.5'"),
        ("gone: running", "expected 'succeeded', 'failed' or 'cancelled', found 'running'"),
        ("gone: suceeded", "expected 'succeeded', 'failed' or 'cancelled', found 'suceeded'; did you mean 'succeeded'?"),
        ("docs: javascript:alert(1)", "'javascript:alert(1)' is not a web address"),
        ("notes: true", "expected a text, found true; write it in quotes"),
        ("notes: [a]", "expected a text or a number, found a list"),
        ("confidence: {level: partly}", "'confidence' needs a 'reason' unless its level is 'documented'"),
        ("moves: 'not a header'", "'not a header' is not a header name"),
        ("allow_hosts: ['https://user@x.example']", "'https://user@x.example' is not a host"),
        ("allow_hosts: ['{region}.example']", "there is no parameter 'region'"),
        ("handoff: [{bodi: id}]", "a hand-off needs one of 'header', 'body' or 'url'; did you mean 'body'?"),
        ("handoff: [{body: id, with: {dag: dag}}]", "there is no parameter 'dag'"),
        ("rules: [{state: failed}]", "the rule has no condition: 'when', 'http' or 'params'"),
        ("rules: [{when: 'a.', state: failed}]", "not a JMESPath expression: it ends too soon"),
        ("rules: [{when: 'nope(a)', state: failed}]", "unknown function 'nope'"),
        ("rules: [{when: 'lenght(a)', state: failed}]", "unknown function 'lenght'; did you mean 'length'?"),
        ("rules: [{when: 'lower(a, b)', state: failed}]", "lower() takes 1 arguments, not 2"),
        ("rules: [{when: a.*.b.c, state: failed}]", "after '.*' only one name is read; write values(a)[].b.c"),
        ("rules: [{when: 'x && a.*.b.c.d', state: failed}]", "after '.*' only one name is read; write values(a)[].b.c"),
        ("rules: [{when: '!a.b', state: failed}]", "'!' applies only to what precedes '.'; write !(a.b)"),
        ("rules: [{when: 'status == \"done\"', state: failed}]", "double quotes name a field; write the text as 'done' or `\"done\"`"),
        ("rules: [{when: '\"in progress\" != a.b', state: failed}]", "double quotes name a field; write the text as 'in progress' or `\"in progress\"`"),
        ("rules: [{http: 700, state: failed}]", "'700' is not an HTTP status; write 202 or 2xx"),
        ("rules: [{params: {kind: x}, state: failed}]", "there is no parameter 'kind'"),
        ("rules: [{when: a}]", "the rule lacks 'state'"),
        ("result: [{path: /a, url: b}]", "a step needs either 'path' or 'url'"),
        ("result: [{path: '/a/{what}'}]", "there is no parameter 'what'"),
        ("batch: {items: x, path: /all}", "'batch' needs either 'query' or 'body'"),
        ("batch: {query: ids, items: x}", "'batch' needs a 'path' without {id}"),
        ("batch: {body: {a: b}, items: x, path: /all}", "the body of a batch must hold '{ids}'"),
        ("params: {token: x}", "'token' cannot be a parameter name; it is reserved"),
        ("params: {Owner: x}", "'Owner' is not a parameter name; use small letters, digits and '_'"),
        ("params: {kind: {choices: [a, b], default: c}}", "the default is not valid: kind must be a or b, not 'c'"),
        ("params: {kind: {pattern: '('}}", "not a regular expression: missing ) at position 1"),
        ("wait: {text: {in: a, regex: '" + "a" * 201 + "'}}", "a pattern has at most 200 characters"),
        ("references: ['/x/{id}/{what}']", "there is no parameter 'what'"),
        ("handoff: [{url: '/x/{id}?a=b'}]", "what follows '?' must be NAME={parameter}, joined by '&'"),
        ("handoff: [{url: '/x/{id}?a={b}'}]", "there is no parameter 'b'"),
        ("handoff: [{url: /x}]", "the URL has no {id}"),
        ("handoff: [{body: id, by_method: {BREW: {a: b}}}]", "expected DELETE, PATCH, POST or PUT, found 'BREW'"),
        ("handoff: [{body: id, by_method: {PUT: {k: c}}}]\nparams: {k: {choices: [a, b]}}", "k must be a or b, not 'c'"),
        ("handoff: [{body: id, from_path: '/{kind}/**'}]", "there is no parameter 'kind'; did you mean 'id'?"),
        ("references: ['/x/{id}?a={id}-b']", "what follows '?' must be NAME={parameter}, joined by '&'"),
        ("auth: {optional: true, bearer: {env: A}, x: 1}", "unknown key 'x' in 'auth'"),
        ("auth: {optional: perhaps, bearer: {env: A}}", "expected true or false, found 'perhaps'"),
        ("auth: {optional: true, basic: {username: u, password: {env: A}}}", "unknown key 'optional' in 'auth'"),
        ("auth: {optional: true}", "'auth' needs one of 'bearer', 'header', 'query', 'basic' or 'oauth2'"),
        ("references: ['/x']", "the reference has no {id}, so it does not name an operation"),
        ("references: [{like: '/x/{h}'}]", "the reference lacks 'with'"),
        ("references: [{like: '/x/{h}', with: {id: 'a{g}{h}'}}]", "a parameter is made of {g}, which 'like' lacks"),
        ("references: [{like: '/{y}/{h}', with: {id: '{h}'}}]", "there is no parameter 'y'"),
        ("confidence: {level: documented, checked: 28.11.2026}", "'28.11.2026' is not a date; write it as in 2026-11-28"),
        ("confidence: {level: documented, checked: 2026-13-28}", "'2026-13-28' is not a date; write it as in 2026-11-28"),
        ("gone: {kind: delete}", "'gone' lacks 'state'"),
        ("allow_http: maybe", "expected true or false, found 'maybe'"),
    ],
)  # fmt: skip
def test_a_wrong_key_or_value_is_refused_and_says_why(more: str, message: str) -> None:
    assert faults(PLAIN + more) == [(8, message)]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("version: 1", "version: 2", "this opwatch reads version 1, not '2'"),
        ("version: 1", "version: true", "this opwatch reads version 1, not 'true'"),
        ("https://api.example.com", "http://api.example.com", "plain http would show the credential to the network; write https"),
        ("https://api.example.com", "ftp://api.example.com", "not a base URL: the URL is neither https nor http"),
        ("https://api.example.com", "https://a@api.example.com", "not a base URL: the URL holds user information before its host"),
        ("https://api.example.com", "https://api.example.com?x=1", "a base URL must not have a query or a fragment"),
        ("https://api.example.com", "https://{site}.example.com", "there is no parameter 'site'"),
        ("https://api.example.com", "'{h}/api'\nparams: {h: {}}\nreferences: ['{h}/x/{id}']", "base_url is more than {h}; begin a page at the API's own host with '/'"),
        ("'/ops/{id}'", "'ops/{id}'", "the path must begin with '/'"),
        ("'/ops/{id}'", "/ops", "the request does not contain {id}, and there is no 'batch'"),
        ("'/ops/{id}'", "'/ops/{id'", "a lone '{'; write '{{', or {name} for a parameter"),
        ("'/ops/{id}'", "'/ops/{Id}'", "a lone '{'; write '{{', or {name} for a parameter"),
        ("'/ops/{id}'", "'/ops/{id}', headers: {Authorization: x}", "the header Authorization cannot be given: it carries a credential, and only 'auth' may give it"),
        ("'/ops/{id}'", "'/ops/{id}', headers: {Private-Token: x}", "the header 'Private-Token' carries a secret; it belongs under 'auth'"),
        ("'/ops/{id}'", "'/ops/{id}', headers: {Host: x}", "the header Host cannot be given: it frames the request, and only opwatch sets it"),
        ("'/ops/{id}'", "'/ops/{id}', method: DELETE", "expected 'GET' or 'POST', found 'DELETE'"),
        ("'/ops/{id}'", "'/ops/{id}', body: {a: 1}, graphql: {query: q}", "'body' and 'graphql' exclude each other"),
        ("succeeded: [done]", "succeeded: []", "no status word and no rule means succeeded"),
        ("failed: [failed]", "failed: [failed, DONE]", "'DONE' is also listed as 'succeeded'"),
        ("failed: [failed]", "failed: [failed, Run-ning]", "'Run-ning' is also listed as 'running'"),
        ("failed: [failed]", "faild: [failed]", "unknown key 'faild' in 'states'; did you mean 'failed'?"),
        ("{id: id, status: status}", "{id: id}", "'read' does not say where the status is"),
        ("status: status}", "status: [a, 'b c']}", "not a JMESPath expression: unexpected 'c'"),
    ],
)  # fmt: skip
def test_a_part_that_does_not_fit_is_refused(old: str, new: str, message: str) -> None:
    assert [found for _, found in faults(plain_but(old, new))] == [message]


def test_all_problems_are_told_at_once_in_the_order_of_the_file() -> None:
    text = plain_but("'/ops/{id}'", "'/ops/{it}'") + "poll: {frist: 2s}\nconfirm: no\n"

    assert [line for line, _ in faults(text)] == [8, 9]  # the parts, before they are put together


def test_a_problem_points_at_its_column_and_shows_the_line() -> None:
    (problem,) = check(PLAIN + "rules:\n  - {when: 'a == b c', state: failed}\n", "mine.yaml")

    assert (problem.line, problem.column) == (9, 20)
    assert problem.excerpt == "  - {when: 'a == b c', state: failed}"
    assert problem.excerpt[problem.column - 1] == "c"


def test_keys_that_begin_with_x_are_free() -> None:
    assert faults(PLAIN + "x-note: {anything: [1, 2]}\n") == []


@pytest.mark.parametrize(
    "auth",
    ["{bearer: SECRET-abc}", "{bearer: [SECRET-abc]}", "{basic: {username: u, password: SECRET-abc}}",
     "{header: {name: X-Api-Key, from: SECRET-abc}}", "{bearer: {env: SECRET-abc}}", "SECRET-abc",
     "{oauth2: {token_url: 'https://a.example/t', client_id: x, client_secret: SECRET-abc}}"],
)  # fmt: skip
def test_a_literal_secret_is_refused_and_never_repeated(auth: str) -> None:
    found = check(PLAIN + f"auth: {auth}\n", "mine.yaml")

    assert len(found) == 1
    assert "SECRET" not in repr(found)


def test_a_profile_without_base_url_is_asked_whether_it_forgot_to_extend() -> None:
    assert faults("version: 1\nparams: {x: y}\n") == [
        (1, "the profile lacks 'base_url'; did you forget 'extends'?"),
        (1, "no status word and no rule means succeeded"),
    ]


def test_presets_and_choices_must_be_the_same() -> None:
    text = plain_but("https://api.example.com", "{param: cloud, presets: {a: https://a.example}}")

    assert faults(text + "params: {cloud: {choices: [a, b]}}\n") == [
        (4, "presets and the choices of 'cloud' differ in 'b'")
    ]


def test_only_a_users_file_may_allow_plain_http() -> None:
    text = plain_but("https://", "http://") + "allow_http: true\n"

    assert bind_profile(definition(text)).base_url == "http://api.example.com"


def test_loopback_needs_no_tls() -> None:
    assert faults(plain_but("https://api.example.com", "http://127.0.0.1:8080")) == []


def test_a_configuration_is_checked_profile_by_profile() -> None:
    text = """version: 1
default_profile: a
profiles:
  a: {extends: fullstory, poll: {frist: 1s}}
  b: {extends: fulstory}
  C: {}
"""
    assert faults(text) == [(6, "'C' is not a profile name; use a-z, 0-9, '-', '_' and '.'")]
    assert faults(text.replace("  C: {}\n", "")) == [
        (4, "unknown key 'frist' in 'poll'; did you mean 'first'?"),
        (5, "there is no profile 'fulstory'; did you mean 'fullstory'?"),
    ]


def test_a_definition_that_has_problems_is_an_error() -> None:
    with pytest.raises(ProfileError, match=r"mine\.yaml:9:7: unknown key 'x' in 'poll'"):
        definition(PLAIN + "poll:\n     {x: 1}\n")
