"""An operation whose polling URL moves, among others: what is at one URL is of one operation."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import unquote

from opwatch.domain.messages import Headers, Response
from opwatch.domain.operation import Answer, Poll, Reading, State, Target
from opwatch.profiles import bind_profile, load_config, load_profile
from opwatch.session.fetch import Fetcher

if TYPE_CHECKING:
    from pathlib import Path

    from opwatch.domain.messages import Request
    from opwatch.profiles import Profile
    from opwatch.session.sender import Sender

YAML = """
version: 1
profiles:
  jobs:
    base_url: https://api.example.com
    params: {tenant: {default: x}}
    request: {path: '/{tenant}/ops/{id}'}
    batch: {path: '/{tenant}/ops', query: id, style: comma, items: jobs, id: id}
    moves: [Location]
    conditional: true
    auth: none
    read: {status: state}
    states: {succeeded: [done], running: [busy]}
"""
BUSY, DONE = {"state": "busy"}, {"state": "done"}


class Api:
    """Answers each path with what stands there; *asked* are the paths, with a validator if any."""

    def __init__(self, answers: dict[str, tuple[Any, str]], validator: str = '"1"') -> None:
        self.asked: list[tuple[str, str | None]] = []
        self._answers = answers
        self._validator = validator

    def now(self) -> float:
        return 0.0

    async def send(self, request: Request, timeout: float) -> Response:
        assert timeout > 0
        path = unquote(request.url.removeprefix("https://api.example.com"))
        self.asked.append((path, request.headers.get("If-None-Match")))
        body, location = self._answers[path]
        headers = [("ETag", self._validator), *([("Location", location)] if location else [])]
        content = json.dumps(body).encode()
        return Response(200, request.url, Headers(tuple(headers)), content)


def jobs(tmp_path: Path) -> Profile:
    file = tmp_path / "config.yaml"
    file.write_text(YAML)
    return bind_profile(load_profile("jobs", load_config(file, {})), {})


def fetching(profile: Profile, api: Api) -> Fetcher:
    return Fetcher({"jobs": profile}, {"jobs": cast("Sender", api)})


def states(answer: Answer) -> list[State]:
    return [each.state for each in answer.findings if isinstance(each, Reading)]


async def asked(fetcher: Fetcher, *targets: Target) -> list[State]:
    return states(await fetcher(Poll(targets, tuple(range(len(targets))), timeout=5.0)))


async def test_where_one_has_moved_says_nothing_of_another_with_its_reference(
    tmp_path: Path,
) -> None:
    profile = jobs(tmp_path)
    api = Api({"/a/ops/7": (BUSY, "/a/end"), "/a/end": (DONE, ""), "/b/ops/7": (BUSY, "")})
    fetcher = fetching(profile, api)
    a, b = (profile.target("7", {"tenant": tenant}) for tenant in ("a", "b"))

    assert await asked(fetcher, a) == [State.RUNNING]
    assert await asked(fetcher, b) == [State.RUNNING]
    assert (await asked(fetcher, a), await asked(fetcher, b)) == (
        [State.SUCCEEDED],
        [State.RUNNING],
    )
    assert fetcher.memory(a)[2] == "https://api.example.com/a/end"
    assert fetcher.memory(b)[2] is None


async def test_a_list_moves_none_of_its_operations(tmp_path: Path) -> None:
    profile = jobs(tmp_path)
    both = {"jobs": [{"id": "a", **BUSY}, {"id": "b", **BUSY}]}
    fetcher = fetching(profile, Api({"/x/ops?id=a,b": (both, "/x/end"), "/x/end": (DONE, "")}))
    targets = [profile.target(name) for name in ("a", "b")]

    for _ in range(2):
        assert await asked(fetcher, *targets) == [State.RUNNING, State.RUNNING]


async def test_what_has_moved_is_not_what_is_asked_about_others_with(tmp_path: Path) -> None:
    profile = jobs(tmp_path)
    both = {"jobs": [{"id": "a", **BUSY}, {"id": "b", **BUSY}]}
    api = Api({"/x/ops/a": (BUSY, "/x/end"), "/x/end": (DONE, ""), "/x/ops?id=a,b": (both, "")})
    fetcher = fetching(profile, api)
    a, b = (profile.target(name) for name in ("a", "b"))

    assert await asked(fetcher, a) == [State.RUNNING]
    assert await asked(fetcher, a, b) == [State.RUNNING, State.RUNNING]
    assert await asked(fetcher, a) == [State.SUCCEEDED]


async def test_a_validator_is_sent_to_the_url_that_it_came_from_only(tmp_path: Path) -> None:
    profile = jobs(tmp_path)
    both = {"jobs": [{"id": "a", **BUSY}, {"id": "b", **BUSY}]}
    api = Api(
        {"/x/ops?id=a,b": (both, ""), "/x/ops/a": (BUSY, "/x/a"), "/x/a": (BUSY, "")}, '"one"'
    )
    fetcher = fetching(profile, api)
    a, b = (profile.target(name) for name in ("a", "b"))

    await asked(fetcher, a, b)
    for _ in range(3):
        await asked(fetcher, a)

    assert api.asked == [
        ("/x/ops?id=a,b", None), ("/x/ops/a", None), ("/x/a", None), ("/x/a", '"one"'),
    ]  # fmt: skip
