"""What a person names, and what is then asked: at the door of the program."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING, Any, Final

import pytest

from cli.inside import profile
from servers.echo import Api
from servers.oauth import Asked, Reply
from servers.raw import RawServer, answer

if TYPE_CHECKING:
    from cli.inside import Inside

TOO_MUCH: Final = b'{"data": "' + b"x" * (9 * 1024 * 1024) + b'"}'
STATEMENT: Final = "01b2c3d4-0000-4000-8000-000000000001"


def airflow(asked: Asked) -> Reply:
    return Reply(body={"dag_run_id": asked.path.rpartition("/")[2], "state": "success"})


@pytest.mark.parametrize(
    ("name", "param", "page", "path"),
    [
        ("airflow", "server", "/dags/d/runs/r1/tasks/t", "/api/v2/dags/d/dagRuns/r1"),
        ("airflow", "server", "/api/v2/dags/d/dagRuns/r1", "/api/v2/dags/d/dagRuns/r1"),
    ],
)
def test_a_page_of_the_server_is_asked_about_at_its_api(
    name: str, param: str, page: str, path: str, inside: Inside
) -> None:
    inside.environ["AIRFLOW_API_TOKEN"] = "a-token-9f2c"
    with Api(airflow) as server:
        ran = inside.run(
            "wait", "-p", name, "--param", f"{param}={server.base}", "-q", server.base + page
        )

    assert ran.code == 0, ran.err
    assert [each.path for each in server.requests] == [path]


def test_a_deletion_is_told_by_its_method_and_its_query(inside: Inside) -> None:
    inside.environ |= {"OSB_USERNAME": "ada", "OSB_PASSWORD": "a-password-9f2c"}
    initial = answer(b'{"operation": "task 1"}', status="202 Accepted")
    with RawServer([initial, answer(b"{}", status="410 Gone")]) as server:
        bound = ("-p", "osb", "--param", f"server={server.url}", "--interval", "1s")
        ran = inside.run(
            *("start", *bound, "-q", "DELETE"),
            "/v2/service_instances/i-1?service_id=s%201&plan_id=p&accepts_incomplete=true",
        )

    assert ran.code == 0, ran.err
    asked = server.requests[1].split(b"\r\n")[0].decode()
    path = "/v2/service_instances/i-1/last_operation"
    assert asked == f"GET {path}?service_id=s%201&plan_id=p&operation=task%201 HTTP/1.1"


def test_what_a_pipe_cannot_know_of_it_is_asked_for_by_name(inside: Inside) -> None:
    said = b'HTTP/1.1 202 Accepted\r\nContent-Type: application/json\r\n\r\n{"operation": "t"}'

    ran = inside.run("wait", "-p", "osb", "--param", "server=https://b.example", "-", stdin=said)

    assert ran.code == 2
    for name in ("id", "kind", "plan_id", "service_id"):
        assert f"--param {name}=…" in ran.err


def test_the_page_of_a_server_that_nobody_has_bound_is_no_operation_of_it(inside: Inside) -> None:
    inside.environ["AIRFLOW_API_TOKEN"] = "a-token-9f2c"
    ran = inside.run(
        "get",
        "-p",
        "airflow",
        "--param",
        "server=https://a.example",
        "https://b.example/dags/d/runs/r",
    )

    assert ran.code == 2
    assert "https://b.example is not the profile's own" in ran.err


def test_the_endpoint_of_graphql_names_no_operation(inside: Inside) -> None:
    url = "https://acme.myshopify.com/admin/api/2025-10/graphql.json"
    ran = inside.run("get", "-p", "shopify-bulk", "--param", "shop=acme", url)

    assert ran.code == 2
    assert "it names none of them" in ran.err
    assert "give the operation's id" in ran.err


@pytest.mark.parametrize(
    ("arguments", "url"),
    [
        (
            ("google-lro", "https://run.googleapis.com/v1/operations/o"),
            "https://run.googleapis.com/v1/operations/o",
        ),
        (
            (
                "snowflake",
                f"https://acme-prod.snowflakecomputing.com/api/v2/statements/{STATEMENT}",
            ),
            f"https://acme-prod.snowflakecomputing.com/api/v2/statements/{STATEMENT}",
        ),
    ],
)
def test_a_url_at_a_host_of_the_vendor_says_what_the_base_url_lacks(
    arguments: tuple[str, str], url: str, inside: Inside
) -> None:
    ran = inside.run("profile", "explain", "--json", "-p", *arguments)

    assert ran.code == 0, ran.err
    assert ran.document["request"]["url"] == url


@pytest.mark.parametrize(
    "arguments",
    [
        ("google-lro", "https://run.googleapis.com.example.com/v1/operations/o"),
        ("google-lro", "operations/o"),
        ("osb", "https://broker.example.com/v2/service_instances/i/last_operation"),
    ],
)
def test_no_other_url_does(arguments: tuple[str, str], inside: Inside) -> None:
    ran = inside.run("get", "-p", *arguments)

    assert ran.code == 2
    assert "needs s" in ran.err


def test_a_url_that_was_not_typed_says_nothing_of_the_host(inside: Inside) -> None:
    url = b"https://run.googleapis.com/v1/operations/o"

    ran = inside.run("get", "-p", "google-lro", "-", stdin=url)

    assert ran.code == 2
    assert "needs service" in ran.err


@pytest.mark.every(4)
@pytest.mark.parametrize(
    ("rules", "status", "code"),
    [
        ([{"http": 200, "state": "succeeded"}], "200 OK", 6),
        ([{"http": 422, "state": "failed"}], "422 Unprocessable", 6),
        ([{"http": 422, "unread": True, "state": "failed"}], "422 Unprocessable", 1),
        ([{"http": 200, "when": "data", "state": "succeeded"}], "200 OK", 6),
        ([{"http": 200, "when": "data", "unread": True, "state": "succeeded"}], "200 OK", 0),
        ([{"http": 202, "state": "running"}], "200 OK", 6),
    ],
)
def test_a_body_that_is_too_large_is_judged_by_a_rule_that_can_do_without(
    rules: list[dict[str, Any]], status: str, code: int, inside: Inside
) -> None:
    inside.environ["API_TOKEN"] = "a-token-9f2c"
    with RawServer([answer(TOO_MUCH, status=status)]) as server:
        inside.configure(mine=profile(server.url, rules=rules))
        ran = inside.run("get", "-p", "mine", "--json", "a")

    assert ran.code == code, ran.err


LARGE_PAGE = b"<!doctype html><title>Sign in</title>" + b" " * 9 * 1024 * 1024
BOMB = gzip.compress(b"0" * 9 * 1024 * 1024)


@pytest.mark.every(3)
@pytest.mark.parametrize(
    ("body", "headers"),
    [(LARGE_PAGE, ()), (BOMB, ("Content-Encoding: gzip",))],
    ids=["a page", "a bomb"],
)
@pytest.mark.parametrize("more", [{"unread": True}, {}], ids=["unread", "plain"])
def test_what_is_too_large_and_no_json_is_never_a_success(
    body: bytes, headers: tuple[str, ...], more: dict[str, bool], inside: Inside
) -> None:
    rules = [{"http": 200, "state": "succeeded", **more}]
    inside.environ["API_TOKEN"] = "a-token-9f2c"
    with RawServer([answer(body, *headers)]) as server:
        inside.configure(mine=profile(server.url, rules=rules))
        ran = inside.run("get", "-p", "mine", "--json", "a")

    assert ran.code == 6, ran.err


@pytest.mark.every(3)
@pytest.mark.parametrize("body", [b"", b"null"])
def test_a_small_body_that_says_nothing_is_not_judged_by_its_status(
    body: bytes, inside: Inside
) -> None:
    rules = [{"http": 200, "when": "data", "unread": True, "state": "succeeded"}]
    inside.environ["API_TOKEN"] = "a-token-9f2c"
    with RawServer([answer(body)]) as server:
        inside.configure(mine=profile(server.url, rules=rules))
        ran = inside.run("get", "-p", "mine", "--json", "a")

    assert ran.code == 6, ran.err
