"""Regular expressions that could take for ever.

Decides by the pattern alone, and rather once too often: a group that is repeated
without bound must not contain another unbounded repetition, and its alternatives must
begin with different letters. ``(a+)+`` and ``(a|aa)*`` try every way to split a text
before they fail; Python's ``re`` has no time limit.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final

_TOKEN: Final = re.compile(
    r"""\\.
      | \[\^?\]?(?:\\.|[^]\\])*\]          # a class; a bracket that comes first belongs to it
      | \((?:\?(?:P?<\w+>|<?[=!]|[a-zA-Z-]*[:)]|P=\w+\))?)?
      | \)
      | \|
      | [*+] | \{\d*,?\d*\} | \?           # how often what precedes it may occur
      | .
    """,
    re.VERBOSE | re.DOTALL,
)
_ENDLESS: Final = re.compile(r"[*+]|\{\d*,\}")
_FEW: Final = 4
_TIMES: Final = re.compile(r"\{(?:\d*,)?(\d+)\}")


@dataclass(slots=True)
class _Group:
    """An open group: what its alternatives begin with, and what it holds."""

    start: int
    holds_endless: bool = False
    beginnings: list[str] = field(default_factory=lambda: [""])

    def begin(self, piece: str) -> None:
        self.beginnings[-1] = self.beginnings[-1] or piece

    @property
    def is_ambiguous(self) -> bool:
        """Tell whether two alternatives could begin with the same letter."""
        if len(self.beginnings) == 1:
            return False
        plain = [each for each in self.beginnings if len(each) == 1 and each.isalnum()]
        return len(set(plain)) < len(self.beginnings)


def runaway(pattern: str) -> int | None:
    """Return where in *pattern* a group begins that could take for ever, None if none does."""
    groups, last = [_Group(0)], _Group(0)
    was_group = False
    for match in _TOKEN.finditer(pattern):
        piece = match[0]
        if _is_often(piece):
            if was_group and (last.holds_endless or last.is_ambiguous):
                return last.start
            groups[-1].holds_endless = True
        elif piece.startswith("(") and not piece.endswith(")"):
            groups[-1].begin("(")
            groups.append(_Group(match.start()))
        elif piece == ")" and len(groups) > 1:
            last = groups.pop()
            groups[-1].holds_endless |= last.holds_endless
        elif piece == "|":
            groups[-1].beginnings.append("")
        else:
            groups[-1].begin(piece)
        was_group = piece == ")"
    return None


def _is_often(piece: str) -> bool:
    """Tell whether *piece* repeats what precedes it more than a few times."""
    times = _TIMES.fullmatch(piece)
    return bool(_ENDLESS.fullmatch(piece)) or (times is not None and int(times[1]) > _FEW)
