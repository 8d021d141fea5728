"""What may stand where in a profile, as values.

Decides how a tree of nodes becomes typed data with *every* problem told where
it stands, and how the same declaration becomes the JSON Schema that editors
use. (A general validation library spends 70 ms on building models of this
size, more than a whole poll; these take one.)
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, Generic, NamedTuple, Protocol, TypeVar

from opwatch.profiles.yaml.suggest import did_you_mean, listed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from opwatch.domain.errors import Problem
    from opwatch.profiles.yaml.nodes import Node, Place

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)
FREE: Final = "x-"
_SECRET_NAME: Final = re.compile(
    "token|secret|passw|api.?key|credential|authori[sz]ation|bearer|cookie", re.IGNORECASE
)
NAME: Final = "$name"


class WrongError(Exception):
    """A value cannot be what it stands for.

    *shift* is the column within its text. *secret* tells that the value must
    not be shown.
    """

    def __init__(self, message: str, shift: int = 0, *, secret: bool = False) -> None:
        super().__init__(message)
        self.message = message
        self.shift = shift
        self.secret = secret


class TroubledError(WrongError):
    """A value is unusable, and its problems have been told already."""

    def __init__(self) -> None:
        super().__init__("")


class Reader:
    """Collects the problems met while a tree is read."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []

    def tell(self, place: Place, message: str, *, secret: bool = False) -> None:
        """Add a problem at *place*, of which nothing is shown if it may be *secret*."""
        problem = place.problem(message)
        self.problems.append(_hidden(problem) if secret else problem)

    def read(self, shape: Shape[T], node: Node) -> T | None:
        """Return what *node* is by *shape*, None once its problem has been told."""
        try:
            return shape.read(node, self)
        except TroubledError:
            return None
        except WrongError as wrong:
            shift = wrong.shift + (not node.is_plain) if wrong.shift else 0
            problem = node.place.problem(wrong.message, shift=shift)
            self.problems.append(_hidden(problem) if wrong.secret else problem)
            return None


def _hidden(problem: Problem) -> Problem:
    return replace(problem, excerpt=problem.excerpt[: max(0, problem.column - 1)] + "…")


class Shape(Protocol[T_co]):
    """A kind of value: how a node is read as one, and its JSON Schema."""

    def read(self, node: Node, reader: Reader) -> T_co:
        """Return the value. Raises WrongError where *node* as a whole is none."""
        ...

    def schema(self) -> dict[str, Any]:
        """Return the JSON Schema (features of draft-07)."""
        ...


class Leaf(Generic[T]):
    """A scalar that *parse* turns into a value."""

    def __init__(self, parse: Callable[[Node], T], schema: dict[str, Any]) -> None:
        self._parse = parse
        self._schema = schema

    def read(self, node: Node, _reader: Reader) -> T:
        """Return what the scalar *node* is."""
        if node.is_map or node.is_list:
            raise WrongError(f"expected {self._wanted()}, found {_kind(node)}")
        try:
            return self._parse(node)
        except ValueError as error:
            raise WrongError(str(error)) from error

    def schema(self) -> dict[str, Any]:
        """Return the JSON Schema."""
        return self._schema

    def _wanted(self) -> str:
        kinds = self._schema.get("type", "a single value")
        names: list[str] = kinds if isinstance(kinds, list) else [kinds]
        return listed(_KINDS.get(name, name) for name in names)


class Raw:
    """Any data at all, as it is."""

    def read(self, node: Node, _reader: Reader) -> Node:
        """Return *node* itself."""
        return node

    def schema(self) -> dict[str, Any]:
        """Return the JSON Schema."""
        return {}


class ListOf(Generic[T]):
    """A list, or one item where *or_one* lets a single one stand for a list of one."""

    def __init__(self, item: Shape[T], *, or_one: bool = False, least: int = 0) -> None:
        self._item = item
        self._or_one = or_one
        self._least = least

    def read(self, node: Node, reader: Reader) -> tuple[T, ...]:
        """Return the items."""
        if not node.is_list:
            if self._or_one:
                return (self._item.read(node, reader),)
            raise WrongError(f"expected a list, found {_kind(node)}")
        if len(node.value) < self._least:
            raise WrongError("the list is empty")
        items = (reader.read(self._item, item) for item in node.value)
        return tuple(item for item in items if item is not None)

    def schema(self) -> dict[str, Any]:
        """Return the JSON Schema."""
        one = self._item.schema()
        many: dict[str, Any] = {"type": "array", "items": one}
        if self._least:
            many["minItems"] = self._least
        return {"anyOf": [one, many]} if self._or_one else many


class MapOf(Generic[T]):
    """A mapping of free keys, each checked by *key*, to values of one shape."""

    def __init__(self, value: Shape[T], key: Callable[[str], object] = str) -> None:
        self._value = value
        self._key = key

    def read(self, node: Node, reader: Reader) -> dict[str, T]:
        """Return the entries."""
        if not node.is_map:
            raise WrongError(f"expected a mapping, found {_kind(node)}")
        entries = {}
        for key, entry in node.entries.items():
            try:
                self._key(key)
            except ValueError as error:
                reader.tell(entry.place, str(error), secret=bool(_SECRET_NAME.search(key)))
                continue
            value = reader.read(self._value, entry.value)
            if value is not None:
                entries[key] = value
        return entries

    def schema(self) -> dict[str, Any]:
        """Return the JSON Schema."""
        return {"type": "object", "additionalProperties": self._value.schema()}


class Discreet(Generic[T]):
    """A shape of which nothing is shown in its problems: a secret may stand there by mistake."""

    def __init__(self, shape: Shape[T]) -> None:
        self._shape = shape

    def read(self, node: Node, reader: Reader) -> T:
        """Return what the shape makes of *node*."""
        before = len(reader.problems)
        try:
            return self._shape.read(node, reader)
        except WrongError as wrong:
            wrong.secret = True
            raise
        finally:
            reader.problems[before:] = map(_hidden, reader.problems[before:])

    def schema(self) -> dict[str, Any]:
        """Return the JSON Schema."""
        return self._shape.schema()


class Named(Generic[T]):
    """A shape that the JSON Schema says once, under *name*."""

    def __init__(self, name: str, shape: Shape[T]) -> None:
        self._name = name
        self._shape = shape

    def read(self, node: Node, reader: Reader) -> T:
        """Return what the shape makes of *node*."""
        return self._shape.read(node, reader)

    def schema(self) -> dict[str, Any]:
        """Return the JSON Schema, marked with its name."""
        return {NAME: self._name, **self._shape.schema()}


class Key(NamedTuple):
    """One key of a record: its shape, what it is for, and whether it must be there."""

    shape: Shape[Any]
    doc: str = ""
    required: bool = False


class Record(Generic[T]):
    """A mapping of known keys, from which *make* builds a value.

    *what* names the record in messages. *make* may refuse the whole with a
    ValueError; it is called once no key has a problem.
    """

    def __init__(self, make: Callable[..., T], what: str, keys: Mapping[str, Key]) -> None:
        self._make = make
        self._what = what
        self.keys = keys

    def read(self, node: Node, reader: Reader) -> T:
        """Return what the mapping makes."""
        if not node.is_map:
            raise WrongError(f"expected {self._what} to be a mapping, found {_kind(node)}")
        found: dict[str, Any] = {}
        before = len(reader.problems)
        for name, entry in node.entries.items():
            key = self.keys.get(name)
            if key:
                value = reader.read(key.shape, entry.value)
                if value is not None:
                    found[name.replace("-", "_")] = value
            elif not name.startswith(FREE):
                message = f"unknown key {name!r} in {self._what}"
                is_secret = bool(_SECRET_NAME.search(name))
                reader.tell(entry.place, message + did_you_mean(name, self.keys), secret=is_secret)
        for name, key in self.keys.items():
            if key.required and name not in node.entries:
                reader.tell(node.place, f"{self._what} lacks {name!r}")
        if len(reader.problems) > before:
            raise TroubledError
        try:
            return self._make(**found)
        except ValueError as error:
            raise WrongError(str(error)) from error

    def schema(self) -> dict[str, Any]:
        """Return the JSON Schema."""
        keys = {
            name: {**key.shape.schema(), **({"description": key.doc} if key.doc else {})}
            for name, key in self.keys.items()
        }
        required = [name for name, key in self.keys.items() if key.required]
        return {
            "type": "object",
            "properties": keys,
            "patternProperties": {f"^{FREE}": {}},
            "additionalProperties": False,
            **({"required": required} if required else {}),
        }


class OneOf(Generic[T]):
    """One of several forms, told by the kind of the node or by the keys of a mapping.

    *forms* maps ``scalar``, ``list``, ``map``, or a key that a mapping must
    hold to be of that form, to shapes; the first that fits is the one.
    """

    def __init__(self, what: str, forms: Mapping[str, Shape[T]]) -> None:
        self._what = what
        self._forms = forms

    def read(self, node: Node, reader: Reader) -> T:
        """Return what the form that *node* has makes of it."""
        for form, shape in self._forms.items():
            if _has_form(node, form):
                return shape.read(node, reader)
        keys = [form for form in self._forms if form not in _FORMS]
        if node.is_map and keys:
            first = next(iter(node.entries), "")
            message = f"{self._what} needs one of {listed(map(repr, keys))}"
            raise WrongError(message + did_you_mean(first, keys))
        raise WrongError(f"expected {self._what}, found {_kind(node)}")

    def schema(self) -> dict[str, Any]:
        """Return the JSON Schema."""
        return {"anyOf": [shape.schema() for shape in self._forms.values()]}


_FORMS: Final = ("scalar", "list", "map")
_KINDS: Final = {
    "string": "a text",
    "number": "a number",
    "integer": "a whole number",
    "boolean": "true or false",
}


def _has_form(node: Node, form: str) -> bool:
    match form:
        case "map":
            return node.is_map
        case "list":
            return node.is_list
        case "scalar":
            return not (node.is_map or node.is_list)
        case key:
            return node.get(key) is not None


def _kind(node: Node) -> str:
    if node.is_map:
        return "a mapping"
    if node.is_list:
        return "a list"
    if node.value is None:
        return "nothing"
    return repr(node.text)
