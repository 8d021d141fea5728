"""Masking live secrets in what a server or a program sends back.

Decides that a secret is found by what a text *means*: the text is decoded, as often as
``meaning`` says, and compared with the secret, which is decoded alike, in capitals or
small letters (the name of a header is read in small ones). It is also found in
base64 at any offset, so that ``user:secret`` is caught too, and in hexadecimal. What is shorter
than ``SHORTEST`` is left alone: to mask ``test`` or ``1`` would spoil every text and hide
nothing. Where a text ends in the middle of a secret, because it has been cut, its
beginning is masked too.
"""

from __future__ import annotations

import base64
from collections import deque
from typing import TYPE_CHECKING, Final

from opwatch.credentials.meaning import located_meanings, meanings, small, without_begun_escape
from opwatch.domain.secret import MASK, SECRET_NAME, Secret

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

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

    def secrets(self) -> tuple[Secret, ...]:
        """Return the secrets that are masked."""
        return (*self._lasting, *(secret for secret, _ in self._passing))

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
