"""The parameters of a profile, and which values they may have.

Decides what may be put into a URL: no control characters, no empty or dot
segments, not even percent-encoded, within a bounded length (faults 99 to 106); and
how an id that has several spellings is written.
"""

from __future__ import annotations

import re
import string
from typing import TYPE_CHECKING, Final, NamedTuple
from urllib.parse import unquote

from opwatch.profiles.language.scalars import FLAG, PATTERN, TEXT, check_name, word
from opwatch.profiles.language.template import quoted_path, quoted_segment
from opwatch.profiles.yaml.nodes import did_you_mean, join_or
from opwatch.profiles.yaml.schema import Conversion, Key, ListOf, OneOf, RecordOf

if TYPE_CHECKING:
    from opwatch.profiles.language.patterns import BoundedPattern

ID: Final = "id"
# These are the names of other variables (OPWATCH_TOKEN), or of the list of ids in a batch.
RESERVED: Final = frozenset({"token", "secret", "ids", "base_url", "profile", "config"})
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_LONGEST_ID: Final = 512
_LONGEST: Final = 10_000
_UNQUOTINGS: Final = 3
_SALESFORCE_ID: Final = re.compile("[0-9A-Za-z]{15}(?:[A-Za-z0-5]{3})?")
_CHECKS: Final = string.ascii_uppercase + "012345"


class Param(NamedTuple):
    """One parameter. A *wide* one keeps its slashes and may hold several segments."""

    required: bool = False
    default: str | None = None
    choices: tuple[str, ...] = ()
    pattern: BoundedPattern | None = None
    help: str = ""
    encode: str = "segment"
    form: str = ""

    @property
    def wide(self) -> bool:
        """Tell whether a value may hold several path segments."""
        return self.encode == "path"

    def quoted(self, value: str) -> str:
        """Return *value* as it is written in a URL."""
        return quoted_path(value) if self.wide else quoted_segment(value)

    def written(self, value: str) -> str:
        """Return *value* as the API writes it, whichever of its spellings it is."""
        return FORMS[self.form](value) if self.form else value

    def fault(self, name: str, value: str) -> str | None:
        """Return what is wrong with *value*, None if nothing is."""
        if self.choices and value not in self.choices:
            message = f"{name} must be {join_or(self.choices)}, not {value!r}"
            return message + did_you_mean(value, self.choices)
        if self.pattern and not self.pattern.is_all_of(value):
            what = f" ({self.help})" if self.help else ""
            return f"{name} {value!r} does not match {self.pattern.text!r}{what}"
        return _fault(name, value, wide=self.wide)


def salesforce_id(value: str) -> str:
    """Return *value*, an id of Salesforce, in its 18 characters.

    15 characters tell capitals from small letters; three more, each for five of them,
    say which are capitals, so that 18 are known in any case. Source:
    https://developer.salesforce.com/docs/atlas.en-us.object_reference.meta/object_reference/field_types.htm
    """
    if not _SALESFORCE_ID.fullmatch(value):
        return value
    bare, checks = value[:15], value[15:].upper()
    if checks:
        capitals = [_CHECKS.index(checks[at // 5]) >> at % 5 & 1 for at in range(15)]
        pairs = zip(bare, capitals, strict=True)
        return "".join(each.upper() if big else each.lower() for each, big in pairs) + checks
    fives = (bare[:5], bare[5:10], bare[10:])
    sums = (sum(each.isupper() << at for at, each in enumerate(five)) for five in fives)
    return bare + "".join(_CHECKS[each] for each in sums)


FORMS: Final = {"salesforce-id": salesforce_id}
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
        "form": Key(word(*FORMS), "salesforce-id: 15 or 18 characters, sent as 18"),
    },
)


PARAM: Final[OneOf[Param]] = OneOf(
    "the parameter",
    {"map": _RECORD, "scalar": Conversion(TEXT, lambda default: Param(default=default))},
)
