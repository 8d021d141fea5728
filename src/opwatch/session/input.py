"""What a person pipes in or names as a file: references, JSON, or a whole HTTP answer.

Decides which of these a text is, and takes the references out of it. Ids that come this
way are never options.
"""

from __future__ import annotations

import json
import re
from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE
from dataclasses import dataclass, replace
from typing import Any, Final

from opwatch.domain.errors import UsageError
from opwatch.domain.messages import Headers, Response

MOST_INPUT: Final = 8 * 1024 * 1024
"""Bytes of what is piped in, or of a file that is named."""
_STATUS_LINE: Final = re.compile(r"(HTTP/[0-9](?:\.[0-9])?) ([1-5][0-9]{2})(?: .*)?", re.ASCII)
# What no id and no JSON is made of; a tab is a blank.
_BINARY: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufffd]")
_BLANK: Final = re.compile(rb"\r?\n\r?\n")
_KEYS: Final = ("id", "operationId", "operation_id", "name", "url")


@dataclass(frozen=True, slots=True)
class ReferenceList:
    """References, in the order they were read."""

    references: tuple[str, ...]


def read_references(data: bytes) -> ReferenceList | Response:
    """Return the references in *data*, or the HTTP answer that it is.

    Raises:
        UsageError: it is too large, not text, or JSON that names no operation.
    """
    if len(data) > MOST_INPUT:
        raise UsageError("standard input is larger than 8 MiB")
    data = _as_utf8(data)
    if _is_status_line(data):
        return last_answer(data)
    text = data.decode("utf-8", errors="replace")
    if _BINARY.search(text):
        raise UsageError("standard input is neither text nor an HTTP answer")
    stripped = text.lstrip()
    if stripped.startswith(("{", "[", '"')):
        return ReferenceList(tuple(_from_json(stripped)))
    return ReferenceList(tuple(line.strip() for line in text.split("\n") if line.strip()))


def _as_utf8(data: bytes) -> bytes:
    """Return *data* without a byte order mark, which PowerShell's pipes and files begin with."""
    for mark, encoding in ((BOM_UTF16_LE, "utf-16-le"), (BOM_UTF16_BE, "utf-16-be")):
        if data.startswith(mark):
            return data[len(mark) :].decode(encoding, errors="replace").encode()
    return data.removeprefix(BOM_UTF8)


def _is_status_line(data: bytes) -> bool:
    return bool(_STATUS_LINE.fullmatch(_first_line(data)))


def _first_line(data: bytes) -> str:
    return data.split(b"\n", 1)[0].strip().decode("latin-1")


def last_answer(data: bytes) -> Response:
    """Return the last HTTP answer of *data*, as ``curl -i`` prints them.

    Earlier ones are interim answers, redirects and proxies' own, which have no body.
    """
    while True:
        head, rest = _cut(data)
        if not _is_status_line(rest):
            return _response(head, rest)
        data = rest


def _cut(data: bytes) -> tuple[bytes, bytes]:
    """Return the first head in *data*, and what follows the blank line after it."""
    found = _BLANK.search(data)
    return (data, b"") if found is None else (data[: found.start()], data[found.end() :])


def _response(head: bytes, body: bytes) -> Response:
    # Only LF ends a line: to str.splitlines, a byte 0x85 in a value would begin another header.
    first, *lines = head.decode("latin-1").split("\n")
    found = _STATUS_LINE.fullmatch(first.strip())
    version, status = (found[1], int(found[2])) if found else ("HTTP/1.1", 0)
    pairs = (line.partition(":") for line in lines if ":" in line)
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
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            names += _names(json.loads(line))
        except (ValueError, RecursionError) as problem:
            raise UsageError(f"standard input, line {number}, is not JSON") from problem
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
                hint=f"it needs one of {', '.join(_KEYS)}; or pipe ids, or what curl -i prints",
            )
        case _:
            pass
    raise UsageError("standard input holds a value that names no operation")


def answer_of(data: bytes, url: str = "", received_at: float = 0.0) -> Response:
    """Return the answer that *data* is: a whole one, or else the body of a good one.

    *received_at* is in seconds since the epoch.
    """
    stripped = data.lstrip()
    if not stripped.startswith(b"HTTP/"):
        return Response(200, url, Headers(), data, received_at)
    return replace(last_answer(stripped), url=url, received_at=received_at)
