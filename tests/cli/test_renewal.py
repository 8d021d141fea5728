"""A token that ends in the middle of a wait with a thousand operations."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from cli.inside import profile
from faults.whole import Wait
from servers.oauth import Asked, OAuthServer, Reply, refused

if TYPE_CHECKING:
    from pathlib import Path

    from cli.inside import Inside

MANY = 1000
SECRET = "client-secret-canary"


class Jobs(OAuthServer):
    """Operations that are done when asked the second time.

    After *good* answers, every token issued until then is refused.
    """

    def __init__(self, good: int, then: Reply | None = None) -> None:
        super().__init__()
        self.statuses: Counter[int] = Counter()
        self._asked: Counter[str] = Counter()
        self._good = good
        self._then = then

    def _api(self, asked: Asked) -> Reply:
        reply = super()._api(asked)
        self.statuses[reply.status] += 1
        if reply.status == 401:
            return reply
        if self.statuses[200] == self._good:
            self._revoked |= {self.token}
            if self._then is not None:
                self.answers.append(self._then)
        name = asked.path.rpartition("/")[2]
        self._asked[name] += 1
        return Reply(body={"id": name, "status": "done" if self._asked[name] > 1 else "running"})

    def profile(self) -> dict[str, Any]:
        oauth = {
            "token_url": self.token_url,
            "client_id": "client",
            "client_secret": {"env": "API_SECRET"},
        }
        limits = {"rate": "5000/s", "burst": MANY, "at_once": 32}
        return profile(self.base, auth={"oauth2": oauth}, limits=limits)


def references(count: int) -> bytes:
    return "\n".join(f"op-{number}" for number in range(count)).encode()


@pytest.mark.slow
def test_a_thousand_operations_and_one_expiry_make_one_token_request(inside: Inside) -> None:
    with Jobs(good=MANY // 2) as server:
        inside.configure(mine=server.profile())
        inside.environ["API_SECRET"] = SECRET

        ran = inside.run("wait", "-p", "mine", "-t20s", "--json", "-", stdin=references(MANY))

        assert ran.code == 0, ran.err
        assert ran.document["summary"] == {"total": MANY, "succeeded": MANY}
        assert server.asked == 2
        assert server.statuses[200] == 2 * MANY
        # Only those that were in flight when it ended met a refusal.
        assert 1 <= server.statuses[401] <= 32
        assert "access-2" not in ran.out + ran.err


def test_a_refused_renewal_in_the_middle_ends_with_4_and_no_loop(inside: Inside) -> None:
    count = 300
    with Jobs(good=100, then=refused("invalid_client", status=401)) as server:
        inside.configure(mine=server.profile())
        inside.environ["API_SECRET"] = SECRET

        ran = inside.run("wait", "-p", "mine", "-t20s", "--json", "-", stdin=references(count))

        assert ran.code == 4
        # Some had ended before the token did.
        summary = ran.document["summary"]
        assert summary["denied"] > count - 100
        assert summary["denied"] + summary.get("succeeded", 0) == count
        assert server.asked == 2
        assert server.statuses[401] <= 32
        assert "opwatch auth test -p mine" in ran.err


class Impatient(Jobs):
    """Ends each token after *good* answers."""

    def _api(self, asked: Asked) -> Reply:
        reply = super()._api(asked)
        if reply.status == 200 and self.statuses[200] % self._good == 0:
            self._revoked |= {self.token}
        return reply


@pytest.mark.slow
def test_h7_a_server_that_ends_its_tokens_early_denies_none_of_two_hundred_operations(
    inside: Inside,
) -> None:
    with Impatient(good=20) as server:
        inside.configure(mine=server.profile())
        inside.environ["API_SECRET"] = SECRET

        ran = inside.run("wait", "-p", "mine", "-t30s", "--json", "-", stdin=references(200))

        assert (ran.code, ran.document["summary"]) == (0, {"total": 200, "succeeded": 200})
        # Two answers an operation, twenty a token.
        assert server.asked <= 2 * 200 / 20 + 1


class Stubborn(Jobs):
    """Refuses each token but the first."""

    def _api(self, asked: Asked) -> Reply:
        if self.issued > 1:
            self.statuses[401] += 1
            return Reply(401, {"message": "no"})
        return super()._api(asked)


@pytest.mark.slow
def test_new_tokens_that_are_refused_as_well_end_with_4_and_no_loop(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    # A refusal in the middle of a wait gets a second opinion half a minute later.
    wait = Wait(tmp_path, capsys, monkeypatch, environ={"API_SECRET": SECRET})
    with Stubborn(good=100) as server:
        names = references(200).decode().split()
        ended = wait(server.base, *names, **server.profile())

        assert (ended.code, {*ended.outcomes}) == (4, {"denied"})
        assert 2 <= server.asked <= 4
        assert server.statuses[401] <= 4 * len(names)
