"""Profiles: YAML that says how to ask one API and how to read its answers.

Everything is imported when it is first used, so that commands that need no
profile pay nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from opwatch.profiles.body import parse_body
    from opwatch.profiles.checking import check, schema
    from opwatch.profiles.definition import Definition
    from opwatch.profiles.explaining import Explanation, Looked
    from opwatch.profiles.handoff import Asked, HandedOff
    from opwatch.profiles.library import Config, load_config
    from opwatch.profiles.loading import load_profile
    from opwatch.profiles.profile import Profile
    from opwatch.profiles.proposing import BUCKETS, Known, Proposal, is_name, propose
    from opwatch.profiles.recognise import Recogniser, handed_off, is_at, is_url
    from opwatch.profiles.result import Fetch, ResultSteps, Started
    from opwatch.profiles.samples import Sample

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
    "Asked": "handoff",
    "BUCKETS": "proposing",
    "Config": "library",
    "Definition": "definition",
    "Explanation": "explaining",
    "Fetch": "result",
    "HandedOff": "handoff",
    "Known": "proposing",
    "Looked": "explaining",
    "Profile": "profile",
    "Proposal": "proposing",
    "Recogniser": "recognise",
    "ResultSteps": "result",
    "Sample": "samples",
    "Started": "result",
    "check": "checking",
    "handed_off": "recognise",
    "is_at": "recognise",
    "is_name": "proposing",
    "is_url": "recognise",
    "load_config": "library",
    "load_profile": "loading",
    "parse_body": "body",
    "propose": "proposing",
    "schema": "checking",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
