"""Profiles: YAML that says how an API is polled and how its answers are read.

Every name is imported when it is first used, so that a command that needs no profile
pays nothing. The drafting of profiles is not among them: nothing imports it at run time.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from opwatch.profiles.bind import bind_profile
    from opwatch.profiles.checks import check, profile_problems, schema
    from opwatch.profiles.config import Config, load_config, name_fault, place_of_config
    from opwatch.profiles.definition import Definition, load_profile
    from opwatch.profiles.detect.detector import ProfileDetector, is_at, status_urls
    from opwatch.profiles.explain import explain_answer
    from opwatch.profiles.language.handoff import OperationReference, RequestFacts
    from opwatch.profiles.manifest import ManifestEntry, load_manifest, manifest_schema
    from opwatch.profiles.profile import Profile
    from opwatch.profiles.reading.response import parse_body
    from opwatch.profiles.references import is_url
    from opwatch.profiles.results import ResultSteps, StartingUrls

__all__ = [
    "Config",
    "Definition",
    "ManifestEntry",
    "OperationReference",
    "Profile",
    "ProfileDetector",
    "RequestFacts",
    "ResultSteps",
    "StartingUrls",
    "bind_profile",
    "check",
    "explain_answer",
    "is_at",
    "is_url",
    "load_config",
    "load_manifest",
    "load_profile",
    "manifest_schema",
    "name_fault",
    "parse_body",
    "place_of_config",
    "profile_problems",
    "schema",
    "status_urls",
]

_NAMES: Final = {
    "bind": ("bind_profile",),
    "checks": ("check", "profile_problems", "schema"),
    "config": ("Config", "load_config", "name_fault", "place_of_config"),
    "definition": ("Definition", "load_profile"),
    "detect.detector": ("ProfileDetector", "is_at", "status_urls"),
    "explain": ("explain_answer",),
    "language.handoff": ("OperationReference", "RequestFacts"),
    "manifest": ("ManifestEntry", "load_manifest", "manifest_schema"),
    "profile": ("Profile",),
    "reading.response": ("parse_body",),
    "references": ("is_url",),
    "results": ("ResultSteps", "StartingUrls"),
}
_MODULES: Final = {name: module for module, names in _NAMES.items() for name in names}


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
