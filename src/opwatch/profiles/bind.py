"""The binding of a profile to its parameters, from wherever they are given.

Decides their precedence (option, environment, then the files), what must be known
before the first request, and which origins a credential may be sent to.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Final

from opwatch.domain.auth import OAuth2Auth, Scheme
from opwatch.domain.command_line import named, params_to_paste
from opwatch.domain.errors import ProfileError, UsageError
from opwatch.domain.operation import State
from opwatch.domain.origin import AllowedOrigins, OriginError, parse_origin
from opwatch.domain.pacing import Limits, PollingRules, shortest_at
from opwatch.profiles.config import may_others_write
from opwatch.profiles.language.auth import NO_AUTH, runs_command
from opwatch.profiles.language.base_url import base_url_fault, endpoint_fault, params_of_urls
from opwatch.profiles.language.params import ID
from opwatch.profiles.profile import Profile
from opwatch.profiles.references import is_url
from opwatch.profiles.yaml.nodes import did_you_mean, position_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from opwatch.profiles.definition import Definition
    from opwatch.profiles.language.spec import Spec
    from opwatch.profiles.language.template import Encode, Template, Text

_HOST: Final = r"(?a)[A-Za-z0-9._-]{1,253}(?::\d{1,5})?"


def bind_profile(
    definition: Definition,
    params: Mapping[str, str] | None = None,
    base_url: str | None = None,
    urls: Sequence[str] = (),
) -> Profile:
    """Return *definition* with *params*, at *base_url*; the environment may give what they do not.

    What is still unknown of the base URL may be in the host of one of *urls*, which a
    person typed.

    Raises:
        UsageError: a parameter is unknown, not valid, or missing although the base URL
            or the credential needs it.
        ProfileError: a credential's command is in a file that others may write to.
    """
    spec, options = definition.spec, params_to_paste(params or {})
    known = _params(definition, params or {})
    base = (base_url or definition.base_url_variable or "").rstrip("/")
    if not base and spec.base_url:
        # A profile without a credential has nothing to lose at a host that it does not know.
        free = spec.auth is NO_AUTH
        given = params_of_urls(urls, spec.base_url, known, at_any_host=free)
        known = {**_checked(definition, given), **known}
        options = params_to_paste(given) + options
        base = _filled(definition, known, spec.base_url).rstrip("/")
    fault = base_url_fault(base, allow_http=spec.allow_http)
    if fault:
        raise UsageError(f"profile {definition.name!r} at {base!r}: {fault}")
    auth = spec.auth.make(lambda text: _filled(definition, known, text))
    _check_auth(definition, auth)
    origins = _origins(definition, known, base, "allow_hosts")
    reachable = _origins(definition, known, base, "allow_hosts", "open_hosts")
    rules = _polling_rules(spec, base)
    at = (("--base-url", base_url),) if base_url else ()
    options = named(definition.name, (*at, *options, *definition.options))
    return Profile(definition, known, base, origins, reachable, auth, rules, options)


def _params(definition: Definition, given: Mapping[str, str]) -> dict[str, str]:
    known = definition.spec.params
    for name in given:
        if name == ID:
            message = "the id of an operation is not a parameter"
            raise UsageError(message, hint=f"write it at the end:  -p {definition.name} … ID")
        if name not in known:
            names = sorted(known.keys() - {ID})
            message = f"profile {definition.name!r} has no parameter {name!r}"
            hint = f"it has: {', '.join(names)}" if names else "it has none"
            raise UsageError(message + did_you_mean(name, names), hint=hint)
    defaults = {name: param.default for name, param in known.items()}
    variables = {name: definition.variable(name) for name in known.keys() - {ID}}
    whole = {**defaults, **_with_value(variables), **given}
    return _checked(definition, _with_value(whole))


def _with_value(params: Mapping[str, str | None]) -> dict[str, str]:
    """Return those of *params* that have a value."""
    return {name: value for name, value in params.items() if value is not None}


def _checked(definition: Definition, params: dict[str, str]) -> dict[str, str]:
    fault = definition.spec.fault_in(params)
    if fault:
        raise UsageError(f"profile {definition.name!r}: {fault}")
    return params


def _filled(definition: Definition, params: Mapping[str, str], text: Text) -> str:
    """Return *text* with its parameters filled in; what is missing is an error that names it."""
    spec = definition.spec
    try:
        chosen = text.choose(params)
    except KeyError as error:
        raise _missing(definition, min(text.names)) from error
    for name in sorted(chosen.names):
        is_needed = text is spec.base_url or spec.param(name).required
        if is_needed and not params.get(name):
            raise _missing(definition, name)
    if not is_url(chosen.text):
        return chosen.fill(params)
    return chosen.fill(params, _encoder(definition, chosen))


def _encoder(definition: Definition, template: Template) -> Encode:
    """Return how parameters are encoded in a URL: none may end its host and begin another."""
    authority = template.text.partition("://")[2].partition("/")[0]

    def encode(name: str, value: str) -> str:
        if f"{{{name}}}" not in authority:
            return definition.spec.param(name).quoted(value)
        if not re.fullmatch(_HOST, value):
            raise UsageError(
                f"profile {definition.name!r}: {name} {value!r} cannot be part of a host"
            )
        return value

    return encode


def _missing(definition: Definition, name: str) -> UsageError:
    what = definition.spec.param(name).help
    message = f"profile {definition.name!r} needs {name}" + (f" ({what})" if what else "")
    return UsageError(message, hint=f"--param {name}=…")


def _check_auth(definition: Definition, auth: Scheme) -> None:
    """Refuse a token endpoint without TLS, and a command that someone else may have written."""
    position = position_of(definition.node, "auth")
    if isinstance(auth, OAuth2Auth):
        for url in filter(None, (auth.token_url, auth.device_url)):
            fault = endpoint_fault(url, allow_http=definition.spec.allow_http)
            if fault:
                raise ProfileError((position.problem(f"{url!r}: {fault}"),))
    is_own = runs_command(auth) and not position.source.is_builtin
    if is_own and may_others_write(Path(position.source.name)):
        message = "others may write to this file, so no command is run for it; chmod go-w"
        raise ProfileError((position.problem(message),))


def _origins(
    definition: Definition, params: Mapping[str, str], base: str, *keys: str
) -> AllowedOrigins:
    hosts = [host.fill(params) for key in keys for host in getattr(definition.spec, key)]
    try:
        return AllowedOrigins.of(base, hosts, allow_http=definition.spec.allow_http)
    except OriginError as error:
        position = position_of(definition.node, keys[-1])
        raise ProfileError((position.problem(f"not a host: {error}"),)) from error


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
        gone=spec.gone.state,
        gone_kind=spec.gone.kind,
        confirm=spec.confirm,
        unknown_after=spec.unknown_after,
        give_up_after=spec.poll.give_up.after if spec.poll.give_up else None,
        given_up=spec.poll.give_up.state if spec.poll.give_up else State.FAILED,
    )
