"""What an encoded text means, and which characters of it mean what.

Decides which escapes are understood: those of URLs (RFC 3986 §2.1, and the ``%u`` of
JavaScript's ``escape``), of strings in JSON (RFC 8259 §7) and in source code, and of HTML
and XML; and that a line break means nothing, since base64 and header lines are folded
at one. A decoder that meets several at once takes them in one pass, from left to right:
it is never known which one a server used, and what is compared is decoded alike.
"""

from __future__ import annotations

import html
import re
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

DEPTH: Final = 4
"""Encoders one around the other that are seen through: JSON in JSON in a query in HTML."""

_TAIL: Final = "%[89ab][0-9a-f]"
_ESCAPE: Final = re.compile(
    # One character each, so that no more is masked than what means the secret.
    rf"""( %(?: u d[89ab][0-9a-f]{{2}} %u d[c-f][0-9a-f]{{2}} | u[0-9a-f]{{4}}
           | [cd][0-9a-f]{_TAIL} | e[0-9a-f](?:{_TAIL}){{2}}
           | f[0-9a-f](?:{_TAIL}){{3}} | [0-9a-f]{{2}} )
     | \\(?: (?-i:U)[0-9a-f]{{8}} | u d[89ab][0-9a-f]{{2}} \\u d[c-f][0-9a-f]{{2}} | u[0-9a-f]{{4}}
           | u\{{[0-9a-f]{{1,6}}\}} | x[0-9a-f]{{2}} | [0-7]{{3}} | . )
     | &(?: \#[0-9]{{1,7}} | \#x[0-9a-f]{{1,6}} | [a-z][a-z0-9]{{1,31}} );
     | [\r\n]+[ \t]* )""",
    re.VERBOSE | re.IGNORECASE | re.ASCII,
)
# Where a text was cut in the middle of one.
_BEGUN_ESCAPE: Final = re.compile(
    r"(?:%[0-9a-f]?|\\(?:[ux][0-9a-f]{0,3})?|&\#?[0-9a-z]{0,31})\Z", re.IGNORECASE | re.ASCII
)
_MOST_KNOWN: Final = 4096
_LONGEST_BEGUN: Final = 33
_MARKS: Final = ("%", "\\", "&", "\n", "\r")
_CONTROLS: Final = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f"}


@dataclass(frozen=True, slots=True)
class Meaning:
    """A text, decoded so often, in small letters. *spans* are where each character came from."""

    text: str
    spans: Sequence[tuple[int, int]]


def meanings(text: str) -> Iterator[str]:
    """Yield *text* as it is, and decoded once, twice, … while that changes it; in small letters."""
    for _ in range(DEPTH):
        yield small(text)
        if not any(mark in text for mark in _MARKS):
            return
        # Every second piece is an escape. Twice as fast as to substitute one by one.
        pieces = _ESCAPE.split(text)
        pieces[1::2] = map(_MEANINGS.__getitem__, pieces[1::2])
        decoded = "".join(pieces)
        if decoded == text:
            return
        text = decoded
    yield small(text)


def located_meanings(text: str) -> Iterator[Meaning]:
    """Yield the same as ``meanings``, with the place of each character. Slow: for a hit."""
    spans: Sequence[tuple[int, int]] = [(at, at + 1) for at in range(len(text))]
    for each in meanings(text):
        yield Meaning(each, spans)
        text, spans = _decoded(text, spans)


def without_begun_escape(text: str) -> str:
    """Return *text* without an escape that is not whole at its end."""
    begun = _BEGUN_ESCAPE.search(text, max(0, len(text) - _LONGEST_BEGUN))
    return text[: begun.start()] if begun else text


def small(text: str) -> str:
    """Return *text* in small letters, as long as before and each the same wherever it stands."""
    if text.isascii():
        return text.lower()
    return text.replace("\u0130", "i").lower().replace("\u03c2", "\u03c3")


def _decoded(text: str, spans: Sequence[tuple[int, int]]) -> tuple[str, Sequence[tuple[int, int]]]:
    pieces, places, at = list[str](), list[tuple[int, int]](), 0
    for match in _ESCAPE.finditer(text):
        begin, end = match.span()
        meaning = _MEANINGS[match[0]]
        pieces += text[at:begin], meaning
        places += spans[at:begin]
        places += [(spans[begin][0], spans[end - 1][1])] * len(meaning)
        at = end
    return "".join((*pieces, text[at:])), [*places, *spans[at:]]


class _Meanings(dict[str, str]):
    """What each escape means, worked out once; of as many as no server uses all are forgotten."""

    def __missing__(self, escape: str) -> str:
        if len(self) >= _MOST_KNOWN:
            self.clear()
        self[escape] = meaning = _of_escape(escape)
        return meaning


_MEANINGS: Final = _Meanings()


def _of_escape(escape: str) -> str:
    match escape[0], escape[1:2].lower():
        case "&", _:
            return html.unescape(escape)
        case "%", "u":
            return _of_numbers(escape)
        case "%", _:
            return _text_of(bytes.fromhex(escape.replace("%", "")))
        case "\\", "u" | "x" if len(escape) > len("\\u"):
            return _of_numbers(escape)
        case "\\", letter if letter.isdigit() and len(escape) > len("\\0"):
            return chr(int(escape[1:], 8))
        case "\\", letter:
            return _CONTROLS.get(letter, escape[1:])
        case _:
            return ""


def _text_of(raw: bytes) -> str:
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def _of_numbers(escape: str) -> str:
    """Return the character that one number in hexadecimal, or a surrogate pair of two, is."""
    units = [int(each, 16) for each in re.findall(r"[0-9a-fA-F]+", escape)]
    if len(units) > 1:
        return b"".join(unit.to_bytes(2, "big") for unit in units).decode("utf-16-be")
    return chr(units[0]) if units[0] <= sys.maxunicode else escape
