"""A profile merged with the one that it extends, and the variables in a user's file.

Decides that mappings merge key by key, that lists and single values replace,
that null removes, and that what is one thing (an ``auth``, a ``batch``) is
replaced whole.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from opwatch.profiles.yaml.nodes import MapEntry, Node

if TYPE_CHECKING:
    from collections.abc import Mapping

    from opwatch.domain.errors import Problem

WHOLE: Final = frozenset(
    {
        ("auth",),
        ("batch",),
        ("read", "progress"),
        ("request", "body"),
        ("request", "graphql"),
    }
)
_VARIABLE: Final = r"\$\$\{|\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}"


def overlay(below: Node, above: Node, path: tuple[str, ...] = ()) -> Node:
    """Return *above* laid over *below*."""
    if below.is_map and not above.is_map and path[:1] == ("params",) and len(path) == 2:  # noqa: PLR2004, the value of one parameter
        above = Node({"default": MapEntry(above.position, above)}, above.position)
    if not (below.is_map and above.is_map) or path in WHOLE:
        return above
    entries = dict(below.entries)
    for key, entry in above.entries.items():
        old = entries.get(key)
        if entry.value.value is None and entry.value.is_plain:
            entries.pop(key, None)
        elif old is None:
            entries[key] = entry
        else:
            entries[key] = MapEntry(entry.position, overlay(old.value, entry.value, (*path, key)))
    return Node(entries, above.position)


def expand_variables(node: Node, environ: Mapping[str, str], problems: list[Problem]) -> Node:
    """Return *node* with the ``${VARIABLES}`` of its texts filled in, once.

    ``${NAME:-default}`` has a default; ``$${`` is a literal ``${``.
    """
    if node.is_map:
        entries = {
            key: MapEntry(entry.position, expand_variables(entry.value, environ, problems))
            for key, entry in node.entries.items()
        }
        return node._replace(value=entries)
    if node.is_list:
        return node._replace(
            value=[expand_variables(each, environ, problems) for each in node.value]
        )
    if not isinstance(node.value, str) or "${" not in node.value:
        return node

    def fill(match: re.Match[str]) -> str:
        if match[1] is None:
            return "${"
        found = environ.get(match[1])
        if found is None and match[2] is None:
            message = (
                f"the variable {match[1]} is not set; write ${{{match[1]}:-default}} for a default"
            )
            shift = match.start() + (not node.is_plain)
            problems.append(node.position.problem(message, shift=shift))
        return found if found is not None else match[2] or ""

    text = re.sub(_VARIABLE, fill, node.value)
    return node._replace(value=text, text=text)
