"""Small profiles for the tests, made of YAML text."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from opwatch.domain.messages import Headers, Response
from opwatch.profiles import bind_profile
from opwatch.profiles.config import Config, profile_tree
from opwatch.profiles.definition import Definition, define
from opwatch.profiles.yaml.parser import parse

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from opwatch.domain.operation import Finding
    from opwatch.profiles.profile import Profile

NOW = 1_772_355_600.0  # 2026-03-01 09:00:00 UTC
PLAIN = """
version: 1
title: Plain
base_url: https://api.example.com
request: {path: '/ops/{id}'}
read: {id: id, status: status}
states: {pending: [queued], running: [running], succeeded: [done], failed: [failed]}
"""


def definition(
    text: str, environ: Mapping[str, str] | None = None, name: str = "mine"
) -> Definition:
    root = parse("mine.yaml", text)
    config = Config(environ or {}).with_profiles({name: root})
    return define(name, profile_tree(name, config), is_users=True, environ=config.environ)


def profile(
    more: str = "", params: Mapping[str, str] | None = None, *, base: str = PLAIN
) -> Profile:
    """Return PLAIN with the keys of *more*, each of which replaces PLAIN's own."""
    own = {line.partition(":")[0] for line in more.splitlines() if line[:1].isalpha()}
    kept = [line for line in base.splitlines() if line.partition(":")[0] not in own]
    return bind_profile(definition("\n".join([*kept, more])), params)


def response(body: Any = None, status: int = 200, /, **headers: str) -> Response:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    pairs = tuple((name.replace("_", "-"), value) for name, value in headers.items())
    return Response(status, "https://api.example.com/ops/a", Headers(pairs), content, NOW)


def reading(bound: Profile, answer: Response, reference: str = "a") -> Finding:
    return bound.read([bound.target(reference)], answer).findings[0]


def written(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")
    return path
