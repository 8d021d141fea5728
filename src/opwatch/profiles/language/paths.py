"""Where in an answer something is looked for.

Decides what counts as found: the first of several places that is not empty.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeAlias

from opwatch.profiles.language.expressions import Expression, is_empty
from opwatch.profiles.language.scalars import ANY_TEXT, EXPRESSION, HEADER
from opwatch.profiles.yaml.schema import Key, ListOf, Named, OneOf, Record

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from opwatch.domain.messages import Headers
    from opwatch.profiles.language.template import Text

    Encode: TypeAlias = Callable[[str, str], str]


class AnswerView(NamedTuple):
    """One operation's part of an answer, and what came with it."""

    item: Any
    status: int
    headers: Headers
    params: Mapping[str, str]
    quoted: Encode


class InHeader(NamedTuple):
    """The value of the answer's header *name*."""

    name: str

    @property
    def text(self) -> str:
        """How a person names this place."""
        return f"header {self.name}"


class Made(NamedTuple):
    """A text made of the operation's parameters."""

    template: Text

    @property
    def text(self) -> str:
        """How a person names this place."""
        return f"template {self.template}"


Finder: TypeAlias = Expression | InHeader | Made


class Lookup:
    """Places in the order in which they are looked at."""

    __slots__ = ("finders",)

    def __init__(self, finders: tuple[Finder, ...] = ()) -> None:
        self.finders = finders

    def __bool__(self) -> bool:
        return bool(self.finders)

    def first(self, scene: AnswerView) -> Any:
        """Return the first value that is not empty, None if all are."""
        for finder in self.finders:
            value = _found(finder, scene)
            if not is_empty(value):
                return value
        return None

    def all(self, scene: AnswerView) -> list[Any]:
        """Return every value that is not empty."""
        values = (_found(finder, scene) for finder in self.finders)
        return [value for value in values if not is_empty(value)]

    def each(self, scene: AnswerView) -> list[tuple[str, Any]]:
        """Return each place, as a person names it, with what is there."""
        return [(finder.text, _found(finder, scene)) for finder in self.finders]

    @property
    def text(self) -> str:
        """The places as a person names them."""
        return " or ".join(repr(finder.text) for finder in self.finders)


def _found(finder: Finder, scene: AnswerView) -> Any:
    if isinstance(finder, Expression):
        return finder.find(scene.item)
    if isinstance(finder, InHeader):
        return scene.headers.get(finder.name)
    try:
        template = finder.template.choose(scene.params)
    except KeyError:
        return None

    # What begins an address is its scheme and host, and is no part of a path.
    def quoted(name: str, value: str) -> str:
        return value if name == template.first else scene.quoted(name, value)

    return template.fill(scene.params, quoted)


NOWHERE: Final = Lookup()
_FINDER: Final[OneOf[Finder]] = OneOf(
    "a path",
    {
        "scalar": EXPRESSION,
        "header": Record(InHeader, "the path", {"header": Key(HEADER, required=True)}),
        "template": Record(Made, "the path", {"template": Key(ANY_TEXT, required=True)}),
    },
)


class _LookupShape:
    """One place or a list of them."""

    _places = ListOf(_FINDER, or_one=True, least=1)

    def read(self, node: Any, reader: Any) -> Lookup:
        """Return the places."""
        return Lookup(self._places.read(node, reader))

    def schema(self) -> dict[str, Any]:
        """Return the JSON Schema."""
        return self._places.schema()


LOOKUP: Final = Named("path", _LookupShape())
