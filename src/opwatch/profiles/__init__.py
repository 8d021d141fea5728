"""Profiles: YAML that says how to ask one API and how to read its answers.

Everything is imported when it is first used, so that commands that need no
profile pay nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from opwatch.profiles.checks import check, schema
    from opwatch.profiles.config import Config, load_config
    from opwatch.profiles.definition import Definition, load_profile
    from opwatch.profiles.detect.detect import Recogniser, handed_off, is_at, is_url
    from opwatch.profiles.draft.propose import BUCKETS, Known, Proposal, is_name, propose
    from opwatch.profiles.draft.samples import Sample
    from opwatch.profiles.explain import Explanation, Looked
    from opwatch.profiles.language.handoff import Asked, HandedOff
    from opwatch.profiles.profile import Profile
    from opwatch.profiles.reading.body import parse_body
    from opwatch.profiles.results import Fetch, ResultSteps, Started

__all__ = [
    "BUCKETS",
    "Asked",
    "Config",
    "Definition",
    "Explanation",
    "Fetch",
    "HandedOff",
    "Known",
    "Looked",
    "Profile",
    "Proposal",
    "Recogniser",
    "ResultSteps",
    "Sample",
    "Started",
    "check",
    "handed_off",
    "is_at",
    "is_name",
    "is_url",
    "load_config",
    "load_profile",
    "parse_body",
    "propose",
    "schema",
]

_HOMES: Final = {
    "Asked": "language.handoff",
    "BUCKETS": "draft.propose",
    "Config": "config",
    "Definition": "definition",
    "Explanation": "explain",
    "Fetch": "results",
    "HandedOff": "language.handoff",
    "Known": "draft.propose",
    "Looked": "explain",
    "Profile": "profile",
    "Proposal": "draft.propose",
    "Recogniser": "detect.detect",
    "ResultSteps": "results",
    "Sample": "draft.samples",
    "Started": "results",
    "check": "checks",
    "handed_off": "detect.detect",
    "is_at": "detect.detect",
    "is_name": "draft.propose",
    "is_url": "detect.detect",
    "load_config": "config",
    "load_profile": "definition",
    "parse_body": "reading.body",
    "propose": "draft.propose",
    "schema": "checks",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
