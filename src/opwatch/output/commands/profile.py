"""What ``profile show`` and ``profile check`` print for a person."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

BUILT_IN: Final = "built in"


def profile_facts(facts: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the labels and texts of a profile, from the *facts* that a program gets."""
    experimental = ", experimental" if facts["experimental"] else ""
    reason = f": {facts['confidence_reason']}" if facts["confidence_reason"] else ""
    yield "profile", f"{facts['name']} ({facts['origin']}{experimental})"
    yield "title", facts["title"]
    yield "file", facts["file"]
    for key in ("docs", "retention", "notes"):
        if facts[key]:
            yield key, " ".join(facts[key].split())
    yield "confidence", facts["confidence"] + reason
    if facts["checked"] or facts["origin"] == BUILT_IN:
        yield "checked", facts["checked"] or "not again since it was written"
    for name, param in facts["params"].items():
        choices = f" ({', '.join(param['choices'])})" if param["choices"] else ""
        default = f", default {param['default']}" if param["default"] is not None else ""
        needed = ", required" if param["required"] else ""
        yield "--param", f"{name}{needed}{default}: {param['help']}{choices}"
    credential = facts["credential"]
    places = f" from {', '.join(credential['sources'])}" if credential["sources"] else ""
    optional = "; it may do without" if credential["optional"] else ""
    yield "credential", credential["scheme"] + places + optional
    if facts["batch"] > 1:
        yield "batch", f"up to {facts['batch']} operations in one request"
    for state, words in facts["states"].items():
        yield state, ", ".join(words)


def checked(count: int, warnings: int = 0) -> str:
    """Return that *count* files and profiles were checked, and no worse than *warnings* found."""
    if warnings:
        return f"{count} checked, {warnings} warning{'s' if warnings > 1 else ''}"
    return f"{count} checked, no problem found"
