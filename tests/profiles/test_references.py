"""How a person names an operation, and what is refused (faults 99 to 107)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opwatch.domain.errors import BadReferenceError, UsageError
from opwatch.domain.origin import parse_origin
from profiles.making import profile

BASED = """base_url: https://api.example.com/v2
params: {x: {}}
request: {path: '/ops/{id}', query: {api: '1', x: '{x}'}}
"""
WIDE = "params: {id: {encode: path}}\nrequest: {path: '/v1/{id}'}\n"


def asked(reference: str, more: str = "", **params: str) -> str:
    bound = profile(more, params)
    return bound.request([bound.target(reference)]).url


@pytest.mark.parametrize(
    ("reference", "url"),
    [
        ("abc", "ops/abc"),
        ("a/b", "ops/a%2Fb"),
        ("a%2Fb", "ops/a%252Fb"),
        ("a?b#c", "ops/a%3Fb%23c"),
        ("a b", "ops/a%20b"),
        ("é🎉", "ops/%C3%A9%F0%9F%8E%89"),
        ("-x", "ops/-x"),
        ("--help", "ops/--help"),
        ("@evil.example", "ops/%40evil.example"),
        ("a.b", "ops/a.b"),
        ("...", "ops/..."),
        (" abc ", "ops/abc"),
        ("\u202eabc", "ops/%E2%80%AEabc"),
        ("a:b;c=d", "ops/a%3Ab%3Bc%3Dd"),
        ("ftp://x", "ops/ftp%3A%2F%2Fx"),
    ],
)
def test_an_id_is_one_segment_of_the_path(reference: str, url: str) -> None:
    assert asked(reference) == f"https://api.example.com/{url}"


@pytest.mark.parametrize(
    "reference",
    [
        "",
        " ",
        ".",
        "..",
        "%2e",
        "%2E%2e",
        "%252e%252e",
        "a\nb",
        "a\x00b",
        "a\x7fb",
        "a\x9bb",
        "a%0ab",
        "\ud800",
        "x" * 513,
        "x" * 20_000,
        "//evil.example/ops/a",
        "/ops/..",
        "/ops/%2e%2e",
        "/../ops/a",
    ],
)
def test_what_could_mean_another_path_is_refused(reference: str) -> None:
    with pytest.raises(BadReferenceError):
        asked(reference)


@pytest.mark.parametrize("scheme", ["htp", "HTTPSS", "hhtp", "htps", "ttps"])
def test_a_url_whose_scheme_is_misspelt_is_not_taken_for_an_id(scheme: str) -> None:
    with pytest.raises(BadReferenceError, match=r"did you mean 'https?'"):
        asked(f"{scheme}://api.example.com/ops/a")


@pytest.mark.parametrize("id_", ["gid://shopify/BulkOperation/7001", "gs://bucket/a", "ftp://x"])
def test_an_id_may_have_a_scheme_of_its_own(id_: str) -> None:
    assert profile().target(id_).id == id_


def test_a_scheme_that_the_profile_itself_names_is_not_misspelt() -> None:
    assert asked("htp://a", "references: ['htp://{id}']\n").endswith("/ops/a")


@pytest.mark.parametrize("printed", ["null", "None", " null\n"])
def test_a_field_that_a_tool_did_not_find_is_no_operation(printed: str) -> None:
    with pytest.raises(BadReferenceError, match="a field that is not there"):
        asked(printed)


@pytest.mark.parametrize(
    "reference",
    [
        "https://evil.example/ops/a",
        "https://api.example.com.evil.example/ops/a",
        "https://api.example.com@evil.example/ops/a",
        "https://user:pw@api.example.com/ops/a",
        "https://api.example.com\\@evil.example/ops/a",
        "http://api.example.com/ops/a",
        "https://api.example.com:444/ops/a",
        "https://api.example.com:99999/ops/a",
        "https://",
        "https://evil.example%2f.api.example.com/ops/a",
        "https://api.example.com/ops/../a",
        "https://api.example.com/ops/%2e%2e/a",
        "https://sub.api.example.com/ops/a",
        "https://xn--api.example.com/ops/a",
        "HTTPS://EVIL.example/ops/a",
        "https://[::1/ops/a",
        "https://ap\u0131.example.com/ops/a",
    ],
)
def test_a_url_of_another_origin_is_refused(reference: str) -> None:
    with pytest.raises(BadReferenceError):
        asked(reference)


@pytest.mark.parametrize(
    "reference",
    [
        "https://API.example.com/ops/a",
        "https://api.example.com./ops/a",
        "https://api.example.com:443/ops/a",
        "  https://api.example.com/ops/a",
    ],
)
def test_other_spellings_of_the_same_origin_are_the_same(reference: str) -> None:
    bound = profile()
    target = bound.target(reference)
    assert target.origin == "https://api.example.com"


def test_a_url_is_polled_as_it_was_given() -> None:
    url = "https://api.example.com/ops/a?api=7&sig=%2Bx%3D"
    bound = profile(BASED.replace("/v2", ""))
    target = bound.target(url)

    assert (target.url, target.id, dict(target.params)) == (url, "a", {"id": "a"})
    assert bound.request([target]).url == url


def test_a_url_gets_the_query_that_it_lacks_and_loses_its_fragment() -> None:
    more = BASED.replace("/v2", "")

    assert asked("https://api.example.com/ops/a#top", more) == "https://api.example.com/ops/a?api=1"
    assert (
        asked("https://api.example.com/ops/a?x=", more, x="y")
        == "https://api.example.com/ops/a?x=&api=1"
    )
    assert asked("https://api.example.com/else?api=3", more) == "https://api.example.com/else?api=3"


@pytest.mark.parametrize(
    ("reference", "url"),
    [
        ("/ops/a", "https://api.example.com/v2/ops/a?api=1"),
        ("/v2/ops/a", "https://api.example.com/v2/ops/a?api=1"),
        ("/ops/a?sig=1", "https://api.example.com/v2/ops/a?sig=1&api=1"),
        ("/other/a", "https://api.example.com/other/a?api=1"),
        ("/ops/a%2Fb", "https://api.example.com/v2/ops/a%2Fb?api=1"),
    ],
)
def test_a_path_follows_the_base_url(reference: str, url: str) -> None:
    assert asked(reference, BASED) == url


def test_the_id_of_a_url_that_does_not_fit_is_its_last_segment_and_is_not_compared() -> None:
    target = profile().target("https://api.example.com/x/y%20z/?q=1")

    assert (target.id, dict(target.params)) == ("y z", {})


@pytest.mark.parametrize(
    ("reference", "url"),
    [
        ("operations/a", "https://api.example.com/v1/operations/a"),
        (
            "projects/p/locations/l/operations/o:1",
            "https://api.example.com/v1/projects/p/locations/l/operations/o:1",
        ),
        ("a?b", "https://api.example.com/v1/a%3Fb"),
        ("/v1/operations/a", "https://api.example.com/v1/operations/a"),
    ],
)
def test_a_wide_id_keeps_its_slashes(reference: str, url: str) -> None:
    assert asked(reference, WIDE) == url


@pytest.mark.parametrize("reference", ["a/../b", "a//b", "a/", "a/%2e%2e/b", "./a"])
def test_a_wide_id_has_no_empty_or_dot_segment(reference: str) -> None:
    with pytest.raises(BadReferenceError):
        asked(reference, WIDE)


SERVED = """params: {server: {required: true}, project: {}, team: {}}
base_url: '{server}'
request: {path: '/api/{project}/runs/{id}'}
references:
  - '{server}/{+project}/-/runs/{id}/**'
  - /show?run={id}&project={project}
  - '{server}/#/runs/{project}/{id}'
  - {like: 'https://ui.example/{team}/*/{hash}', with: {id: 'run_{hash}', project: '{team}'}}
"""


@pytest.mark.parametrize(
    ("server", "reference", "path"),
    [
        ("https://a.example", "https://a.example/g/p/-/runs/7/jobs?x=1#L2", "/api/g%2Fp/runs/7"),
        ("https://a.example", "https://A.example:443/g/-/runs/7", "/api/g/runs/7"),
        ("https://a.example/sub", "https://a.example/sub/g/p/-/runs/7", "/api/g%2Fp/runs/7"),
        ("https://a.example/sub", "/sub/g/p/-/runs/7", "/api/g%2Fp/runs/7"),
        ("https://a.example/sub", "/g/p/-/runs/7", "/api/g%2Fp/runs/7"),
        ("https://a.example/sub", "https://a.example/show?run=7&project=p", "/api/p/runs/7"),
        ("http://127.0.0.1:8", "http://127.0.0.1:8/#/runs/p/7", "/api/p/runs/7"),
        ("https://a.example", "https://a.example/api/p/runs/7", "/api/p/runs/7"),
        ("https://a.example", "https://ui.example/t/x/9f", "/api/t/runs/run_9f"),
    ],
)
def test_a_page_at_the_bound_server_is_rewritten_to_the_api(
    server: str, reference: str, path: str
) -> None:
    assert asked(reference, SERVED, server=server) == server + path


def test_a_page_at_another_server_is_refused() -> None:
    with pytest.raises(BadReferenceError, match="not the profile's own"):
        asked("https://b.example/g/-/runs/7", SERVED, server="https://a.example")


def test_a_page_at_a_further_host_is_not_one_of_the_server() -> None:
    more = "allow_hosts: ['*.example']\n" + SERVED

    url = "https://b.example/g/-/runs/7"
    assert asked(url, more, server="https://a.example") == url


def test_what_only_makes_a_parameter_is_none_itself() -> None:
    bound = profile(SERVED, {"server": "https://a.example"})

    target = bound.target("https://ui.example/t/x/9f")
    assert (target.id, dict(target.params)) == (
        "run_9f",
        {"id": "run_9f", "team": "t", "project": "t"},
    )


@pytest.mark.parametrize(
    ("request_", "url"),
    [
        ("{path: /graphql, graphql: {query: q, variables: {id: '{id}'}}}", "/graphql"),
        ("{path: /find, body: {id: '{id}'}}", "/find?x=1"),
        ("{path: /runs/get, query: {run: '{id}'}}", "/runs/get?run="),
    ],
)
def test_a_url_at_which_all_are_asked_about_names_no_operation(request_: str, url: str) -> None:
    for reference in (url, "https://api.example.com" + url):
        with pytest.raises(BadReferenceError, match="it names none of them") as caught:
            asked(reference, f"request: {request_}\n")
        assert caught.value.hint == "give the operation's id"


QUERIED = """params: {version: {}, tenant: {}, region: {choices: [eu, us]}, x: {}}
request:
  path: /ops/{id}
  query:
    api: '{version}'
    filter: tenant eq {tenant}
    zone: {param: region, presets: {eu: 'zone-{x}', us: far}}
"""


@pytest.mark.parametrize("reference", ["a", "/ops/a", "https://api.example.com/ops/a"])
@pytest.mark.parametrize(
    ("params", "query"),
    [
        ({}, ""),
        ({"version": "2"}, "?api=2"),
        ({"tenant": "t", "region": "eu"}, "?filter=tenant%20eq%20t"),
        ({"region": "eu", "x": "1"}, "?zone=zone-1"),
    ],
)
def test_every_kind_of_reference_has_the_query_that_is_known(
    reference: str, params: dict[str, str], query: str
) -> None:
    assert asked(reference, QUERIED, **params) == f"https://api.example.com/ops/a{query}"


def test_what_comes_with_a_reference_completes_its_query() -> None:
    bound = profile(QUERIED)

    target = bound.target("/ops/a?filter=mine", {"version": "3", "tenant": "t"})
    url = "https://api.example.com/ops/a?filter=mine&api=3"
    assert bound.request([target]).url == url


SPELLED = """params:
  owner: {required: true, help: an account}
  repo: {required: true}
  id: {pattern: '[0-9]+'}
request: {path: '/repos/{owner}/{repo}/runs/{id}'}
references:
  - https://www.example.com/{owner}/{repo}/runs/{id}/**
  - https://ui.example.com/*/run?owner={owner}&repo={repo}&n={id}
  - https://git.example.com/{+repo}/-/runs/{id}
  - '{owner}/{repo}/{id}'
  - exa:{owner}:{id}
"""


@pytest.mark.parametrize(
    ("reference", "params", "url"),
    [
        ("https://www.example.com/o/r/runs/7/job/3?x=1#L2", {}, "repos/o/r/runs/7"),
        ("https://ui.example.com/a/run?n=7&repo=r&owner=o%2Fp", {}, "repos/o%2Fp/r/runs/7"),
        ("https://git.example.com/g/h/r/-/runs/7", {"owner": "o"}, "repos/o/g%2Fh%2Fr/runs/7"),
        ("o/r/7", {}, "repos/o/r/runs/7"),
        ("exa:o:7", {"repo": "r"}, "repos/o/r/runs/7"),
        ("7", {"owner": "o", "repo": "r"}, "repos/o/r/runs/7"),
        ("https://api.example.com/repos/o/r/runs/7", {}, "repos/o/r/runs/7"),
    ],
)
def test_a_reference_has_further_spellings(
    reference: str, params: dict[str, str], url: str
) -> None:
    assert asked(reference, SPELLED, **params) == f"https://api.example.com/{url}"


def test_what_is_still_missing_is_asked_for_by_name() -> None:
    with pytest.raises(BadReferenceError, match=r"needs owner \(an account\)") as caught:
        asked("7", SPELLED)
    assert caught.value.hint == "--param owner=… --param repo=…"


@pytest.mark.parametrize("reference", ["o/r/x", "x", "https://www.example.com/o/r/runs/x"])
def test_an_id_that_its_pattern_refuses_is_refused(reference: str) -> None:
    with pytest.raises(UsageError):
        asked(reference, SPELLED, owner="o", repo="r")


def test_an_api_that_names_operations_by_url_takes_no_bare_id() -> None:
    bound = profile("request: {}\nallow_hosts: ['*.api.example.com', 'other.example:8443']\n")

    with pytest.raises(BadReferenceError, match="by URLs only"):
        bound.target("a")
    for url in (
        "https://eu.api.example.com/x?y=1",
        "https://other.example:8443/x",
        "https://api.example.com/x",
    ):
        assert bound.request([bound.target(url)]).url == url
    for url in (
        "https://xapi.example.com/x",
        "https://other.example/x",
        "http://eu.api.example.com/x",
    ):
        with pytest.raises(BadReferenceError):
            bound.target(url)


def test_the_method_and_the_body_of_a_verbatim_url_are_those_of_a_look() -> None:
    bound = profile(
        "request: {path: /find, body: {id: '{id}'}, headers: {X-Api-Version: '{id}'}}\n"
    )

    request = bound.request([bound.target("https://api.example.com/elsewhere")])
    assert (request.method, request.body) == ("GET", None)
    assert bound.request([bound.target("a")]).body == b'{"id":"a"}'


@given(st.text(max_size=30))
def test_whatever_is_typed_is_refused_or_stays_on_the_profile_s_origin(text: str) -> None:
    bound = profile()
    try:
        target = bound.target(text)
    except UsageError:
        return
    url = bound.request([target]).url

    assert parse_origin(url) in bound.origins
    assert "/../" not in url
    assert not url.endswith("/..")


@given(st.text(min_size=1, max_size=40))
def test_an_id_survives_the_way_into_a_url_and_back(text: str) -> None:
    bound = profile()
    try:
        target = bound.target(text)
    except UsageError:
        return
    if target.url is None:
        back = bound.target(bound.request([target]).url)
        assert back.params["id"] == target.id


def test_a_path_that_no_url_can_hold_is_refused_and_no_bug() -> None:
    with pytest.raises(BadReferenceError):
        profile("request: {path: '/jobs/{id}'}").target("/\t/\x06]")


def test_a_url_of_a_foreign_host_is_told_of_the_option_that_names_one() -> None:
    bound = profile("request: {path: '/ops/{id}'}\n")

    with pytest.raises(BadReferenceError) as caught:
        bound.target("https://eu.example.org/ops/a")

    assert "--base-url https://eu.example.org" in (caught.value.hint or "")


def test_of_two_parameters_in_one_segment_the_first_ends_at_the_first_separator() -> None:
    more = """params: {node: {required: true}}
request: {path: '/nodes/{node}/tasks/{id}'}
references: [{like: 'UPID:{node}:{rest}', with: {id: 'UPID:{node}:{rest}'}}]
"""
    url = "https://api.example.com/nodes/pve/tasks/UPID%3Apve%3A0012%3Avzdump%3A100"

    assert asked("UPID:pve:0012:vzdump:100", more) == url
