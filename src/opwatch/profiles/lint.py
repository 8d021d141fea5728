"""What is wrong with a profile although each of its parts is right.

Decides what must be true of the parts together: that every parameter that is
used is declared, that each rule has a condition, that an operation can be
asked about, and that success can be told at all.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeAlias

from opwatch.domain.operation import State
from opwatch.domain.origin import AllowedOrigins, OriginError, parse_origin
from opwatch.profiles.language.params import ID, PLAIN
from opwatch.profiles.language.request import IDS
from opwatch.profiles.language.template import Choice
from opwatch.profiles.yaml.suggest import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from opwatch.profiles.language.request import Batch
    from opwatch.profiles.language.rules import Condition
    from opwatch.profiles.language.spec import Spec
    from opwatch.profiles.language.template import Template, Text
    from opwatch.profiles.yaml.nodes import Node, Place

    Flaw: TypeAlias = tuple[Place, str]

_PARTIAL: Final = "partial"


def flaws(spec: Spec, node: Node, *, is_users: bool) -> Iterator[Flaw]:
    """Yield what is wrong with *spec*, which was read from *node*, and where."""
    if not spec.title and not is_users:
        yield node.place, "the profile lacks 'title'"
    if spec.base_url is None:
        hint = "" if "extends" in node.entries else "; did you forget 'extends'?"
        yield node.place, "the profile lacks 'base_url'" + hint
    yield from _address_flaws(spec, node, is_users=is_users)
    yield from _request_flaws(spec, node)
    yield from _param_flaws(spec, node)
    yield from _meaning_flaws(spec, node)


def _address_flaws(spec: Spec, node: Node, *, is_users: bool) -> Iterator[Flaw]:
    if spec.allow_http and not is_users:
        yield at(node, "allow_http"), "only a user's own file may allow http"
    for text in _alternatives(spec.base_url):
        if not text.names:
            fault = base_fault(text.text, allow_http=spec.allow_http)
            if fault:
                yield at(node, "base_url", holding=text.text), fault
    for host in spec.allow_hosts:
        if not host.names and host_fault(host.text):
            yield at(node, "allow_hosts", holding=host.text), f"{host.text!r} is no host"
    for index, likeness in enumerate(spec.references):
        misuse = likeness.fault(spec.base_url)
        if misuse:
            yield item_at(node, ("references",), index), misuse


def base_fault(url: str, *, allow_http: bool) -> str | None:
    """Return why *url* cannot be a base URL, None if it can."""
    try:
        origin = parse_origin(url)
    except OriginError as error:
        return f"no base URL: {error}"
    if origin.scheme == "http" and not (origin.is_loopback or allow_http):
        return "plain http would show the credential to the network; write https"
    if "?" in url or "#" in url:
        return "a base URL has no query and no fragment"
    return None


def host_fault(host: str) -> str | None:
    """Return why *host* cannot be an allowed host, None if it can."""
    try:
        AllowedOrigins.of("https://localhost", (host,))
    except OriginError as error:
        return str(error)
    return None


def _request_flaws(spec: Spec, node: Node) -> Iterator[Flaw]:
    ask, batch = spec.request, spec.batch
    for text in _alternatives(ask.path):
        if not text.text.startswith(("/", "{")):
            yield at(node, "request", "path"), "the path must begin with '/'"
    if ask.body and ask.graphql:
        yield at(node, "request", "graphql"), "'body' and 'graphql' exclude each other"
    if ask.path is None and ask.names:
        yield at(node, "request"), "'request' lacks 'path'"
    if batch is None:
        if ask.path is not None and ID not in ask.names:
            yield at(node, "request"), "the request asks about no {id}, and there is no 'batch'"
        return
    yield from _batch_flaws(spec, batch, node)


def _batch_flaws(spec: Spec, batch: Batch, node: Node) -> Iterator[Flaw]:
    where = batch.path or spec.request.path
    if where is None:
        yield at(node, "batch"), "neither 'batch' nor 'request' has a 'path'"
    elif ID in where.names:
        yield at(node, "batch"), "'batch' needs a 'path' without {id}"
    if batch.body and IDS not in batch.body.names:
        yield at(node, "batch", "body"), "the body of a batch must hold '{ids}'"
    if not (batch.id or spec.read.id):
        yield at(node, "batch"), "neither 'batch' nor 'read' says where the id of an item is"


def _param_flaws(spec: Spec, node: Node) -> Iterator[Flaw]:
    known = {*spec.params, ID}
    taken = {name for step in spec.result for name in step.takes}
    for part, texts, more in _texts(spec):
        allowed = known | taken if part == "result" else known | more
        for name in sorted({name for text in texts for name in text.names} - allowed):
            message = f"there is no parameter {name!r}" + did_you_mean(name, known)
            yield at(node, part, holding=f"{{{name}}}"), message
        for choice in texts:
            if isinstance(choice, Choice):
                yield from _choice_flaws(spec, choice, at(node, part, holding=choice.param))
    for name, param in spec.params.items():
        fault = param.fault(name, param.default) if param.default is not None else None
        if fault:
            yield at(node, "params", name), f"the default is refused: {fault}"
    yield from _told_flaws(spec, node)
    for part, conditions in (
        ("rules", [rule.condition for rule in spec.rules]),
        ("troubles", [guard.condition for guard in spec.troubles]),
    ):
        for condition in conditions:
            yield from _condition_flaws(spec, condition, at(node, part))


def _told_flaws(spec: Spec, node: Node) -> Iterator[Flaw]:
    for name, value in (pair for rule in spec.handoff for pair in rule.more.told):
        fault = spec.params.get(name, PLAIN).fault(name, value)
        if fault:
            yield at(node, "handoff", holding=value), fault


def _choice_flaws(spec: Spec, choice: Choice, place: Place) -> Iterator[Flaw]:
    choices = spec.params.get(choice.param, PLAIN).choices
    odd = set(choices) ^ set(choice.presets)
    if odd:
        yield place, f"presets and the choices of {choice.param!r} differ in {min(odd)!r}"


def _condition_flaws(spec: Spec, condition: Condition, place: Place) -> Iterator[Flaw]:
    for name, values in condition.params.items():
        if name not in spec.params:
            yield place, f"there is no parameter {name!r}" + did_you_mean(name, spec.params)
            continue
        choices = spec.params[name].choices
        for value in values:
            if choices and value not in choices:
                yield place, f"{name} is never {value!r}" + did_you_mean(value, choices)


class _Names(NamedTuple):
    names: frozenset[str]


def _texts(spec: Spec) -> Iterator[tuple[str, list[Any], set[str]]]:
    """Yield each part of the profile with the texts in it and the names it knows besides."""
    none: set[str] = set()
    yield "base_url", [text for text in [spec.base_url] if text], none
    yield "allow_hosts", list(spec.allow_hosts), none
    ask = spec.request
    bodies = [body for body in (ask.body, ask.graphql) if body]
    queries = [text for texts in ask.query.values() for text in texts]
    path = [ask.path] if ask.path else []
    yield "request", [*path, *ask.headers.values(), *queries, *bodies], none
    yield "references", list(spec.references), none
    yield "auth", list(spec.auth.texts), none
    if spec.batch:
        parts = (spec.batch.path, spec.batch.body)
        yield "batch", [each for each in parts if each], {IDS}
    handed = {name for rule in spec.handoff for name in rule.names}
    yield "handoff", [_Names(frozenset(handed))], none
    steps = [(step.path, step.query.values(), step.headers.values()) for step in spec.result]
    for where, query, headers in steps:
        inner = [text for texts in query for text in texts]
        yield "result", [*([where] if where else []), *inner, *headers], none


def _meaning_flaws(spec: Spec, node: Node) -> Iterator[Flaw]:
    for index, rule in enumerate(spec.rules):
        condition = rule.condition
        if condition.when is None and condition.http is None and not condition.params:
            yield (
                item_at(node, ("rules",), index),
                "the rule has no condition: 'when', 'http' or 'params'",
            )
    succeeds = (
        any(rule.state is State.SUCCEEDED for rule in spec.rules)
        or spec.absent_status is State.SUCCEEDED
        or spec.states.get("succeeded")
        or spec.states.get(_PARTIAL)
    )
    if not succeeds:
        yield at(node, "states"), "nothing says that an operation has succeeded"
    if any(spec.states.values()) and not spec.read.status:
        yield at(node, "read"), "'read' does not say where the status is"


def _alternatives(text: Text | None) -> Iterable[Template]:
    if text is None:
        return ()
    return text.presets.values() if isinstance(text, Choice) else (text,)


def at(node: Node, *path: str, holding: str = "") -> Place:
    """Return where the value at *path* stands, or the scalar in it that has the text *holding*."""
    for key in path:
        node = node.get(key) or node
    found = _scalar_with(node, holding) if holding else None
    return (found or node).place


def item_at(node: Node, path: tuple[str, ...], index: int) -> Place:
    """Return where the item *index* of the list at *path* stands."""
    for key in path:
        node = node.get(key) or node
    if node.is_list and index < len(node.value):
        item: Node = node.value[index]
        return item.place
    return node.place


def _scalar_with(node: Node, text: str) -> Node | None:
    if node.is_map:
        children: Iterable[Node] = (entry.value for entry in node.entries.values())
    elif node.is_list:
        children = node.value
    else:
        return node if text in node.text else None
    return next((found for each in children if (found := _scalar_with(each, text))), None)
