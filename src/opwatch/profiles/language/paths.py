"""The paths of a profile: where in an answer a value is looked up.

Decides what counts as found: the first value of several paths that is not empty.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeAlias

from opwatch.profiles.language.expressions import Expression, is_empty
from opwatch.profiles.language.scalars import ANY_TEXT, EXPRESSION, HEADER
from opwatch.profiles.yaml.schema import Conversion, Key, ListOf, OneOf, RecordOf, SharedShape

if TYPE_CHECKING:
    from collections.abc import Mapping

    from opwatch.domain.messages import Headers
    from opwatch.profiles.language.template import Encode, Text


class AnswerView(NamedTuple):
    """One operation's part of an answer, with the status and headers of the whole.

    *encode* writes a parameter as a segment of a URL.
    """

    item: Any
    status: int
    headers: Headers
    params: Mapping[str, str]
    encode: Encode


class InHeader(NamedTuple):
    """The value of the answer's *header*."""

    header: str

    @property
    def text(self) -> str:
        """The path as messages show it."""
        return f"header {self.header}"


class InTemplate(NamedTuple):
    """A text filled with the operation's parameters."""

    template: Text

    @property
    def text(self) -> str:
        """The path as messages show it."""
        return f"template {self.template}"


Finder: TypeAlias = Expression | InHeader | InTemplate


class Lookup:
    """Paths in the order in which they are looked up."""

    __slots__ = ("finders",)

    def __init__(self, finders: tuple[Finder, ...] = ()) -> None:
        self.finders = finders

    def __bool__(self) -> bool:
        return bool(self.finders)

    def first(self, view: AnswerView) -> Any:
        """Return the first value that is not empty, None if all of them are."""
        for finder in self.finders:
            value = _found(finder, view)
            if not is_empty(value):
                return value
        return None

    def all(self, view: AnswerView) -> list[Any]:
        """Return every value that is not empty."""
        values = (_found(finder, view) for finder in self.finders)
        return [value for value in values if not is_empty(value)]

    def each(self, view: AnswerView) -> list[tuple[str, Any]]:
        """Return each path as messages show it, with the value there."""
        return [(finder.text, _found(finder, view)) for finder in self.finders]

    @property
    def text(self) -> str:
        """The paths as messages show them."""
        return " or ".join(repr(finder.text) for finder in self.finders)


def _found(finder: Finder, view: AnswerView) -> Any:
    if isinstance(finder, Expression):
        return finder.find(view.item)
    if isinstance(finder, InHeader):
        return view.headers.get(finder.header)
    try:
        template = finder.template.choose(view.params)
    except KeyError:
        return None

    # A parameter at the beginning is scheme and host, which are not encoded.
    def encode(name: str, value: str) -> str:
        return value if name == template.first else view.encode(name, value)

    return template.fill(view.params, encode)


NOWHERE: Final = Lookup()
_FINDER: Final[OneOf[Finder]] = OneOf(
    "a path",
    {
        "scalar": EXPRESSION,
        "header": RecordOf(InHeader, "the path", {"header": Key(HEADER, required=True)}),
        "template": RecordOf(InTemplate, "the path", {"template": Key(ANY_TEXT, required=True)}),
    },
)


LOOKUP: Final = SharedShape("path", Conversion(ListOf(_FINDER, or_one=True, least=1), Lookup))
