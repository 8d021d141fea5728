"""A bound profile as one piece of JSON: for a recording that outlives the profile's files.

Decides that its credential is not a part of it, and that every value keeps its line, so
that the recording can name it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from opwatch.profiles.bind import bind_profile
from opwatch.profiles.definition import define
from opwatch.profiles.language.params import ID
from opwatch.profiles.yaml.nodes import MapEntry, Node, Position, Source

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from opwatch.profiles.profile import Profile

CREDENTIAL: Final = "auth"


def profile_snapshot(profile: Profile, redact: Callable[[str], str]) -> dict[str, Any]:
    """Return *profile* with its parameters as JSON, without secrets."""
    sources: dict[Source, int] = {}
    tree = _written(profile.definition.node, sources, redact)
    tree[3].pop(CREDENTIAL, None)
    return {
        "params": {name: redact(value) for name, value in profile.params.items() if name != ID},
        "base_url": redact(profile.base_url),
        "is_users": profile.definition.is_users,
        "files": [each.name for each in sources],
        "tree": tree,
    }


def restore_profile(name: str, snapshot: Mapping[str, Any]) -> Profile:
    """Return the profile *name* as *snapshot* holds it; the environment adds nothing to it.

    Raises:
        ProfileError, UsageError: it is not one.
        KeyError, IndexError, TypeError, ValueError, AttributeError: it has another form.
    """
    sources = [Source(each, "") for each in snapshot["files"]]
    node = _read(snapshot["tree"], sources)
    node.entries.pop(CREDENTIAL, None)
    definition = define(name, node, is_users=snapshot["is_users"], environ={})
    return bind_profile(definition, snapshot["params"], snapshot["base_url"])


def _written(node: Node, sources: dict[Source, int], redact: Callable[[str], str]) -> list[Any]:
    """Return *node* as file, line, column and value, and its text where that says more."""
    source, line, column = node.position
    found: list[Any] = [sources.setdefault(source, len(sources)), line, column]
    if node.is_map:
        entries = node.entries.items()
        return [*found, {key: _written(entry.value, sources, redact) for key, entry in entries}]
    if node.is_list:
        return [*found, [_written(each, sources, redact) for each in node.value]]
    value = redact(node.value) if isinstance(node.value, str) else node.value
    text = redact(node.text)
    more = [] if node.is_plain and text == value else [text, node.is_plain]
    return [*found, value, *more]


def _read(found: Any, sources: list[Source]) -> Node:
    source, line, column, value, *more = found
    position = Position(sources[source], line, column)
    if isinstance(value, dict):
        nodes = {key: _read(each, sources) for key, each in value.items()}
        return Node({key: MapEntry(each.position, each) for key, each in nodes.items()}, position)
    if isinstance(value, list):
        return Node([_read(each, sources) for each in value], position)
    text, is_plain = more or (value, True)
    return Node(value, position, text, is_plain)
