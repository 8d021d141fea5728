"""What nobody gave is nothing: no default of a shared type is another than its type allows."""

from __future__ import annotations

import dataclasses
import math
import pkgutil
from importlib import import_module
from typing import TYPE_CHECKING, Any

import pytest

import opwatch.domain
from opwatch.domain.trouble import FirstContact, Scope, Speaker

if TYPE_CHECKING:
    from collections.abc import Iterator

NOTHING: dict[str, Any] = {
    "str": "", "bytes": b"", "bool": False, "int": 0, "float": 0.0, "Any": None,
    "tuple": (), "Sequence": (), "Sources": (), "OptionWords": (), "frozenset": frozenset(),
    "Mapping": {},
}  # fmt: skip
SOMETHING: dict[str, Any] = {
    "FromCommand.timeout": 30.0,
    "HeaderAuth.name": "Authorization",
    "HeaderAuth.template": "Bearer {secret}",
    "OAuth2Auth.secret_in": "body",
    "TrialReport.reference": "REF",
    "KeptOperation.is_known_word": True,
    "Request.authorize": True,
    "Response.http_version": "HTTP/1.1",
    "Failure.is_asked": True,
    "Reading.is_known_word": True,
    "InitialAnswer.is_named": True,
    "FaultRule.first": FirstContact.TOLERANT,
    "FaultRule.scope": Scope.OPERATION,
    "Trouble.speaker": Speaker.API,
    "Poll.conditional": True,
    "Pace.first": 2.0,
    "Pace.longest": 30.0,
    "Pace.factor": 1.2,
    "Pace.share": 0.25,
    "Limits.rate": math.inf,
    "Limits.burst": 10,
    "Limits.at_once": 32,
    "PollingRules.batch": 1,
    "PollingRules.not_found_grace": 30.0,
    "PollingRules.confirm": 1,
    "PollingRules.unknown_after": 600.0,
    "Policy.lost_after": 900.0,
    "Policy.no_contact": 30.0,
    "Policy.request_timeout": 30.0,
    "HostReport.throttled_at": -math.inf,
    "HostReport.allowed": math.inf,
    "HostReport.allowed_at": -math.inf,
    "HostReport.held_until": -math.inf,
}
"""What is taken for granted, and written here once more because others rely on it."""


def defaults() -> Iterator[tuple[str, str, Any]]:
    for each in pkgutil.iter_modules(opwatch.domain.__path__):
        module = import_module(f"opwatch.domain.{each.name}")
        for kind in vars(module).values():
            if not isinstance(kind, type) or kind.__module__ != module.__name__:
                continue
            if dataclasses.is_dataclass(kind):
                for one in dataclasses.fields(kind):
                    default = one.default
                    if one.default_factory is not dataclasses.MISSING:
                        default = one.default_factory()
                    if default is not dataclasses.MISSING:
                        yield f"{kind.__name__}.{one.name}", str(one.type), default
            elif hasattr(kind, "_field_defaults"):
                for name, default in kind._field_defaults.items():
                    hint = kind.__annotations__[name]
                    yield (
                        f"{kind.__name__}.{name}",
                        getattr(hint, "__forward_arg__", str(hint)),
                        default,
                    )


FOUND = {name: (hint, default) for name, hint, default in defaults()}


@pytest.mark.parametrize("name", FOUND)
def test_a_default_is_nothing_unless_it_is_taken_for_granted(name: str) -> None:
    hint, default = FOUND[name]
    head = hint.partition("[")[0]
    expected = SOMETHING.get(name, None if hint.endswith("None") else NOTHING.get(head, default))

    assert (type(default), default) == (type(expected), expected)


def test_what_is_taken_for_granted_is_there() -> None:
    assert SOMETHING.keys() <= FOUND.keys()
