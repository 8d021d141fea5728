"""What may come in on standard input: references, JSON, or a whole HTTP answer.

Decides which of these a text is, and takes the references out of it. Ids that
come this way are never options.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any, Final

from opwatch.domain.errors import UsageError
from opwatch.domain.exchange import Headers, Response

MOST: Final = 8 * 1024 * 1024
_STATUS_LINE: Final = re.compile(r"(HTTP/[0-9.]{1,3}) (\d{3})(?: .*)?$", re.ASCII)
_BLANK: Final = re.compile(rb"\r?\n\r?\n")
_KEYS: Final = ("id", "operationId", "operation_id", "name", "url")


@dataclass(frozen=True, slots=True)
class Named:
    """References, in the order they were read."""

    references: tuple[str, ...]


def read_references(data: bytes) -> Named | Response:
    """Return the references in *data*, or the HTTP answer that it is.

    Raises:
        UsageError: it is too large, or JSON that names no operation.
    """
    if len(data) > MOST:
        raise UsageError("standard input is larger than 8 MiB")
    text = data.decode("utf-8", errors="replace").lstrip("\ufeff")
    if _STATUS_LINE.match(text.split("\n", 1)[0].strip()):
        return last_answer(data)
    stripped = text.lstrip()
    if stripped.startswith(("{", "[", '"')):
        return Named(tuple(_from_json(stripped)))
    return Named(tuple(line.strip() for line in text.splitlines() if line.strip()))


def last_answer(data: bytes) -> Response:
    """Return the last HTTP answer of *data*, as ``curl -i`` prints them.

    Earlier ones are interim answers, redirects and proxies' own.
    """
    while True:
        head, blank, rest = _cut(data)
        first = rest.split(b"\n", 1)[0].strip().decode("latin-1")
        if not blank or not _STATUS_LINE.match(first):
            return _response(head, rest)
        data = rest


def _cut(data: bytes) -> tuple[bytes, bytes, bytes]:
    found = _BLANK.search(data)
    if found is None:
        return data, b"", b""
    return data[: found.start()], found[0], data[found.end() :]


def _response(head: bytes, body: bytes) -> Response:
    lines = head.decode("latin-1").splitlines()
    found = _STATUS_LINE.match(lines[0].strip())
    version, status = (found[1], int(found[2])) if found else ("HTTP/1.1", 0)
    pairs = (line.partition(":") for line in lines[1:] if ":" in line)
    headers = Headers(tuple((name.strip(), value.strip()) for name, _, value in pairs))
    return Response(status, "", headers, body, http_version=version)


def _from_json(text: str) -> list[str]:
    try:
        return _names(json.loads(text))
    except RecursionError as problem:
        raise UsageError("standard input is nested too deeply") from problem
    except ValueError:
        pass
    names: list[str] = []
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        try:
            names += _names(json.loads(line))
        except (ValueError, RecursionError) as problem:
            raise UsageError(f"standard input, line {number}, is no JSON") from problem
    return names


def _names(value: Any) -> list[str]:
    """Return the reference that each part of *value* names."""
    match value:
        case list():
            return [name for each in value for name in _names(each)]
        case str():
            return [value]
        case int() if not isinstance(value, bool):
            return [str(value)]
        case dict():
            for key in _KEYS:
                if isinstance(value.get(key), str | int) and not isinstance(value[key], bool):
                    return [str(value[key])]
            if len(value) == 1:
                return _names(next(iter(value.values())))
            raise UsageError(
                "an object on standard input names no operation",
                hint=f"it needs one of {', '.join(_KEYS)}; or pass the ids with jq -r",
            )
        case _:
            pass
    raise UsageError("standard input holds a value that names no operation")
