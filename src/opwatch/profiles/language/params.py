"""The parameters of a profile, and which values they may have.

Decides what may be put into a URL: no control characters, no empty or dot
segments, not even percent-encoded, within a bounded length (faults 99 to 106).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple
from urllib.parse import unquote

from opwatch.profiles.language.scalars import FLAG, PATTERN, TEXT, check_name, word
from opwatch.profiles.language.template import quoted_path, quoted_segment
from opwatch.profiles.yaml.schema import Conversion, Key, ListOf, OneOf, RecordOf
from opwatch.profiles.yaml.suggest import did_you_mean, join_or

if TYPE_CHECKING:
    from opwatch.profiles.language.patterns import BoundedPattern

ID: Final = "id"
# These are the names of other variables (OPWATCH_TOKEN), or of the list of ids in a batch.
RESERVED: Final = frozenset({"token", "secret", "ids", "base_url", "profile", "config"})
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_LONGEST_ID: Final = 512
_LONGEST: Final = 10_000
_UNQUOTINGS: Final = 3


class Param(NamedTuple):
    """One parameter. A *wide* one keeps its slashes and may hold several segments."""

    required: bool = False
    default: str | None = None
    choices: tuple[str, ...] = ()
    pattern: BoundedPattern | None = None
    help: str = ""
    encode: str = "segment"

    @property
    def wide(self) -> bool:
        """Tell whether a value may hold several path segments."""
        return self.encode == "path"

    def quoted(self, value: str) -> str:
        """Return *value* as it is written in a URL."""
        return quoted_path(value) if self.wide else quoted_segment(value)

    def fault(self, name: str, value: str) -> str | None:
        """Return what is wrong with *value*, None if nothing is."""
        if self.choices and value not in self.choices:
            message = f"{name} must be {join_or(self.choices)}, not {value!r}"
            return message + did_you_mean(value, self.choices)
        if self.pattern and not self.pattern.is_all_of(value):
            what = f" ({self.help})" if self.help else ""
            return f"{name} {value!r} does not match {self.pattern.text!r}{what}"
        return _fault(name, value, wide=self.wide)


PLAIN: Final = Param()


def _fault(name: str, value: str, *, wide: bool) -> str | None:
    longest = _LONGEST_ID if name == ID else _LONGEST
    if len(value) > longest:
        return f"{name} is longer than {longest} characters"
    if _CONTROL.search(value):
        return f"{name} holds a control character"
    bare = value
    for _ in range(_UNQUOTINGS):
        segments = bare.split("/") if wide else [bare]
        if any(segment in {".", ".."} for segment in segments):
            return f"{name} holds a '.' or '..' segment"
        bare = unquote(bare)
    if wide and "" in value.split("/"):
        return f"{name} holds an empty segment"
    if _CONTROL.search(bare):
        return f"{name} holds a control character"
    return None


def check_param(name: str) -> None:
    """Raise ValueError unless *name* can name a parameter of a profile."""
    check_name(name)
    if name in RESERVED:
        raise ValueError(f"{name!r} cannot be a parameter name; it is reserved")


_RECORD: Final = RecordOf(
    Param,
    "the parameter",
    {
        "required": Key(FLAG, "whether it must be given"),
        "default": Key(TEXT, "its value if it is not given"),
        "choices": Key(ListOf(TEXT, least=1), "the values that it may have"),
        "pattern": Key(PATTERN, "a regular expression for the whole value"),
        "help": Key(TEXT, "what it is, for people"),
        "encode": Key(word("segment", "path"), "path: its slashes separate segments"),
    },
)


PARAM: Final[OneOf[Param]] = OneOf(
    "the parameter",
    {"map": _RECORD, "scalar": Conversion(TEXT, lambda default: Param(default=default))},
)
