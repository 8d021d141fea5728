"""The one table of headers that are not free, at each of the four doors that it guards."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from cli.inside import profile
from opwatch.domain.header_rules import HEADER_USES, HeaderUse, header_refusal
from opwatch.domain.messages import Request, SecretLocation, Sensitive
from opwatch.domain.secret import Secret
from opwatch.http.faults import FaultError
from opwatch.http.request import build_request, origin_of
from servers.echo import Api
from servers.oauth import Asked, Reply

if TYPE_CHECKING:
    from cli.inside import Inside

API = "https://api.example.com"
NAMES = [name.title() for name in HEADER_USES]
SOURCE = {"env": "API_TOKEN"}


def may_auth_give(name: str) -> bool:
    return HEADER_USES[name.lower()] is HeaderUse.CREDENTIAL


def done(asked: Asked) -> Reply:
    return Reply(body={"id": asked.path.rpartition("/")[2], "status": "done"})


def check(inside: Inside, **changes: object) -> tuple[int, str]:
    path = inside.configure(mine=profile(API, **changes))
    ran = inside.run("profile", "check", str(path))
    return ran.code, ran.out + ran.err


@pytest.mark.parametrize("name", NAMES)
def test_start_refuses_it_as_a_usage_error(name: str, inside: Inside) -> None:
    with Api(done) as api:
        inside.configure(mine=profile(api.base, auth="none"))

        ran = inside.run("start", "-p", "mine", "POST", "/ops", "-H", f"{name}: x")

    assert (ran.code, api.requests) == (2, [])
    assert f"the header {name} cannot be given" in ran.err


@pytest.mark.parametrize("name", NAMES)
def test_profile_check_finds_it_among_the_headers_of_a_request(name: str, inside: Inside) -> None:
    code, said = check(inside, request={"path": "/ops/{id}", "headers": {name: "x"}})

    assert code == 2
    assert re.search(rf"config\.yaml:\d+:\d+: .*the header {name} cannot be given", said)


@pytest.mark.parametrize("name", NAMES)
def test_profile_check_finds_it_as_the_header_of_a_credential(name: str, inside: Inside) -> None:
    code, said = check(inside, auth={"header": {"name": name, "from": SOURCE}})

    assert code == (0 if may_auth_give(name) else 2), said
    found = re.search(rf"config\.yaml:\d+:\d+: .*the header {name} cannot be given", said)
    assert bool(found) is not may_auth_give(name)


@pytest.mark.parametrize("name", NAMES)
def test_the_last_check_before_a_request_is_sent_agrees(name: str) -> None:
    plain = Request("GET", API, {name: "x"})
    secret = Request("GET", API).carrying(Sensitive(SecretLocation.HEADER, name, Secret("x")))

    with pytest.raises(FaultError, match=f"the header {name} cannot be given"):
        build_request(plain, origin_of(plain), {})
    if may_auth_give(name):
        assert (name.encode(), b"x") in build_request(secret, origin_of(secret), {}).headers
    else:
        with pytest.raises(FaultError, match=f"the header {name} cannot be given"):
            build_request(secret, origin_of(secret), {})


@pytest.mark.parametrize("name", ["X_One", "X One", "", "Xé"])
def test_a_name_that_cannot_be_sent_is_found_by_profile_check(name: str, inside: Inside) -> None:
    for changes in (
        {"request": {"path": "/ops/{id}", "headers": {name: "x"}}},
        {"auth": {"header": {"name": name, "from": SOURCE}}},
    ):
        code, said = check(inside, **changes)

        assert code == 2
        assert "is not a header name" in said


def test_a_header_that_the_table_does_not_hold_is_free() -> None:
    assert header_refusal("X-One") is None
    assert header_refusal("Accept") is None
