"""The example answers of the built-in profiles, as the tests use them."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from opwatch.domain.messages import Headers, Response
from opwatch.profiles import bind_profile, load_config, load_profile
from opwatch.profiles.config import BUILTIN, read_file

if TYPE_CHECKING:
    from opwatch.profiles.profile import Profile

FOLDER = Path(__file__).parent / "answers"
NAMES = sorted(path.stem for path in BUILTIN.glob("*.yaml"))
NOW = 1_772_355_600.0  # 2026-03-01 09:00:00 UTC
NOWHERE = Path("/nonexistent/opwatch")


@cache
def document(name: str) -> dict[str, Any]:
    data: dict[str, Any] = read_file(FOLDER / f"{name}.yaml").plain()
    return data


@cache
def profile(name: str) -> Profile:
    data = document(name)
    params = {key: str(value) for key, value in data.get("params", {}).items()}
    config = load_config(None, {}, folder=NOWHERE)
    return bind_profile(load_profile(name, config), params, data.get("base_url"))


def response(case: dict[str, Any], url: str = "https://api.example.com/") -> Response:
    if "text" in case:
        body = str(case["text"]).encode()
    else:
        body = json.dumps(case["body"]).encode() if "body" in case else b""
    headers = tuple((name, str(value)) for name, value in case.get("headers", {}).items())
    return Response(case.get("status", 200), case.get("url", url), Headers(headers), body, NOW)


def words(params: dict[str, Any] | None) -> dict[str, str]:
    return {name: str(value) for name, value in (params or {}).items()}
