"""What is wrong with a profile although each of its parts is valid.

Decides what must hold of the parts together: that every parameter that is used is
declared, that each rule has a condition, that the status of an operation can be
requested, and that a success can be recognized.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

from opwatch.domain.operation import State
from opwatch.domain.origin import AllowedOrigins, OriginError
from opwatch.profiles.language.base_url import base_url_fault, endpoint_fault
from opwatch.profiles.language.params import ID
from opwatch.profiles.language.request import IDS, Batch
from opwatch.profiles.language.rules import PARTIAL, Condition
from opwatch.profiles.language.template import Choice, Template, Text
from opwatch.profiles.yaml.nodes import Node, Position, did_you_mean, item_position, position_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from opwatch.profiles.language.spec import Spec

    Flaw: TypeAlias = tuple[Position, str]


def flaws(spec: Spec, node: Node, *, is_users: bool) -> Iterator[Flaw]:
    """Yield what is wrong with *spec*, which was parsed from *node*, and where."""
    if not spec.title and not is_users:
        yield node.position, "the profile lacks 'title'"
    if spec.base_url is None:
        hint = "" if "extends" in node.entries else "; did you forget 'extends'?"
        yield node.position, "the profile lacks 'base_url'" + hint
    yield from _address_flaws(spec, node, is_users=is_users)
    yield from _request_flaws(spec, node)
    yield from _param_flaws(spec, node)
    yield from _meaning_flaws(spec, node)


def _address_flaws(spec: Spec, node: Node, *, is_users: bool) -> Iterator[Flaw]:
    if spec.allow_http and not is_users:
        yield position_of(node, "allow_http"), "only a user's own file may allow http"
    for text in _alternatives(spec.base_url):
        fault = None if text.names else base_url_fault(text.text, allow_http=spec.allow_http)
        if fault:
            yield position_of(node, "base_url", holding=text.text), fault
    yield from _endpoint_flaws(spec, node)
    for key in ("allow_hosts", "open_hosts"):
        for host in getattr(spec, key):
            if not host.names and _host_fault(host.text):
                yield position_of(node, key, holding=host.text), f"{host.text!r} is not a host"
    for index, pattern in enumerate(spec.references):
        fault = pattern.fault(spec.base_url)
        if fault:
            yield item_position(node, ("references",), index), fault


def _endpoint_flaws(spec: Spec, node: Node) -> Iterator[Flaw]:
    for text in (each for url in spec.auth.urls for each in _alternatives(url)):
        fault = None if text.names else endpoint_fault(text.text, allow_http=spec.allow_http)
        if fault:
            yield position_of(node, "auth", holding=text.text), f"{text.text!r}: {fault}"


def _host_fault(host: str) -> str | None:
    """Return why *host* cannot be an allowed host, None if it can."""
    try:
        AllowedOrigins.of("https://localhost", (host,))
    except OriginError as error:
        return str(error)
    return None


def _request_flaws(spec: Spec, node: Node) -> Iterator[Flaw]:
    request, batch = spec.request, spec.batch
    for text in _alternatives(request.path):
        if not text.text.startswith(("/", "{")):
            yield position_of(node, "request", "path"), "the path must begin with '/'"
    if request.body and request.graphql:
        yield position_of(node, "request", "graphql"), "'body' and 'graphql' exclude each other"
    # Without a path the query and the headers are those of the URLs that are given.
    if request.path is None and (request.body or request.graphql or ID in request.names):
        yield position_of(node, "request"), "'request' lacks 'path'"
    if batch is None:
        if request.path is not None and ID not in request.names:
            yield (
                position_of(node, "request"),
                "the request does not contain {id}, and there is no 'batch'",
            )
        return
    yield from _batch_flaws(spec, batch, node)


def _batch_flaws(spec: Spec, batch: Batch, node: Node) -> Iterator[Flaw]:
    where = batch.path or spec.request.path
    if where is None:
        yield position_of(node, "batch"), "neither 'batch' nor 'request' has a 'path'"
    elif ID in where.names:
        yield position_of(node, "batch"), "'batch' needs a 'path' without {id}"
    if batch.body and IDS not in batch.body.names:
        yield position_of(node, "batch", "body"), "the body of a batch must hold '{ids}'"
    if not (batch.id or spec.read.id):
        yield (
            position_of(node, "batch"),
            "neither 'batch' nor 'read' says where the id of an item is",
        )


def _param_flaws(spec: Spec, node: Node) -> Iterator[Flaw]:
    known = {*spec.params, ID}
    for part, texts, more in _texts(spec):
        for name in sorted({name for text in texts for name in text.names} - known - more):
            message = f"there is no parameter {name!r}" + did_you_mean(name, known)
            yield position_of(node, part, holding=f"{{{name}}}"), message
        for choice in texts:
            if isinstance(choice, Choice):
                yield from _choice_flaws(
                    spec, choice, position_of(node, part, holding=choice.param)
                )
    for name, param in spec.params.items():
        fault = param.fault(name, param.default) if param.default is not None else None
        if fault:
            yield position_of(node, "params", name), f"the default is not valid: {fault}"
    yield from _method_flaws(spec, node)
    for part, _, condition in spec.conditions:
        yield from _condition_flaws(spec, condition, position_of(node, part))


def _method_flaws(spec: Spec, node: Node) -> Iterator[Flaw]:
    by_method = [params for rule in spec.handoff for params in rule.by_method.values()]
    for name, value in (pair for params in by_method for pair in params.items()):
        fault = spec.param(name).fault(name, value)
        if fault:
            yield position_of(node, "handoff", holding=value), fault


def _choice_flaws(spec: Spec, choice: Choice, position: Position) -> Iterator[Flaw]:
    choices = spec.param(choice.param).choices
    odd = set(choices) ^ set(choice.presets)
    if odd:
        yield position, f"presets and the choices of {choice.param!r} differ in {min(odd)!r}"


def _condition_flaws(spec: Spec, condition: Condition, position: Position) -> Iterator[Flaw]:
    for name, values in condition.params.items():
        if name not in spec.params:
            yield position, f"there is no parameter {name!r}" + did_you_mean(name, spec.params)
            continue
        choices = spec.params[name].choices
        for value in values:
            if choices and value not in choices:
                yield position, f"{name} is never {value!r}" + did_you_mean(value, choices)


def _texts(spec: Spec) -> Iterator[tuple[str, list[Any], set[str]]]:
    """Yield each part of the profile, its texts, and the names that only it may use."""
    none: set[str] = set()
    yield "base_url", [text for text in [spec.base_url] if text], none
    yield "allow_hosts", list(spec.allow_hosts), none
    yield "open_hosts", list(spec.open_hosts), none
    yield "request", spec.request.texts, none
    yield "references", list(spec.references), none
    yield "auth", list(spec.auth.texts), none
    if spec.batch:
        parts = (spec.batch.path, spec.batch.body)
        yield "batch", [each for each in parts if each], {IDS}
    yield "handoff", list(spec.handoff), none
    after_failure = spec.on_failure.steps if spec.on_failure else ()
    for part, steps in (("result", spec.result), ("on_failure", after_failure)):
        taken = {name for step in steps for name in step.takes}
        for step in steps:
            yield part, step.request.texts, taken


def _meaning_flaws(spec: Spec, node: Node) -> Iterator[Flaw]:
    for index, rule in enumerate(spec.rules):
        condition = rule.condition
        if condition.when is None and condition.http is None and not condition.params:
            yield (
                item_position(node, ("rules",), index),
                "the rule has no condition: 'when', 'http' or 'params'",
            )
    succeeds = (
        any(rule.state is State.SUCCEEDED for rule in spec.rules)
        or spec.absent_status is State.SUCCEEDED
        or spec.states.get("succeeded")
        or spec.states.get(PARTIAL)
    )
    if not succeeds:
        yield position_of(node, "states"), "no status word and no rule means succeeded"
    if any(spec.states.values()) and not spec.read.status:
        yield position_of(node, "read"), "'read' does not say where the status is"


def _alternatives(text: Text | None) -> list[Template]:
    return [each for _, each in text.alternatives] if text else []
