"""The ``auth`` of a profile: which scheme, and where its secret comes from.

Decides that a profile names sources of secrets and never holds one.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeAlias

from opwatch.domain.auth import (
    GRANTS,
    BasicAuth,
    FromCommand,
    FromEnv,
    FromFile,
    FromKeyring,
    HeaderAuth,
    NoAuth,
    OAuth2Auth,
    QueryAuth,
    Scheme,
    Source,
    Sources,
)
from opwatch.profiles.language.scalars import (
    ANY_TEXT,
    AUTH_HEADER,
    FLAG,
    PARAM,
    TEXT,
    duration,
    text_of,
    word,
)
from opwatch.profiles.language.template import Text, parse_template
from opwatch.profiles.yaml.schema import (
    Key,
    Leaf,
    ListOf,
    MapOf,
    OneOf,
    RecordOf,
    SecretShape,
    ShapeError,
    SharedShape,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from opwatch.profiles.yaml.nodes import Node
    from opwatch.profiles.yaml.schema import Report, Shape

    Fill: TypeAlias = Callable[[Text], str]

_VARIABLE: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)
_NOTHING: Final = parse_template("")


class AuthSpec(NamedTuple):
    """A scheme whose *texts* contain parameters; *make* fills them in.

    *urls* are those of the texts that are a token endpoint's.
    """

    make: Callable[[Fill], Scheme]
    texts: tuple[Text, ...] = ()
    urls: tuple[Text, ...] = ()

    def without_sources(self) -> AuthSpec:
        """Return how the scheme sends a secret that comes from elsewhere."""
        return AuthSpec(lambda fill: _without_sources(self.make(fill)))


NO_AUTH: Final = AuthSpec(lambda _fill: NoAuth())


def sources_of(scheme: Scheme) -> Sources:
    """Return all sources of *scheme*, in order."""
    match scheme:
        case NoAuth():
            return ()
        case HeaderAuth() | QueryAuth():
            return scheme.sources
        case BasicAuth():
            return (*scheme.username_sources, *scheme.sources)
        case OAuth2Auth():
            return (*scheme.client_id_sources, *scheme.client_secret, *scheme.refresh_token)


def _without_sources(scheme: Scheme) -> Scheme:
    match scheme:
        case HeaderAuth(name=name, template=template):
            return HeaderAuth((), name, template)
        case QueryAuth(name=name):
            return QueryAuth((), name)
        case BasicAuth():
            return BasicAuth((), scheme.username, scheme.username_sources)
        case NoAuth() | OAuth2Auth():
            return HeaderAuth(())


def runs_command(scheme: Scheme) -> bool:
    """Tell whether a secret of *scheme* may come from a program."""
    return any(isinstance(source, FromCommand) for source in sources_of(scheme))


class _Literal:
    """A literal in place of a source: refused, and never repeated."""

    def parse(self, _node: Node, _report: Report) -> Source:
        """Refuse it."""
        raise ShapeError(
            "a profile never holds a secret; name its source: {env: NAME}, {keyring: NAME}, "
            "{file: PATH} or {command: [PROGRAM, …]}",
            secret=True,
        )

    def schema(self) -> dict[str, Any]:
        """Return the JSON Schema of nothing."""
        return {"not": {}}


def _variable(node: Node) -> str:
    if not _VARIABLE.fullmatch(node.text):
        raise ShapeError("expected the name of a variable, not its value", secret=True)
    return node.text


_NAME: Final = Leaf(_variable, {"type": "string", "pattern": f"^{_VARIABLE.pattern}$"})


def _source(kind: Callable[..., Source], **keys: Key) -> RecordOf[Source]:
    return RecordOf(kind, "the source", keys)


_SOURCE: Final[OneOf[Source]] = OneOf(
    "a source",
    {
        "env": _source(
            FromEnv, env=Key(_NAME, "an environment variable", required=True, field="name")
        ),
        "file": _source(
            FromFile, file=Key(TEXT, "a file that holds one line", required=True, field="path")
        ),
        "keyring": _source(
            FromKeyring,
            keyring=Key(TEXT, "an entry of the keyring", required=True, field="service"),
        ),
        "command": _source(
            FromCommand,
            command=Key(
                ListOf(TEXT, least=1),
                "a program and its arguments, run without a shell",
                required=True,
                field="argv",
            ),
            timeout=Key(duration(1, 600), "how long it may take"),
            environ=Key(ListOf(_NAME), "environment variables that it is given"),
            interactive=Key(FLAG, "whether it may ask at the terminal"),
        ),
        "scalar": _Literal(),
    },
)
SOURCES: Final = SharedShape("sources", ListOf(_SOURCE, or_one=True, least=1))


class _TextOrSources(NamedTuple):
    """A text that is not itself a secret, or the sources that it comes from."""

    text: Text = _NOTHING
    sources: Sources = ()


class _TextOrSourcesShape:
    """A template, or a source, or a list of sources."""

    def parse(self, node: Node, report: Report) -> _TextOrSources:
        """Return which."""
        if node.is_list or any(node.get(key) for key in ("env", "file", "keyring", "command")):
            return _TextOrSources(sources=SOURCES.parse(node, report))
        return _TextOrSources(text=ANY_TEXT.parse(node, report))

    def schema(self) -> dict[str, Any]:
        """Return the JSON Schema."""
        return {"anyOf": [ANY_TEXT.schema(), SOURCES.schema()]}


_TEXT_OR_SOURCES: Final = _TextOrSourcesShape()


def _bearer(bearer: Sources, *, optional: bool = False) -> AuthSpec:
    return _in_header(HeaderAuth(bearer), optional=optional)


def _header(sources: Sources, name: str, template: str = "{secret}") -> HeaderAuth:
    return HeaderAuth(sources, name, template)


def _in_header(header: HeaderAuth, *, optional: bool = False) -> AuthSpec:
    return AuthSpec(lambda _fill: replace(header, optional=optional))


def _query(sources: Sources, name: str) -> AuthSpec:
    return AuthSpec(lambda _fill: QueryAuth(sources, name))


def _basic(sources: Sources, username: _TextOrSources = _TextOrSources()) -> AuthSpec:  # noqa: B008, a tuple
    def make(fill: Fill) -> Scheme:
        return BasicAuth(sources, fill(username.text), username.sources)

    return AuthSpec(make, (username.text,))


def _oauth2(
    *,
    token_url: Text,
    grant: str = "client_credentials",
    client_id: _TextOrSources = _TextOrSources(),  # noqa: B008, a tuple
    device_url: Text = _NOTHING,
    scope: Text = _NOTHING,
    extra: Mapping[str, Text] | None = None,
    **plain: Any,
) -> AuthSpec:
    more = extra or {}

    def make(fill: Fill) -> Scheme:
        return OAuth2Auth(
            grant,
            fill(token_url),
            fill(client_id.text),
            client_id.sources,
            device_url=fill(device_url) or None,
            scope=fill(scope) or None,
            extra={name: fill(text) for name, text in more.items()},
            **plain,
        )

    urls = (token_url, device_url) if device_url is not _NOTHING else (token_url,)
    return AuthSpec(make, (*urls, client_id.text, scope, *more.values()), urls)


def _secret_template(node: Node) -> str:
    text = text_of(node)
    if text.count("{secret}") != 1:
        raise ShapeError("the template must contain {secret} exactly once")
    return text


def _none(node: Node) -> AuthSpec:
    if node.text != "none":
        message = "expected 'none', or a scheme with a source: {bearer: {env: NAME}}"
        raise ShapeError(message, secret=True)
    return NO_AUTH


def _wrapped(key: str, shape: Shape[AuthSpec], doc: str) -> RecordOf[AuthSpec]:
    return RecordOf(lambda **keys: keys[key], "'auth'", {key: Key(shape, doc, required=True)})


_SECRET: Final = Key(SOURCES, "where the secret comes from", required=True, field="sources")
_HEADER_AUTH: Final = RecordOf(
    _header,
    "'header'",
    {
        "name": Key(AUTH_HEADER, "the header's name", required=True),
        "from": _SECRET,
        "template": Key(Leaf(_secret_template, {"type": "string"}), "its value, with {secret}"),
    },
)
_OPTIONAL: Final = Key(FLAG, "sent if a source gives one; it is not an error if none does")
_OAUTH2: Final = RecordOf(
    _oauth2,
    "'oauth2'",
    {
        "grant": Key(word(*GRANTS), "how a token is obtained (RFC 6749, RFC 8628)"),
        "token_url": Key(ANY_TEXT, "the token endpoint", required=True),
        "device_url": Key(ANY_TEXT, "the device authorization endpoint"),
        "client_id": Key(_TEXT_OR_SOURCES, "the client's id, or its source"),
        "client_secret": Key(SOURCES, "where the client's secret comes from"),
        "refresh_token": Key(SOURCES, "where the refresh token comes from"),
        "scope": Key(ANY_TEXT, "the scope to ask for"),
        "secret_in": Key(word("body", "header"), "where the token endpoint expects the secret"),
        "extra": Key(MapOf(ANY_TEXT), "further form fields"),
    },
)
_AUTH: Final[OneOf[AuthSpec]] = OneOf(
    "'auth'",
    {
        "bearer": RecordOf(
            _bearer,
            "'auth'",
            {"bearer": Key(SOURCES, "a bearer token (RFC 6750)"), "optional": _OPTIONAL},
        ),
        "header": RecordOf(
            _in_header,
            "'auth'",
            {"header": Key(_HEADER_AUTH, "a header of the API's own"), "optional": _OPTIONAL},
        ),
        "query": _wrapped(
            "query",
            RecordOf(_query, "'query'", {"name": Key(PARAM, required=True), "from": _SECRET}),
            "a query parameter, masked wherever a URL is shown",
        ),
        "basic": _wrapped(
            "basic",
            RecordOf(_basic, "'basic'", {"username": Key(_TEXT_OR_SOURCES), "password": _SECRET}),
            "user and password (RFC 7617)",
        ),
        "oauth2": _wrapped("oauth2", _OAUTH2, "OAuth 2.0 (RFC 6749)"),
        "scalar": Leaf(_none, {"const": "none"}),
    },
)
AUTH: Final[SecretShape[AuthSpec]] = SecretShape(_AUTH)
