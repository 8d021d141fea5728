"""What a person pipes in or names as a file: references, JSON, or a whole HTTP answer.

Decides which of these a text is, and takes the references out of it. Ids that come this
way are never options. What opwatch itself has written is recognised, with the profile and
the parameters that each operation was asked about with.
"""

from __future__ import annotations

import json
import re
from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from opwatch.domain.errors import UsageError
from opwatch.domain.messages import Headers, Response
from opwatch.domain.operation import Basis
from opwatch.domain.secret import MASK
from opwatch.session.plan import GivenReference

if TYPE_CHECKING:
    from collections.abc import Iterator

MOST_INPUT: Final = 8 * 1024 * 1024
"""Bytes of what is piped in, or of a file that is named."""
_STATUS_LINE: Final = re.compile(r"(HTTP/[0-9](?:\.[0-9])?) ([1-5][0-9]{2})(?: .*)?", re.ASCII)
# What no id and no JSON is made of; a tab is a blank.
_BINARY: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufffd]")
_BLANK: Final = re.compile(rb"\r?\n\r?\n")
_KEYS: Final = ("id", "operationId", "operation_id", "name", "url")
FORMAT: Final = 1
"""The version of our own JSON that is read."""
_DOCUMENT: Final = frozenset({"format", "command", "operations"})
_OURS: Final = frozenset({"reference", "id", "profile"})
_COMMENT: Final = re.compile(r"\s+#\s.*")
"""Behind a reference; a URL may end in ``#part``, without a blank."""
_BETWEEN: Final = re.compile(r"(?:\s+|#[^\n]*)*")
"""Between two values of JSON: blanks, and lines of comment."""
_TABLE: Final = ["OPERATION", "STATE"]
_DETECTED: Final = frozenset({Basis.ADDRESS, Basis.PATH, Basis.WORDS})


def read_references(data: bytes) -> tuple[GivenReference, ...] | Response:
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
    begin = _BETWEEN.match(text)
    at = begin.end() if begin else 0
    if text.startswith(("{", "[", '"'), at):
        return tuple(_from_json(text, at))
    if text.startswith("<", at):
        raise UsageError(
            "standard input is a web page or XML, which names no operation",
            hint="pipe ids; or what  curl -i  prints, for an answer that has started one",
        )
    lines = (_COMMENT.sub("", line).strip() for line in text.split("\n"))
    return tuple(_from_lines([each for each in lines if each and each[0] != "#"]))


def _from_lines(lines: list[str]) -> Iterator[GivenReference]:
    """Yield the reference of each line; of the table of a ``get`` it is the first column."""
    if lines and lines[0].split()[:2] == _TABLE:
        if "\t" not in lines[0]:
            message = "this is the table for a terminal, in which names are cut"
            raise UsageError(
                message, hint="pipe what  opwatch get  prints into a pipe, or its --json"
            )
        lines = [line.partition("\t")[0].strip() for line in lines[1:]]
    yield from (GivenReference(line) for line in lines if line)


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


def _from_json(text: str, at: int) -> Iterator[GivenReference]:
    """Yield what each of the values in *text* names, the first of which begins at *at*."""
    decoder, seen = json.JSONDecoder(), set[tuple[object, ...]]()
    while at < len(text):
        try:
            value, end = decoder.raw_decode(text, at)
            for each in _names(value):
                key = (each.text, each.profile, each.origin, *sorted(each.params.items()))
                # Many events are about one operation, and that is no duplicate.
                if key not in seen or not _is_event(value):
                    yield each
                seen.add(key)
        except RecursionError as problem:
            raise UsageError("standard input is nested too deeply") from problem
        except ValueError as problem:
            number = text.count("\n", 0, at) + 1
            raise UsageError(f"standard input, line {number}, is not JSON") from problem
        found = _BETWEEN.match(text, end)
        at = found.end() if found else end


def _names(value: Any) -> Iterator[GivenReference]:
    """Yield the reference that each part of *value* names."""
    match value:
        case list():
            for each in value:
                yield from _names(each)
        case str():
            yield GivenReference(value)
        case int() if not isinstance(value, bool):
            yield GivenReference(str(value))
        case dict() if _is_event(value) or value.keys() >= _DOCUMENT:
            yield from _of_ours(value)
        case dict() if value.keys() >= _OURS:
            yield _restored(value, None)
        case dict():
            yield from _of_object(value)
        case _:
            raise UsageError("standard input holds a value that names no operation")


def _is_event(value: Any) -> bool:
    return isinstance(value, dict) and value.keys() >= {"format", "type"}


def _of_object(value: dict[str, Any]) -> Iterator[GivenReference]:
    """Yield what an object of somebody else's names."""
    for key in _KEYS:
        if isinstance(value.get(key), str | int) and not isinstance(value[key], bool):
            yield GivenReference(str(value[key]))
            return
    if len(value) != 1:
        raise UsageError(
            "an object on standard input names no operation",
            hint=f"it needs one of {', '.join(_KEYS)}; or pipe ids, or what curl -i prints",
        )
    yield from _names(next(iter(value.values())))


# -- what opwatch has written itself ------------------------------------------------------


def _of_ours(value: dict[str, Any]) -> Iterator[GivenReference]:
    """Yield the operations of a document of ours, or of one event of ``--jsonl``."""
    if value["format"] != FORMAT:
        raise UsageError(f"standard input has the format {value['format']!r} of another opwatch")
    listed = value.get("operations") or [value.get("operation")]
    for each in listed:
        if isinstance(each, dict):
            yield _restored(each, value.get("profile"))


def _restored(value: dict[str, Any], profile: Any) -> GivenReference:
    """Return the operation that *value* is about; *profile* is that of the whole document."""
    params, named = value.get("params") or {}, value.get("profile") or profile
    reference, origin = value.get("reference"), value.get("origin")
    texts: list[Any] = [reference, named or "", origin or ""]
    texts += params.values() if isinstance(params, dict) else [params]
    if not all(isinstance(each, str) for each in texts):
        raise UsageError("an operation on standard input is not as opwatch writes it")
    if any(MASK in each for each in texts):
        raise UsageError(f"standard input names an operation by a secret, which is masked: {MASK}")
    if value.get("assumed_by") in _DETECTED:
        return GivenReference(str(reference))
    name = named.partition("@")[0] if named else None
    return GivenReference(str(reference), name, params, origin or None)


def answer_of(data: bytes, url: str = "", received_at: float = 0.0) -> Response:
    """Return the answer that *data* is: a whole one, or else the body of a good one.

    *received_at* is in seconds since the epoch.
    """
    stripped = data.lstrip()
    if not stripped.startswith(b"HTTP/"):
        return Response(200, url, Headers(), data, received_at)
    return replace(last_answer(stripped), url=url, received_at=received_at)
