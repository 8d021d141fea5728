"""A profile's parameters, from wherever they are given.

Decides their precedence (option, environment, then what the files say), what
must be known before anything is asked, and which origins a credential may go
to.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Final

from opwatch.domain.auth import OAuth2Auth
from opwatch.domain.errors import ProfileError, UsageError
from opwatch.domain.operation import State
from opwatch.domain.origin import AllowedOrigins, OriginError, parse_origin
from opwatch.domain.pacing import Limits, PollingRules, shortest_at
from opwatch.domain.variables import param_variable, variable_of
from opwatch.profiles.config import may_others_write
from opwatch.profiles.detect.match import said_by
from opwatch.profiles.language.auth import runs_command
from opwatch.profiles.language.params import ID, PLAIN
from opwatch.profiles.lint import at, base_fault
from opwatch.profiles.profile import Bound, Profile
from opwatch.profiles.yaml.suggest import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from opwatch.domain.auth import Scheme
    from opwatch.profiles.definition import Definition
    from opwatch.profiles.language.paths import Encode
    from opwatch.profiles.language.spec import Spec
    from opwatch.profiles.language.template import Template, Text

_WEB: Final = ("https://", "http://")
_HOST: Final = r"(?a)[A-Za-z0-9._-]{1,253}(?::\d{1,5})?"


def bind(
    definition: Definition,
    given: Mapping[str, str],
    base_url: str | None,
    urls: Sequence[str] = (),
) -> Profile:
    """Return *definition* with the parameters *given*, at *base_url* if that is given.

    The host of one of *urls*, which a person typed, may say what nothing else does.

    Raises:
        UsageError: a parameter is unknown, refused or missing.
        ProfileError: a credential's command stands in a file that others may write to.
    """
    spec = definition.spec
    params = _params(definition, given)
    base = (base_url or _variable(definition, "BASE_URL") or "").rstrip("/")
    if not base and spec.base_url:
        params = {**_checked(definition, said_by(urls, spec.base_url, params)), **params}
        base = _filled(definition, params, spec.base_url).rstrip("/")
    fault = base_fault(base, allow_http=spec.allow_http)
    if fault:
        raise UsageError(f"profile {definition.name!r} at {base!r}: {fault}")
    auth = spec.auth.make(lambda text: _filled(definition, params, text))
    _check_auth(definition, auth)
    origins = _origins(definition, params, base)
    return Profile(definition, Bound(params, base, origins, auth, _polling_rules(spec, base)))


def _params(definition: Definition, given: Mapping[str, str]) -> dict[str, str]:
    known = definition.spec.params
    for name in given:
        if name == ID:
            message = "the id of an operation is no parameter"
            raise UsageError(message, hint=f"write it at the end:  -p {definition.name} … ID")
        if name not in known:
            names = sorted(known.keys() - {ID})
            message = f"profile {definition.name!r} has no parameter {name!r}"
            hint = f"it has: {', '.join(names)}" if names else "it has none"
            raise UsageError(message + did_you_mean(name, names), hint=hint)
    found = {name: param.default for name, param in known.items() if param.default is not None}
    return _checked(definition, {**found, **dict(_from_environ(definition)), **given})


def _checked(definition: Definition, params: dict[str, str]) -> dict[str, str]:
    for name, value in params.items():
        fault = definition.spec.params.get(name, PLAIN).fault(name, value)
        if fault:
            raise UsageError(f"profile {definition.name!r}: {fault}")
    return params


def _from_environ(definition: Definition) -> Iterator[tuple[str, str]]:
    for name in definition.spec.params.keys() - {ID}:
        value = _variable(definition, name)
        if value is None:
            value = definition.environ.get(param_variable(name))
        if value is not None:
            yield name, value


def _variable(definition: Definition, name: str) -> str | None:
    """Return the variable of *name* for this profile; the base URL may be set for all."""
    environ = definition.environ
    own = environ.get(variable_of(definition.name, name))
    return own or (environ.get("OPWATCH_BASE_URL") if name == "BASE_URL" else own)


def _filled(definition: Definition, params: Mapping[str, str], text: Text) -> str:
    """Return *text* with all that it needs, which is asked for by name if it is missing."""
    spec = definition.spec
    try:
        chosen = text.choose(params)
    except KeyError as error:
        raise _missing(definition, min(text.names)) from error
    for name in sorted(chosen.names):
        is_needed = text is spec.base_url or spec.params.get(name, PLAIN).required
        if is_needed and not params.get(name):
            raise _missing(definition, name)
    if not chosen.text.startswith(_WEB):
        return chosen.fill(params)
    return chosen.fill(params, _encoder(definition, chosen))


def _encoder(definition: Definition, template: Template) -> Encode:
    """Return how parameters stand in a URL: none may end its host and begin another."""
    authority = template.text.partition("://")[2].partition("/")[0]

    def encode(name: str, value: str) -> str:
        if f"{{{name}}}" not in authority:
            return definition.spec.params.get(name, PLAIN).quoted(value)
        if not re.fullmatch(_HOST, value):
            raise UsageError(f"profile {definition.name!r}: {name} {value!r} is no part of a host")
        return value

    return encode


def _missing(definition: Definition, name: str) -> UsageError:
    what = definition.spec.params.get(name, PLAIN).help
    message = f"profile {definition.name!r} needs {name}" + (f" ({what})" if what else "")
    return UsageError(message, hint=f"--param {name}=…")


def _check_auth(definition: Definition, auth: Scheme) -> None:
    """Refuse a token endpoint without TLS, and a command that someone else could have written."""
    place = at(definition.node, "auth")
    if isinstance(auth, OAuth2Auth):
        for url in filter(None, (auth.token_url, auth.device_url)):
            fault = base_fault(url.partition("?")[0], allow_http=definition.spec.allow_http)
            if fault:
                raise ProfileError((place.problem(f"{url!r}: {fault}"),))
    is_own = runs_command(auth) and not place.source.is_builtin
    if is_own and may_others_write(Path(place.source.name)):
        message = "others may write to this file, so no command is run for it; chmod go-w"
        raise ProfileError((place.problem(message),))


def _origins(definition: Definition, params: Mapping[str, str], base: str) -> AllowedOrigins:
    hosts = [host.fill(params) for host in definition.spec.allow_hosts]
    try:
        return AllowedOrigins.of(base, hosts)
    except OriginError as error:
        place = at(definition.node, "allow_hosts")
        raise ProfileError((place.problem(f"no host: {error}"),)) from error


def _polling_rules(spec: Spec, base: str) -> PollingRules:
    usual, quota = Limits(), spec.limits
    limits = Limits(
        rate=quota.rate or usual.rate,
        burst=quota.burst or usual.burst,
        at_once=quota.at_once or usual.at_once,
    )
    return PollingRules(
        pace=spec.poll.pace.at_least(shortest_at(parse_origin(base))),
        limits=limits,
        batch=spec.batch.max if spec.batch else 1,
        not_found_grace=spec.not_found_grace,
        gone=spec.gone,
        confirm=spec.confirm,
        unknown_after=spec.unknown_after,
        give_up_after=spec.poll.give_up.after if spec.poll.give_up else None,
        given_up=spec.poll.give_up.state if spec.poll.give_up else State.FAILED,
    )
