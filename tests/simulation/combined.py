"""Worlds in which much comes together: batches, moving URLs, validators, kills, one id twice.

Decides by a seed which profiles, operations and limits a run has, and what its API says of each
operation in turn. The truth is simple: an operation has one end, and the API never takes it back.
How the runs go is in ``stage``.
"""

from __future__ import annotations

import json
import random
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qsl, urlsplit

from opwatch.domain.command_line import params_to_paste
from opwatch.domain.messages import Headers, Response
from opwatch.domain.outcome import Goal, Outcome, Policy
from opwatch.domain.trouble import Fault, Trouble
from opwatch.session.plan import Plan, make_plan
from profiles.making import profile

if TYPE_CHECKING:
    from opwatch.domain.messages import Request
    from opwatch.domain.operation import Target
    from opwatch.profiles.profile import Profile

BASE: Final = "https://api.example.com"
EPOCH: Final = 1_800_000_000.0
RUN: Final = "0000c0de"
LONGEST: Final = 40_000.0
"""Seconds after which a world without a deadline has one after all."""
OPEN: Final = ("queued", "running", "hold", "odd")
ENDS: Final = {
    "done": Outcome.SUCCEEDED, "partly": Outcome.SUCCEEDED, "failed": Outcome.FAILED,
    "stopped": Outcome.CANCELLED,
}  # fmt: skip
BAD: Final = (
    "404",
    "404 page",
    "401",
    "403",
    "429",
    "503",
    "lost",
    "page",
    "half",
    "empty",
    "another's",
)
OF_ALL: Final = frozenset(BAD) - {"404", "another's"}

Key = tuple[str, str]
"""The tenant and the id of an operation: the same ids are another tenant's, too."""


@dataclass
class Script:
    """What the API says of one operation, a word at a time; the last is said ever again."""

    words: list[str]
    moves_at: int | None
    asked: int = 0
    version: int = 0

    @property
    def end(self) -> str | None:
        """The word of its end, None if it has none."""
        return next((each for each in self.words if each in ENDS), None)

    def next(self) -> str:
        self.asked += 1
        return self.words[min(self.asked, len(self.words)) - 1]


@dataclass
class Combination:
    """One world, by its *seed*."""

    seed: int
    rng: random.Random = field(init=False)
    bound: list[Profile] = field(init=False)
    policy: Policy = field(init=False)
    references: list[tuple[str, str]] = field(init=False)
    scripts: dict[Key, Script] = field(init=False)
    has_id: bool = field(init=False)
    gone: bool = field(init=False)

    def __post_init__(self) -> None:
        rng = self.rng = random.Random(self.seed)  # noqa: S311, no secret
        self.has_id, self.gone = rng.random() < 0.5, rng.random() < 0.3
        self.bound = [
            profile(_yaml(rng, has_id=self.has_id, gone=self.gone))
            for _ in range(rng.choice((1, 1, 2)))
        ]
        keys = [(t, i) for t in "xy" for i in "ab"]
        self.references = [
            (tenant, id_ if rng.random() < 0.7 else f"{BASE}/{tenant}/ops/{id_}")
            for tenant, id_ in rng.choices(keys, k=rng.randint(1, 5))
        ]
        self.scripts = {key: _script(rng, has_id=self.has_id) for key in keys}
        self.policy = _policy(rng)

    def plan(self) -> Plan:
        """Return what is watched: with one profile, or each with one of two."""
        lanes = [(self.rng.choice(self.bound), *each) for each in self.references]
        return make_plan(
            [(bound, [_target(bound, tenant, name)]) for bound, tenant, name in lanes], self.policy
        )


def _target(bound: Profile, tenant: str, name: str) -> Target:
    """Return the operation as a piped document names it: with a parameter beside its id."""
    beside = {} if "://" in name else {"tenant": tenant}
    return replace(bound.target(name, beside), options=params_to_paste(beside))


PLAIN: Final = f"""
base_url: {BASE}
params: {{tenant: {{default: x}}}}
request: {{path: '/{{tenant}}/ops/{{id}}'}}
rules: [{{when: status == 'partly', state: succeeded, partial: true}}]
states:
  pending: [queued]
  running: [running]
  blocked: [hold]
  succeeded: [done]
  failed: [failed]
  cancelled: [stopped]
poll: {{first: 2s, longest: 30s}}
"""


def _yaml(rng: random.Random, *, has_id: bool, gone: bool) -> str:
    lines = [PLAIN, f"read: {{{'id: id, ' if has_id else ''}status: status}}"]
    if rng.random() < 0.5:
        lines.append("batch: {path: '/{tenant}/ops', query: id, items: jobs, id: id, max: 3}")
    if rng.random() < 0.6:
        lines.append("moves: [Location]")
    if rng.random() < 0.5:
        lines.append("conditional: true")
    if rng.random() < 0.3:
        lines.append("confirm: 2")
    if gone:
        lines.append("gone: succeeded")
    return "\n".join(lines) + "\n"


def _script(rng: random.Random, *, has_id: bool) -> Script:
    bad = BAD if has_id else BAD[:-1]
    words = [
        rng.choice(OPEN if rng.random() < 0.7 else bad) for _ in range(rng.choice((0, 1, 2, 4, 8)))
    ]
    end = rng.choice((*ENDS, "done", "404", "running"))
    words += [end, *(rng.choice(bad) if rng.random() < 0.3 else end for _ in range(3)), end]
    return Script(words, rng.choice((None, None, 1, 2, 3)))


def _policy(rng: random.Random) -> Policy:
    def one(*values: Any) -> Any:
        return rng.choice(values)

    if rng.random() < 0.1:
        return Policy(once=True, grace=one(None, 60.0), fail_on_warnings=rng.random() < 0.3)
    return Policy(
        goal=one(Goal.ALL, Goal.ALL, Goal.ANY),
        timeout=one(120.0, 3600.0, LONGEST),
        lost_after=one(60.0, 900.0, None),
        stall=one(None, None, 300.0),
        grace=one(None, 0.0, 120.0),
        confirm=one(None, None, 2),
        fail_fast=rng.random() < 0.2,
        fail_on_blocked=rng.random() < 0.2,
        fail_on_warnings=rng.random() < 0.3,
    )


class Api:
    """Answers requests by the scripts of *world*, and keeps what it has *said* of each."""

    def __init__(self, world: Combination) -> None:
        self.said: dict[Key, list[str]] = {key: [] for key in world.scripts}
        self._world = world

    def now(self) -> float:
        return 0.0

    async def send(self, request: Request, timeout: float) -> Response | Trouble:
        assert timeout > 0
        url = urlsplit(request.url)
        tenant, kind, *rest = url.path.strip("/").split("/")
        if not rest:
            ids = [value for name, value in parse_qsl(url.query) if name == "id"]
            return self._list(request, tenant, ids)
        return self._single(request, (tenant, rest[0]), kind)

    def _single(self, request: Request, key: Key, kind: str) -> Response | Trouble:
        script = self._world.scripts[key]
        word = script.next()
        etag = f'"{word}"'
        headers = [("ETag", etag)]
        if request.headers.get("If-None-Match") == etag and word not in BAD:
            self.said[key].append(word)
            return Response(304, request.url, Headers(tuple(headers)))
        self.said[key].append(word)
        if kind == "ops" and script.moves_at is not None and script.asked >= script.moves_at:
            headers.append(("Location", f"/{key[0]}/moved/{key[1]}"))
        if word in BAD:
            return _bad(request.url, word, key[1])
        return _good(request.url, {**self._item(key, word)}, headers)

    def _item(self, key: Key, word: str) -> dict[str, Any]:
        named = {"id": key[1]} if self._world.has_id else {}
        return {**named, "status": word}

    def _list(self, request: Request, tenant: str, ids: list[str]) -> Response | Trouble:
        words = {each: self._world.scripts[(tenant, each)].next() for each in ids}
        of_all = next((word for word in words.values() if word in OF_ALL), None)
        for each in ids:
            self.said[(tenant, each)].append(of_all or words[each])
        if of_all is not None:
            return _bad(request.url, of_all, "c")
        items = [{"id": each, "status": word} for each, word in words.items() if word not in BAD]
        headers = [("Location", f"/{tenant}/moved/{ids[0]}")] if self._world.seed % 5 == 0 else []
        return _good(request.url, {"jobs": [*items, {"id": "c", "status": "done"}]}, headers)


def _good(url: str, body: Any, headers: list[tuple[str, str]]) -> Response:
    return Response(200, url, Headers(tuple(headers)), json.dumps(body).encode())


def _bad(url: str, word: str, id_: str) -> Response | Trouble:
    if word == "lost":
        return Trouble(Fault.CONNECTION_LOST)
    done = json.dumps({"id": id_, "status": "done"}).encode()
    status, body = {
        "404": (404, b'{"error": "no such job"}'),
        "404 page": (404, b"<html>done</html>"),
        "page": (200, b"<html>done</html>"),
        "half": (200, done[:-2]),
        "empty": (200, b""),
        "another's": (200, json.dumps({"id": "c", "status": "done"}).encode()),
    }.get(word, (int(word) if word.isdigit() else 500, done))
    return Response(status, url, Headers(), body)
