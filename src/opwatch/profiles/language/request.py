"""The ``request`` and ``batch`` of a profile: status requests for one operation or several.

Decides the URL, the headers and the body. Empty values of a query are left out; a
credential is never part of it.
"""

from __future__ import annotations

import json
from itertools import chain
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeAlias

from opwatch.domain.messages import Request, with_query
from opwatch.domain.origin import parse_origin
from opwatch.domain.trouble import Fault, Trouble
from opwatch.profiles.language.paths import LOOKUP, AnswerView, Lookup
from opwatch.profiles.language.scalars import (
    ANY_TEXT,
    EXPRESSION,
    PARAM,
    TEXT,
    check_header,
    whole_number,
)
from opwatch.profiles.language.scalars import word as one_of
from opwatch.profiles.language.template import Template, TemplateError, Text, parse_template
from opwatch.profiles.values import resolve_url, word
from opwatch.profiles.yaml.schema import Key, Leaf, ListOf, MapOf, RecordOf, Report, ShapeError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from opwatch.profiles.language.expressions import Expression
    from opwatch.profiles.language.template import Encode
    from opwatch.profiles.yaml.nodes import Node

    Values: TypeAlias = Mapping[str, str]

IDS: Final = "ids"


class JsonTemplate(NamedTuple):
    """JSON in which texts are templates. *names* are the parameters in it."""

    data: Any
    names: frozenset[str]

    def fill(self, values: Values, ids: Sequence[str] = ()) -> bytes:
        """Return the JSON with *values* in it; a text that is ``{ids}`` becomes the list."""
        return json.dumps(_filled(self.data, values, ids), separators=(",", ":")).encode()


class RequestSpec(NamedTuple):
    """How the status of one operation is requested."""

    method: str = ""
    path: Text | None = None
    query: Mapping[str, tuple[Text, ...]] = {}
    headers: Mapping[str, Text] = {}
    body: JsonTemplate | None = None
    graphql: JsonTemplate | None = None

    @property
    def texts(self) -> list[Text | JsonTemplate]:
        """All that may hold parameters."""
        named = (*self.headers.values(), *chain(*self.query.values()))
        return [each for each in (self.path, self.body, self.graphql, *named) if each]

    @property
    def names(self) -> frozenset[str]:
        """The parameters in it."""
        return frozenset[str]().union(*(each.names for each in self.texts))


class NextPage(NamedTuple):
    """Where the next page of a list is: at a *url*, or by a cursor in *body* for *query*."""

    url: Lookup | None = None
    body: Lookup | None = None
    query: str = ""


class Batch(NamedTuple):
    """How the status of several operations is requested at once, and found in the answer."""

    items: Expression
    query: str | None = None
    style: str = "repeat"
    method: str = ""
    path: Text | None = None
    body: JsonTemplate | None = None
    max: int = 50
    id: Lookup | None = None
    next: NextPage | None = None


def for_batch(spec: RequestSpec, batch: Batch) -> RequestSpec:
    """Return the request for *batch*, based on *spec*, the one for a single operation."""
    method = batch.method or ("POST" if batch.body else "GET")
    path = batch.path or spec.path
    return spec._replace(method=method, path=path, body=batch.body, graphql=None)


def build(
    base: str, spec: RequestSpec, values: Values, encode: Encode, ids: Sequence[str] = ()
) -> Request:
    """Return the request of *spec* with *values*, at the URL *base*."""
    url = base + (spec.path.choose(values).fill(values, encode) if spec.path else "")
    body = spec.body or spec.graphql
    return Request(
        spec.method or ("POST" if body else "GET"),
        with_query(url, query_of(spec.query, values)),
        headers_of(spec, values),
        body.fill(values, ids) if body else None,
    )


def headers_of(spec: RequestSpec, values: Values) -> dict[str, str]:
    """Return the headers of *spec*; they replace those that all requests have."""
    headers = {"Accept": "application/json"}
    if spec.body or spec.graphql:
        headers["Content-Type"] = "application/json"
    for name, text in spec.headers.items():
        value = _known(text, values)
        for known in [each for each in headers if each.lower() == name.lower()]:
            del headers[known]
        if value:
            headers[name] = value
    return headers


def query_of(query: Mapping[str, tuple[Text, ...]], values: Values) -> list[tuple[str, str]]:
    """Return the pairs of *query* whose parameters are all known."""
    pairs = ((name, _known(text, values)) for name in query for text in query[name])
    return [(name, value) for name, value in pairs if value]


def _known(text: Text, values: Values) -> str:
    """Return *text* with *values* in it, an empty text if one of them is not known."""
    try:
        template = text.choose(values)
    except KeyError:
        return ""
    return template.fill(values) if all(map(values.get, template.names)) else ""


def batch_query(batch: Batch, ids: Sequence[str]) -> list[tuple[str, str]]:
    """Return the query pairs for *ids*, in the style of *batch*."""
    if batch.query is None:
        return []
    match batch.style:
        case "comma":
            return [(batch.query, ",".join(ids))]
        case "brackets":
            return [(f"{batch.query}[]", each) for each in ids]
        case _:
            return [(batch.query, each) for each in ids]


def next_page(
    rule: NextPage, request: Request, view: AnswerView, base: str
) -> Request | Trouble | None:
    """Return the request for the page after *view*, the answer to *request* from *base*.

    A page on another origin is trouble: without it the list is but a part.
    """
    if rule.url is not None:
        url = resolve_url(base, rule.url.first(view))
        if url is None:
            return None
        origin = parse_origin(url)
        if origin != parse_origin(request.url):
            return Trouble(Fault.FOREIGN_ORIGIN, str(origin))
        return request.to(url)
    cursor = word(rule.body.first(view)) if rule.body else None
    return request.to(with_query(request.url, [(rule.query, cursor)])) if cursor else None


def _filled(data: Any, values: Values, ids: Sequence[str]) -> Any:
    if isinstance(data, Template):
        return list(ids) if data.alone == IDS else data.fill(values)
    if isinstance(data, dict):
        return {key: _filled(each, values, ids) for key, each in data.items()}
    if isinstance(data, list):
        return [_filled(each, values, ids) for each in data]
    return data


class _JsonTemplateShape:
    """JSON whose texts are templates."""

    def parse(self, node: Node, _report: Report) -> JsonTemplate:
        """Return it."""
        if not (node.is_map or node.is_list):
            raise ShapeError("expected a mapping or a list, as JSON has them")
        names: set[str] = set()
        return JsonTemplate(_templates(node, names), frozenset(names))

    def schema(self) -> dict[str, Any]:
        """Return the JSON Schema."""
        return {"type": ["object", "array"]}


def _templates(node: Node, names: set[str]) -> Any:
    if node.is_map:
        return {key: _templates(entry.value, names) for key, entry in node.entries.items()}
    if node.is_list:
        return [_templates(item, names) for item in node.value]
    if not isinstance(node.value, str):
        return node.value
    try:
        template = parse_template(node.value)
    except TemplateError as error:
        raise ShapeError(f"{error} (in {node.value!r})") from error
    names |= template.names
    return template


def _graphql(query: str, variables: JsonTemplate | None = None) -> JsonTemplate:
    found = variables or JsonTemplate({}, frozenset())
    return JsonTemplate({"query": query, "variables": found.data}, found.names)


def _next_page(**keys: Any) -> NextPage:
    if "url" not in keys and not ("body" in keys and "query" in keys):
        raise ValueError("the next page needs 'url', or 'body' and 'query'")
    return NextPage(**keys)


def _batch(**keys: Any) -> Batch:
    if ("query" in keys) == ("body" in keys):
        raise ValueError("'batch' needs either 'query' or 'body'")
    return Batch(**keys)


def _whole_text(node: Node) -> str:
    if not isinstance(node.value, str):
        raise ShapeError("expected the text of a GraphQL query")
    return node.value


BODY: Final = _JsonTemplateShape()
_METHOD: Final = Key(one_of("GET", "POST"), "the HTTP method")
_PATH: Final = Key(ANY_TEXT, "appended to base_url")
_GRAPHQL: Final = RecordOf(
    _graphql,
    "'graphql'",
    {
        "query": Key(Leaf(_whole_text, {"type": "string"}), "the query's text", required=True),
        "variables": Key(BODY, "its variables"),
    },
)
HEADERS: Final = MapOf(ANY_TEXT, check_header)
QUERY: Final = MapOf(ListOf(ANY_TEXT, or_one=True))
REQUEST: Final = RecordOf(
    RequestSpec,
    "'request'",
    {
        "method": _METHOD,
        "path": _PATH,
        "query": Key(QUERY, "the URL's query; empty values are left out"),
        "headers": Key(HEADERS, "request headers, without credentials"),
        "body": Key(BODY, "a JSON body in which texts are templates"),
        "graphql": Key(_GRAPHQL, "a GraphQL query, sent with POST"),
    },
)
_NEXT: Final = RecordOf(
    _next_page,
    "'next'",
    {
        "url": Key(LOOKUP, "where the next page's URL is"),
        "body": Key(LOOKUP, "where the cursor is"),
        "query": Key(PARAM, "the query parameter that takes the cursor"),
    },
)
BATCH: Final = RecordOf(
    _batch,
    "'batch'",
    {
        "query": Key(TEXT, "the query parameter that takes the ids"),
        "style": Key(one_of("repeat", "comma", "brackets"), "how it takes them"),
        "method": _METHOD,
        "path": _PATH,
        "body": Key(BODY, "a JSON body in which the text {ids} becomes the list of ids"),
        "max": Key(whole_number(1, 1000), "the most ids of one request"),
        "items": Key(EXPRESSION, "where the list is in the answer", required=True),
        "id": Key(LOOKUP, "where the id is in an item; else as 'read' says"),
        "next": Key(_NEXT, "further pages of a long list"),
    },
)
