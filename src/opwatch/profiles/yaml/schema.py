"""The shapes of a profile: records, lists, mappings, one of several forms.

Decides how a tree of nodes becomes typed data, with *every* problem reported
at its position, and how the same declaration becomes the JSON Schema that editors
use. (A general validation library spends 70 ms on building models of this
size, more than a whole poll; these take one.)
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, Generic, NamedTuple, Protocol, TypeVar

from opwatch.domain.secret import SECRET_NAME
from opwatch.profiles.yaml.nodes import Node, Position, TextError, did_you_mean, join_or

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from opwatch.domain.errors import Problem

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)
FREE: Final = "x-"
SHARED_NAME: Final = "$name"
"""The mark of a shape that the JSON Schema defines once."""


class ShapeError(Exception):
    """A node does not have the shape that is expected.

    *shift* is the column within its text. *secret*: the value must not be shown.
    """

    def __init__(self, message: str, shift: int = 0, *, secret: bool = False) -> None:
        super().__init__(message)
        self.message = message
        self.shift = shift
        self.secret = secret


class ReportedError(ShapeError):
    """A node does not have its shape, and its problems are in the report already."""

    def __init__(self) -> None:
        super().__init__("")


class Report:
    """The problems found while a tree is parsed."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []

    def add(
        self, position: Position, message: str, *, shift: int = 0, secret: bool = False
    ) -> None:
        """Add a problem at *position*; if it may be *secret*, the line is not shown."""
        problem = position.problem(message, shift=shift)
        self.problems.append(_hidden(problem) if secret else problem)

    def parse(self, shape: Shape[T], node: Node) -> T | None:
        """Return what *shape* makes of *node*, None if it had to report a problem."""
        try:
            return shape.parse(node, self)
        except ReportedError:
            return None
        except ShapeError as error:
            shift = error.shift + (not node.is_plain) if error.shift else 0
            self.add(node.position, error.message, shift=shift, secret=error.secret)
            return None


def _hidden(problem: Problem) -> Problem:
    return replace(problem, excerpt=problem.excerpt[: max(0, problem.column - 1)] + "…")


class Shape(Protocol[T_co]):
    """A kind of value: how a node is parsed as one, and its JSON Schema."""

    def parse(self, node: Node, report: Report) -> T_co:
        """Return the value. Raises ShapeError if *node* as a whole is not one."""
        ...

    def schema(self) -> dict[str, Any]:
        """Return the JSON Schema (features of draft-07)."""
        ...


class Leaf(Generic[T]):
    """A scalar that *parse* turns into a value."""

    def __init__(self, parse: Callable[[Node], T], schema: dict[str, Any]) -> None:
        self._parse = parse
        self._schema = schema

    def parse(self, node: Node, _report: Report) -> T:
        """Return what the scalar *node* is."""
        if node.is_map or node.is_list:
            raise ShapeError(f"expected {self._wanted()}, found {_kind(node)}")
        try:
            value = self._parse(node)
        except ValueError as error:
            shift = error.offset if isinstance(error, TextError) else 0
            raise ShapeError(str(error), shift) from error
        # Whoever reads the text alone takes 20 and true for texts; the schema does not.
        if not self._fits(node.value):
            found = "nothing" if node.value is None else node.text
            raise ShapeError(f"expected a text, found {found}; write it in quotes")
        return value

    def schema(self) -> dict[str, Any]:
        """Return the JSON Schema."""
        return self._schema

    @property
    def _types(self) -> list[str]:
        kinds: str | list[str] = self._schema.get("type", [])
        return kinds if isinstance(kinds, list) else [kinds]

    def _fits(self, value: Any) -> bool:
        """Tell whether *value* is of a type that the JSON Schema allows; true is not a number."""
        return not self._types or any(type(value) in _TYPES[name] for name in self._types)

    def _wanted(self) -> str:
        return join_or(_KINDS[name] for name in self._types or ["any"])


class Conversion(Generic[T]):
    """A value of another shape, which *convert* makes into one of its own."""

    def __init__(self, shape: Shape[Any], convert: Callable[[Any], T]) -> None:
        self._shape = shape
        self._convert = convert

    def parse(self, node: Node, report: Report) -> T:
        """Return what *node* is, converted."""
        return self._convert(self._shape.parse(node, report))

    def schema(self) -> dict[str, Any]:
        """Return the JSON Schema."""
        return self._shape.schema()


class ListOf(Generic[T]):
    """A list; with *or_one*, a single item counts as a list of one."""

    def __init__(self, item: Shape[T], *, or_one: bool = False, least: int = 0) -> None:
        self._item = item
        self._or_one = or_one
        self._least = least

    def parse(self, node: Node, report: Report) -> tuple[T, ...]:
        """Return the items."""
        if not node.is_list:
            if self._or_one:
                return (self._item.parse(node, report),)
            raise ShapeError(f"expected a list, found {_kind(node)}")
        if len(node.value) < self._least:
            raise ShapeError("the list is empty")
        items = (report.parse(self._item, item) for item in node.value)
        return tuple(item for item in items if item is not None)

    def schema(self) -> dict[str, Any]:
        """Return the JSON Schema."""
        one = self._item.schema()
        many: dict[str, Any] = {"type": "array", "items": one}
        if self._least:
            many["minItems"] = self._least
        return {"anyOf": [one, many]} if self._or_one else many


class MapOf(Generic[T]):
    """A mapping of arbitrary keys, each checked by *key*, to values of one shape."""

    def __init__(self, value: Shape[T], key: Callable[[str], object] = str) -> None:
        self._value = value
        self._key = key

    def parse(self, node: Node, report: Report) -> dict[str, T]:
        """Return the entries."""
        if not node.is_map:
            raise ShapeError(f"expected a mapping, found {_kind(node)}")
        entries = {}
        for key, entry in node.entries.items():
            try:
                self._key(key)
            except ValueError as error:
                report.add(entry.position, str(error), secret=bool(SECRET_NAME.search(key)))
                continue
            value = report.parse(self._value, entry.value)
            if value is not None:
                entries[key] = value
        return entries

    def schema(self) -> dict[str, Any]:
        """Return the JSON Schema."""
        return {"type": "object", "additionalProperties": self._value.schema()}


class SecretShape(Generic[T]):
    """A shape whose problems show nothing of the file: a secret may be there by mistake."""

    def __init__(self, shape: Shape[T]) -> None:
        self._shape = shape

    def parse(self, node: Node, report: Report) -> T:
        """Return what the shape makes of *node*."""
        before = len(report.problems)
        try:
            return self._shape.parse(node, report)
        except ShapeError as error:
            error.secret = True
            raise
        finally:
            report.problems[before:] = map(_hidden, report.problems[before:])

    def schema(self) -> dict[str, Any]:
        """Return the JSON Schema."""
        return self._shape.schema()


class SharedShape(Generic[T]):
    """A shape that the JSON Schema defines once, under *name*."""

    def __init__(self, name: str, shape: Shape[T]) -> None:
        self._name = name
        self._shape = shape

    def parse(self, node: Node, report: Report) -> T:
        """Return what the shape makes of *node*."""
        return self._shape.parse(node, report)

    def schema(self) -> dict[str, Any]:
        """Return the JSON Schema, marked with its name."""
        return {SHARED_NAME: self._name, **self._shape.schema()}


class DeferredShape:
    """The shape that *load* imports when a node first has it."""

    def __init__(self, load: Callable[[], Shape[Any]]) -> None:
        self._load = load

    def parse(self, node: Node, report: Report) -> Any:
        """Return what the shape makes of *node*."""
        return self._load().parse(node, report)

    def schema(self) -> dict[str, Any]:
        """Return the JSON Schema."""
        return self._load().schema()


class Key(NamedTuple):
    """One key of a record: its shape, what it is for, and whether it is required.

    It fills the *field* of the value that the record makes, its namesake unless another is named.
    """

    shape: Shape[Any]
    doc: str = ""
    required: bool = False
    field: str = ""


class RecordOf(Generic[T]):
    """A mapping of known keys, from which *make* builds a value.

    *what* names the record in messages. *make* is called if no key has a problem,
    and may refuse the whole with a ValueError.
    """

    def __init__(self, make: Callable[..., T], what: str, keys: Mapping[str, Key]) -> None:
        self._make = make
        self._what = what
        self.keys = keys

    def parse(self, node: Node, report: Report) -> T:
        """Return what the mapping makes."""
        if not node.is_map:
            raise ShapeError(f"expected {self._what} to be a mapping, found {_kind(node)}")
        found: dict[str, Any] = {}
        before = len(report.problems)
        for name, entry in node.entries.items():
            key = self.keys.get(name)
            if key:
                value = report.parse(key.shape, entry.value)
                if value is not None:
                    found[key.field or name] = value
            elif not name.startswith(FREE):
                message = f"unknown key {name!r} in {self._what}"
                is_secret = bool(SECRET_NAME.search(name))
                report.add(
                    entry.position, message + did_you_mean(name, self.keys), secret=is_secret
                )
        for name, key in self.keys.items():
            if key.required and name not in node.entries:
                report.add(node.position, f"{self._what} lacks {name!r}")
        if len(report.problems) > before:
            raise ReportedError
        try:
            return self._make(**found)
        except ValueError as error:
            raise ShapeError(str(error)) from error

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
    """One of several forms, chosen by the kind of the node or by the keys of a mapping.

    *forms* maps ``scalar``, ``list``, ``map``, or a key that a mapping of that form
    must have, to shapes; the first that fits is taken.
    """

    def __init__(self, what: str, forms: Mapping[str, Shape[T]]) -> None:
        self._what = what
        self._forms = forms

    def parse(self, node: Node, report: Report) -> T:
        """Return what the form that *node* has makes of it."""
        for form, shape in self._forms.items():
            if _has_form(node, form):
                return shape.parse(node, report)
        keys = [form for form in self._forms if form not in _FORMS]
        if node.is_map and keys:
            first = next(iter(node.entries), "")
            message = f"{self._what} needs one of {join_or(map(repr, keys))}"
            raise ShapeError(message + did_you_mean(first, keys))
        raise ShapeError(f"expected {self._what}, found {_kind(node)}")

    def schema(self) -> dict[str, Any]:
        """Return the JSON Schema."""
        return {"anyOf": [shape.schema() for shape in self._forms.values()]}


_FORMS: Final = ("scalar", "list", "map")
_KINDS: Final = {
    "string": "a text",
    "number": "a number",
    "integer": "a whole number",
    "boolean": "true or false",
    "any": "a single value",
}


_TYPES: Final[Mapping[str, tuple[type, ...]]] = {
    "string": (str,),
    "number": (int, float),
    "integer": (int,),
    "boolean": (bool,),
}


def _has_form(node: Node, form: str) -> bool:
    kind = "map" if node.is_map else "list" if node.is_list else "scalar"
    return kind == form if form in _FORMS else node.get(form) is not None


def _kind(node: Node) -> str:
    if node.is_map:
        return "a mapping"
    if node.is_list:
        return "a list"
    if node.value is None:
        return "nothing"
    return repr(node.text)
