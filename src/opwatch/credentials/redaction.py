"""Masking live secrets in what a server or a program sends back.

Decides in which forms a secret is masked: as it is, in small letters (as the
name of a header is read) and in capitals, URL-quoted once or twice, JSON- and
HTML-escaped as the usual libraries do, and in base64 at any offset, so that
``user:secret`` is caught too. A form shorter than ``SHORTEST`` is left alone: to mask
``test`` or ``1`` would spoil every text and hide nothing. Where a text ends in the middle
of a secret, because it has been cut, its beginning is masked too.
"""

from __future__ import annotations

import base64
import html
import json
import re
from collections import deque
from typing import TYPE_CHECKING, Final
from urllib.parse import quote, quote_plus

from opwatch.domain.secret import MASK, Secret

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SHORTEST: Final = 6
SHORTEST_BEGINNING: Final = 8
# A wait of days renews its token often; the last ones are those that still may work.
_PASSING: Final = 16
# What encoding/json makes of these, so that a page may hold the text.
_AS_GO_ESCAPES: Final = {ord(each): f"\\u{ord(each):04x}" for each in "<>&"}
_ESCAPE: Final = re.compile(r"%[0-9A-F]{2}")


class Redactor:
    """Masks every secret it has learnt, in any text.

    One redactor serves a whole run: credentials hand it each secret the moment
    they hold it, and every output uses it. *on_secret* is called with each secret too,
    before anything that could hold it is written.
    """

    __slots__ = ("_forms", "_lasting", "_on_secret", "_passing")

    def __init__(self, on_secret: Callable[[Secret], None] | None = None) -> None:
        self._on_secret = on_secret
        self._lasting: dict[Secret, tuple[str, ...]] = {}
        self._passing: deque[tuple[Secret, tuple[str, ...]]] = deque(maxlen=_PASSING)
        self._forms: tuple[str, ...] = ()

    def learn(self, secret: Secret, *, passing: bool = False) -> None:
        """Mask *secret* from now on; of *passing* ones only the latest are kept."""
        if secret in self._lasting or any(secret == known for known, _ in self._passing):
            return
        forms = tuple(encoded_forms(secret.reveal()))
        if passing:
            self._passing.append((secret, forms))
        else:
            self._lasting[secret] = forms
        known = (*self._lasting.values(), *(each for _, each in self._passing))
        # The longest first: a short secret may be part of a long one.
        self._forms = tuple(sorted({s for each in known for s in each}, key=len, reverse=True))
        if self._on_secret is not None:
            self._on_secret(secret)

    def secrets(self) -> tuple[Secret, ...]:
        """Return the secrets that are masked."""
        return (*self._lasting, *(secret for secret, _ in self._passing))

    def __call__(self, text: str) -> str:
        """Return *text* with each secret as ``***``."""
        for form in self._forms:
            if form in text:
                text = text.replace(form, MASK)
        return self._without_beginning(text)

    def _without_beginning(self, text: str) -> str:
        for form in self._forms:
            begin = form[:SHORTEST_BEGINNING]
            at = text.find(begin, max(0, len(text) - len(form)))
            while at >= 0:
                if form.startswith(text[at:]):
                    return text[:at] + MASK
                at = text.find(begin, at + 1)
        return text

    def __repr__(self) -> str:
        return f"Redactor({len(self._lasting) + len(self._passing)})"


def encoded_forms(value: str) -> Iterator[str]:
    """Yield every text that gives *value* away and is long enough to be masked."""
    # No server and no helper can make us fail with half a surrogate pair.
    raw = value.encode(errors="surrogatepass")
    quoted = (quote(raw, safe=""), quote_plus(raw), quote(raw))
    escaped = html.escape(value)
    candidates = (
        value,
        value.lower(),
        value.upper(),
        *quoted,
        *map(quote_plus, quoted),
        *(_ESCAPE.sub(lambda match: match[0].lower(), each) for each in quoted),
        json.dumps(value)[1:-1],
        json.dumps(value).replace("/", "\\/")[1:-1],
        json.dumps(value)[1:-1].translate(_AS_GO_ESCAPES),
        html.escape(value, quote=False),
        escaped,
        escaped.replace("&#x27;", "&#39;"),
        escaped.replace("&#x27;", "&apos;"),
        escaped.replace("&#x27;", "&#39;").replace("&quot;", "&#34;"),
        *(_base64_within(raw, offset) for offset in range(3)),
    )
    for each in candidates:
        if len(each) >= SHORTEST:
            yield each
            if "+" in each or "/" in each:
                yield each.translate(str.maketrans("+/", "-_"))


def _base64_within(raw: bytes, offset: int) -> str:
    """Return the characters that *raw* alone decides, *offset* bytes into a base64 text."""
    encoded = base64.b64encode(bytes(offset) + raw).decode("ascii")
    return encoded[-(-8 * offset // 6) : 8 * (offset + len(raw)) // 6]
