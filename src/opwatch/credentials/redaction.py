"""Masking live secrets in what a server or a program sends back.

Decides that a secret is found by what a text *means*: the text is decoded, as often as
``DEPTH`` says, and compared with the secret, which is decoded alike, in capitals or
small letters (the name of a header is read in small ones). It is also found in
base64 at any offset, so that ``user:secret`` is caught too, and in hexadecimal. What is shorter
than ``SHORTEST`` is left alone: to mask ``test`` or ``1`` would spoil every text and hide
nothing. Where a text ends in the middle of a secret, because it has been cut, its
beginning is masked too.

Decides also which escapes are understood: those of URLs (RFC 3986 §2.1, and the ``%u`` of
JavaScript's ``escape``), of strings in JSON (RFC 8259 §7) and in source code, and of HTML
and XML; and that a line break means nothing, since base64 and header lines are folded
at one. A decoder that meets several at once takes them in one pass, from left to right:
it is never known which one a server used, and what is compared is decoded alike.
"""

from __future__ import annotations

import base64
import html
import re
import sys
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from opwatch.domain.secret import MASK, SECRET_NAME, Secret

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

SHORTEST: Final = 6
SHORTEST_BEGINNING: Final = 8
# A wait of days renews its token often; the last ones are those that still may work.
_PASSING: Final = 16
# A word or an id is shown again and again: so many of so many characters are not searched anew.
_MOST_HARMLESS: Final = 1024
_SHORT: Final = 64
_URL_SAFE: Final = str.maketrans("+/", "-_")


class Redactor:
    """Masks every secret it has learnt, in any text.

    One redactor serves a whole run: credentials hand it each secret the moment
    they hold it, and every output uses it. *on_secret* is called with each secret too,
    before anything that could hold it is written.
    """

    __slots__ = ("_forms", "_harmless", "_lasting", "_on_secret", "_passing")

    def __init__(self, on_secret: Callable[[Secret], None] | None = None) -> None:
        self._on_secret = on_secret
        self._lasting: dict[Secret, tuple[str, ...]] = {}
        self._passing: deque[tuple[Secret, tuple[str, ...]]] = deque(maxlen=_PASSING)
        self._forms: tuple[str, ...] = ()
        self._harmless: set[str] = set()

    def learn(self, secret: Secret, *, passing: bool = False) -> None:
        """Mask *secret* from now on; of *passing* ones only the latest are kept."""
        if secret in self._lasting or any(secret == known for known, _ in self._passing):
            return
        forms = tuple(telling_forms(secret.reveal()))
        if passing:
            self._passing.append((secret, forms))
        else:
            self._lasting[secret] = forms
        known = (*self._lasting.values(), *(each for _, each in self._passing))
        self._forms = tuple({form for each in known for form in each})
        self._harmless.clear()
        if self._on_secret is not None:
            self._on_secret(secret)

    def learn_environ(self, environ: Mapping[str, str]) -> None:
        """Mask what those variables of *environ* hold that are named after a secret."""
        for name, value in environ.items():
            if SECRET_NAME.search(name):
                self.learn(Secret(value))

    def __call__(self, text: str) -> str:
        """Return *text* with each secret as ``***``."""
        if text in self._harmless:
            return text
        if not any(True for each in meanings(text) for _ in _found(each, self._forms)):
            if len(self._harmless) >= _MOST_HARMLESS:
                self._harmless.clear()
            if len(text) <= _SHORT:
                self._harmless.add(text)
            return text
        spans = [
            (each.spans[begin][0], len(text) if end > len(each.text) else each.spans[end - 1][1])
            for each in located_meanings(text)
            for begin, end in _found(each.text, self._forms)
        ]
        return _masked(text, spans)

    def __repr__(self) -> str:
        return f"Redactor({len(self._lasting) + len(self._passing)})"


def _found(text: str, forms: Iterable[str]) -> Iterator[tuple[int, int]]:
    """Yield where *text* holds one of *forms*, or ends with the beginning of one.

    The end of what has been cut is behind the end of *text*.
    """
    for form in forms:
        at = text.find(form)
        while at >= 0:
            yield at, at + len(form)
            at = text.find(form, at + 1)
    if len(text) < SHORTEST_BEGINNING:
        return
    kept = without_begun_escape(text)
    for form in forms:
        begin = form[:SHORTEST_BEGINNING]
        at = kept.find(begin, max(0, len(kept) - len(form)))
        while at >= 0:
            if len(kept) - at < len(form) and form.startswith(kept[at:]):
                yield at, len(text) + 1
            at = kept.find(begin, at + 1)


def _masked(text: str, spans: Iterable[tuple[int, int]]) -> str:
    """Return *text* with one mask for each group of *spans* that overlap."""
    pieces, at = list[str](), 0
    for begin, end in sorted(spans):
        if begin >= at:
            pieces += text[at:begin], MASK
        at = max(at, end)
    return "".join((*pieces, text[at:]))


def telling_forms(value: str) -> Iterator[str]:
    """Yield what gives *value* away once a text is decoded, if it is long enough to be masked."""
    # No server and no helper can make us fail with half a surrogate pair.
    raw = value.encode(errors="surrogatepass")
    candidates = (
        *meanings(value),
        *meanings(value.replace(" ", "+")),
        raw.hex(),
        *(small(_base64_within(raw, offset)) for offset in range(3)),
    )
    for each in candidates:
        if len(each) >= SHORTEST:
            yield each
            yield each.translate(_URL_SAFE)


def _base64_within(raw: bytes, offset: int) -> str:
    """Return the characters that *raw* alone decides, *offset* bytes into a base64 text."""
    encoded = base64.b64encode(bytes(offset) + raw).decode("ascii")
    return encoded[-(-8 * offset // 6) : 8 * (offset + len(raw)) // 6]


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
