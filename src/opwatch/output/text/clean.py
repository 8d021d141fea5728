"""Makes remote text safe to show.

Decides what a terminal, a log and a CI runner may see of a text that we did
not write: one line, no control or hidden character, few combining marks, no
runner command, and no more than a number of terminal cells.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable

LIMIT: Final = 200
MOST_MARKS: Final = 3

_HIDDEN: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_MARKS: Final = frozenset({"Mn", "Me"})
_WIDE: Final = frozenset({"W", "F"})
_NAMED: Final = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}

# Letters by category, but drawn as nothing at all.
_BLANK: Final = frozenset("\u115f\u1160\u3164\uffa0\u034f\u17b4\u17b5")

# Wide since Unicode 16, whatever the tables of this Python say; flags count for their halves.
_WIDE_NOW: Final = frozenset(
    map(
        chr,
        (
            *range(0x2630, 0x2638),
            *range(0x268A, 0x2690),
            *range(0x4DC0, 0x4E00),
            *range(0x1D300, 0x1D357),
            *range(0x1D360, 0x1D377),
            *range(0x1F1E6, 0x1F200),
        ),
    )
)

# They choose between two looks of a character, and terminals differ about the
# width of the outcome: the plain look is the safe one.
_VARIANTS: Final = dict.fromkeys((*range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0)))

# Azure Pipelines finds its commands anywhere in a line, TeamCity nearly so.
_COMMAND: Final = re.compile(r"#(?=#(?:\[|vso\[|teamcity\[))", re.IGNORECASE)

# GitHub's runner finds its commands at the beginning of a line, behind blanks too.
_LEADING: Final = re.compile(r"^(\s*:)(?=:)")

# What a program writes to colour its log, and to clear the rest of a line (ECMA-48 SGR, EL).
_COLOUR: Final = re.compile(r"\x1b\[[0-9;:]{0,64}[mK]")
# Most words and ids: nothing in them can be hidden, obeyed or wider than a cell.
_HARMLESS: Final = re.compile(r"[A-Za-z0-9 _.,:;/()=+-]*")
_BREAKS: Final = re.compile(r"[ \t]{0,64}(?:\r?\n[ \t]{0,64})+")
BREAK: Final = " ⏎ "
"""Stands for the end of a line, in a text that is shown as one."""
_SET_OFF: Final = re.compile(r"(?<=\S) {2,3}(?=\S)")
_COMMANDS: Final = ("opwatch ", "export ", "curl ")
ROOM_FOR_BOTH: Final = 100
"""Cells in which a last line that is cut still leaves room for the first."""

Redact: TypeAlias = "Callable[[str], str]"


def as_is(text: str) -> str:
    """Return *text*: the redactor of a run without secrets."""
    return text


def cells(text: str) -> int:
    """Return how many cells *text*, already clean, takes on a terminal."""
    if text.isascii():
        return len(text)
    return sum(map(_cells, text))


@lru_cache(maxsize=1024)
def _cells(char: str) -> int:
    if char.isascii():
        return 1
    if unicodedata.category(char) in _MARKS:
        return 0
    wide = char in _WIDE_NOW or unicodedata.east_asian_width(char) in _WIDE
    return 2 if wide else 1


def clean(text: str, limit: int | None = LIMIT, *, ellipsis: str = "…") -> str:
    r"""Return *text* as one line of at most *limit* cells that changes nothing but itself.

    Colours are dropped, lines are joined by ``⏎``. What else is hidden becomes visible
    (``\x07``, ``\u{202e}``); what a CI runner would obey is broken (``# #[``).
    """
    if (limit is None or len(text) <= limit) and _HARMLESS.fullmatch(text):
        return text
    text = _BREAKS.sub(BREAK, without_colours(text).strip("\r\n"))
    if limit is not None:
        text = _ends(text, limit * 4)
    text = _COMMAND.sub("# ", text.translate(_VARIANTS))
    if not (text.isascii() and text.isprintable()):
        text = "".join(_visible(text))
    return text if limit is None else cut(text, limit, ellipsis=ellipsis)


def without_colours(text: str) -> str:
    """Return *text* without what colours it; other sequences stay, to be seen."""
    return _COLOUR.sub("", text) if "\x1b" in text else text


def _ends(text: str, most: int) -> str:
    """Return *text*, if it is longer than *most*, without its middle: its last line counts."""
    if len(text) <= most or BREAK not in text:
        return text[:most]
    return text[: most // 2] + BREAK + text[-(most // 2) :]


def leading(text: str) -> str:
    """Return *text*, already clean, as it may begin a line of a CI log (``: :error``)."""
    return _LEADING.sub(r"\1 ", text)


def _visible(text: str) -> list[str]:
    shown: list[str] = []
    marks = 0
    for char in text:
        kind = unicodedata.category(char)
        if kind in _MARKS and char not in _BLANK:
            marks += 1
            if marks <= MOST_MARKS and shown:
                shown.append(char)
            continue
        marks = 0
        shown.append(_escape(char) if kind in _HIDDEN or char in _BLANK else char)
    return shown


def _escape(char: str) -> str:
    code = ord(char)
    if char in _NAMED:
        return _NAMED[char]
    return f"\\x{code:02x}" if code <= 0xFF else f"\\u{{{code:x}}}"  # noqa: PLR2004, one byte


def cut(text: str, limit: int, *, ellipsis: str = "…") -> str:
    """Return *text*, already clean, cut at its end to *limit* cells.

    Of several lines the last is kept before the first: of a traceback it is the reason.
    """
    if cells(text) <= limit:
        return text
    first, found, last = text.rpartition(BREAK)
    if found and last:
        left = limit - cells(last) - cells(BREAK)
        if left > cells(ellipsis):
            return cut(first.partition(BREAK)[0], left, ellipsis=ellipsis) + BREAK + last
        if limit < ROOM_FOR_BOTH:
            return cut(last, limit, ellipsis=ellipsis)
        head = cut(first.partition(BREAK)[0], limit // 3, ellipsis=ellipsis) + BREAK
        return head + cut(last, limit - cells(head), ellipsis=ellipsis)
    room = limit - cells(ellipsis)
    return _head(text, room) + ellipsis if room >= 0 else _head(text, limit)


def elide(text: str, limit: int, *, ellipsis: str = "…") -> str:
    """Return *text*, already clean, with its middle left out to fit *limit* cells.

    Ids differ at their ends more often than in the middle.
    """
    if cells(text) <= limit:
        return text
    room = limit - cells(ellipsis)
    if room < 2:  # noqa: PLR2004, an end on each side
        return cut(text, limit, ellipsis=ellipsis)
    tail = room // 3
    return _head(text, room - tail) + ellipsis + _tail(text, tail)


def wrapped(text: str, width: int, most: int = 3, *, ellipsis: str = "…") -> list[str]:
    """Return *text*, already clean, as at most *most* lines of *width* cells.

    A line of its own begins one here; of too many, those in the middle are left out.
    """
    if BREAK in text:
        parts = [
            line
            for part in text.split(BREAK)
            for line in wrapped(part, width, most, ellipsis=ellipsis)
        ]
        return parts if len(parts) <= most else [*parts[: most - 2], ellipsis, parts[-1]]
    lines: list[str] = []
    while text and len(lines) < most - 1 and cells(text) > width:
        head = _head(text, width)
        # A word is not broken unless it is longer than half a line.
        at = head.rfind(" ", len(head) // 2) if text[len(head) : len(head) + 1] != " " else -1
        head = head[:at] if at > 0 else head
        lines.append(head)
        text = text[len(head) :].lstrip(" ")
    return [*lines, cut(text, width, ellipsis=ellipsis)] if text else lines


def folded(text: str, width: int, label: str = "") -> list[str]:
    """Return *label* and *text*, a sentence of ours, in lines of *width* cells.

    No word is broken, so no URL is; nor is a command, which begins the text or is set off by
    two blanks: it is copied. What is too wide then is left to the terminal.
    """
    if cells(label + text) <= width:
        return [label + text]
    hang = " " * min(cells(label), 2 if cells(label) > width // 3 else width)
    lines, line = [], label
    begins_with_command = bool(label) and text.startswith(_COMMANDS)
    for at, piece in enumerate(_SET_OFF.split(text)):
        is_whole = at % 2 != begins_with_command
        for i, word in enumerate([piece] if is_whole else piece.split(" ")):
            is_first = line in {label, hang}
            gap = "" if is_first else "  " if at and not i else " "
            if not is_first and cells(line + gap + word) > width:
                lines.append(line.rstrip())
                line, gap = hang, ""
            line += gap + leading(word)
    return [*lines, line]


def _head(text: str, room: int) -> str:
    used = 0
    for index, char in enumerate(text):
        used += _cells(char)
        if used > room:
            return text[:index]
    return text


def _tail(text: str, room: int) -> str:
    used = 0
    for index in range(len(text) - 1, -1, -1):
        used += _cells(text[index])
        if used > room:
            return text[index + 1 :].lstrip("".join(_marks_of(text[index + 1 :])))
    return text


def _marks_of(text: str) -> set[str]:
    return {char for char in text if unicodedata.category(char) in _MARKS}


@dataclass(frozen=True, slots=True)
class Show:
    """Shows remote text on one stream: redacted first, then clean, then cut.

    Redacting comes first because a secret that has been cut in half is no
    longer found. *encoding* is the stream's: what it does not have is
    escaped before the text is measured.
    """

    redact: Redact = as_is
    encoding: str = "utf-8"
    ellipsis: str = field(default="…")

    def __call__(self, text: Any, limit: int | None = LIMIT) -> str:
        """Return *text* as it may be shown in *limit* cells."""
        # A colour in the middle of a secret would hide it from the redactor, not from a reader.
        safe = self.redact(without_colours(str(text)))
        if not safe.isascii() and not self.encoding.lower().startswith("utf"):
            safe = safe.encode(self.encoding, "backslashreplace").decode(self.encoding)
        return clean(safe, limit, ellipsis=self.ellipsis)


PLAIN: Final = Show()
"""For a stream that can encode everything, in a run without secrets."""
