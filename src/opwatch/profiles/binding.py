"""A profile's parameters, from wherever they are given.

Decides their precedence (option, environment, then what the files say), what
must be known before anything is asked, and which origins a credential may go
to.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from opwatch.domain.errors import ProfileError, UsageError
from opwatch.domain.origin import AllowedOrigins, OriginError
from opwatch.domain.pacing import Habits, Limits
from opwatch.profiles.definition import at, base_fault
from opwatch.profiles.parameters import ID, PLAIN
from opwatch.profiles.profile import Bound, Profile
from opwatch.profiles.suggest import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from opwatch.profiles.definition import Definition
    from opwatch.profiles.language import Spec
    from opwatch.profiles.template import Text

_PREFIX: Final = "OPWATCH_"


def bind(definition: Definition, given: Mapping[str, str], base_url: str | None) -> Profile:
    """Return *definition* with the parameters *given*, at *base_url* if that is given.

    Raises:
        UsageError: a parameter is unknown, refused or missing.
    """
    spec = definition.spec
    for name in given:
        if name not in spec.params or name == ID:
            known = sorted(spec.params.keys() - {ID})
            message = f"profile {definition.name!r} has no parameter {name!r}"
            hint = f"it has: {', '.join(known)}" if known else "it has none"
            raise UsageError(message + did_you_mean(name, known), hint=hint)
    params = {**dict(_from_files(spec)), **dict(_from_environ(definition)), **given}
    for name, value in params.items():
        fault = spec.params[name].fault(name, value)
        if fault:
            raise UsageError(f"profile {definition.name!r}: {fault}")
    base = (base_url or _variable(definition, "BASE_URL") or "").rstrip("/")
    if not base and spec.base_url:
        base = _filled(definition, params, spec.base_url).rstrip("/")
    fault = base_fault(base, allow_http=spec.allow_http)
    if fault:
        raise UsageError(f"profile {definition.name!r} at {base!r}: {fault}")
    auth = spec.auth.make(lambda text: _filled(definition, params, text))
    origins = _origins(definition, params, base)
    return Profile(definition, Bound(params, base, origins, auth, _habits(spec)))


def _from_files(spec: Spec) -> Iterator[tuple[str, str]]:
    for name, param in spec.params.items():
        if param.default is not None:
            yield name, param.default


def _from_environ(definition: Definition) -> Iterator[tuple[str, str]]:
    for name in definition.spec.params:
        value = _variable(definition, name.upper()) if name != ID else None
        if value is None and name != ID:
            value = definition.environ.get(f"{_PREFIX}PARAM_{name.upper()}")
        if value is not None:
            yield name, value


def _variable(definition: Definition, name: str) -> str | None:
    profile = definition.name.upper().replace("-", "_").replace(".", "_")
    found = definition.environ.get(f"{_PREFIX}{profile}_{name}")
    return found or (definition.environ.get(f"{_PREFIX}{name}") if name == "BASE_URL" else None)


def _filled(definition: Definition, params: Mapping[str, str], text: Text) -> str:
    """Return *text* with all that it needs, which is asked for by name if it is missing."""
    spec = definition.spec
    try:
        chosen = text.choose(params)
    except KeyError as error:
        raise _missing(definition, str(getattr(text, "param", ""))) from error
    for name in sorted(chosen.names):
        if not params.get(name) and (
            spec.params.get(name, PLAIN).required or text is spec.base_url
        ):
            raise _missing(definition, name)
    return chosen.fill(params)


def _missing(definition: Definition, name: str) -> UsageError:
    what = definition.spec.params.get(name, PLAIN).help
    message = f"profile {definition.name!r} needs {name}" + (f" ({what})" if what else "")
    return UsageError(message, hint=f"--param {name}=…")


def _origins(definition: Definition, params: Mapping[str, str], base: str) -> AllowedOrigins:
    hosts = [host.fill(params) for host in definition.spec.allow_hosts]
    try:
        return AllowedOrigins.of(base, hosts)
    except OriginError as error:
        place = at(definition.node, "allow_hosts")
        raise ProfileError((place.problem(f"no host: {error}"),)) from error


def _habits(spec: Spec) -> Habits:
    usual, quota = Limits(), spec.limits
    limits = Limits(
        rate=quota.rate or usual.rate,
        burst=quota.burst or usual.burst,
        at_once=quota.at_once or usual.at_once,
    )
    return Habits(
        pace=spec.poll.pace,
        limits=limits,
        batch=spec.batch.max if spec.batch else 1,
        not_found_grace=spec.not_found_grace,
        gone=spec.gone,
        confirm=spec.confirm,
        unknown_after=spec.unknown_after,
    )
