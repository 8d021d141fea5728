"""A list answer with further pages, carried by a fake."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, cast

from opwatch.domain.messages import Response
from opwatch.domain.operation import Answer, Poll, Reading, State
from opwatch.domain.trouble import Fault, Trouble
from opwatch.profiles import Profile, bind_profile, load_config, load_profile
from opwatch.session.fetch import Fetcher

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from opwatch.domain.messages import Request
    from opwatch.session.sender import Sender

YAML = """
version: 1
profiles:
  lists:
    base_url: https://api.example.com
    request: {path: /jobs}
    batch: {query: id, style: comma, max: 10, items: jobs, id: id, next: {url: next}}
    auth: none
    read: {id: id, status: state}
    states: {succeeded: [done], running: [busy]}
"""


class Pages:
    """Carries a request to the page whose key its URL holds."""

    def __init__(self, pages: dict[str, object]) -> None:
        self.asked: list[str] = []
        self._pages = pages

    def now(self) -> float:
        return 0.0

    async def send(self, request: Request, timeout: float) -> Response | Trouble:
        assert timeout > 0
        self.asked.append(request.url)
        page = next((page for part, page in self._pages.items() if part in request.url), None)
        if isinstance(page, Trouble):
            return page
        return Response(200, request.url, body=json.dumps(page).encode())


async def _answer(tmp_path: Path, pages: dict[str, object]) -> tuple[Answer, Pages]:
    file = tmp_path / "config.yaml"
    file.write_text(YAML)
    profile = bind_profile(load_profile("lists", load_config(file, {})), {})
    targets = tuple(profile.target(name) for name in ("a", "b"))
    sender = Pages(pages)
    fetcher = Fetcher({"lists": profile}, {"lists": cast("Sender", sender)})
    return await fetcher(Poll(targets, (0, 1), timeout=5.0)), sender


async def test_an_operation_on_the_second_page_is_found(tmp_path: Path) -> None:
    answer, sender = await _answer(
        tmp_path,
        {
            "id=a": {"jobs": [{"id": "a", "state": "busy"}], "next": "/jobs?page=2"},
            "page=2": {"jobs": [{"id": "b", "state": "done"}]},
        },
    )

    states = [each.state for each in answer.findings if isinstance(each, Reading)]
    assert states == [State.RUNNING, State.SUCCEEDED]
    assert len(sender.asked) == 2


async def test_pages_in_a_circle_are_not_taken_for_a_whole_list(tmp_path: Path) -> None:
    answer, sender = await _answer(
        tmp_path,
        {
            "id=a": {"jobs": [], "next": "/jobs?page=2"},
            "page=2": {"jobs": [], "next": "/jobs?page=2"},
        },
    )

    assert {each.fault for each in answer.findings if isinstance(each, Trouble)} == {
        Fault.REDIRECT_LOOP
    }
    assert len(sender.asked) == 2


async def test_a_page_that_does_not_come_leaves_everything_unknown(tmp_path: Path) -> None:
    answer, _ = await _answer(
        tmp_path,
        {
            "id=a": {"jobs": [{"id": "a", "state": "done"}], "next": "/jobs?page=2"},
            "page=2": Trouble(Fault.TIMEOUT),
        },
    )

    assert all(isinstance(each, Trouble) for each in answer.findings)


async def test_without_memory_for_an_answer_the_watch_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lack(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr(Profile, "read", lack)

    answer, _ = await _answer(tmp_path, {"jobs": {"jobs": []}})

    assert answer == Answer.all(Trouble(Fault.OS_ERROR, "out of memory"), 2)
