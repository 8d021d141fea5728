"""What ``opwatch config`` says: the files of a user's configuration, in their order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Places:
    """The configuration's *path*, what *named_by*, and a user's own *profiles* found there."""

    path: Path
    named_by: str
    default: str | None
    profiles: tuple[str, ...]
    is_read: bool
    problem: Exception | None

    @property
    def folder(self) -> Path:
        """Where further profiles are, one in each file."""
        return self.path.parent / "profiles"


def places_facts(places: Places) -> Iterator[tuple[str, str]]:
    """Yield what is read, as labels and texts, in the order in which it counts."""
    by = f" (named by {places.named_by})" if places.named_by else ""
    state = "read" if places.is_read else "broken" if places.problem else "not there"
    yield "configuration", f"{places.path}{by}: {state}"
    folder = "read" if places.folder.is_dir() else "not there"
    yield "profiles", f"{places.folder}, one in each file NAME.yaml: {folder}"
    yield "your own", ", ".join(places.profiles) or "none so far: opwatch profile new --from FILE"
    yield "default", places.default or "none: say -p NAME, OPWATCH_PROFILE or default_profile"
    yield (
        "order",
        "an option, then a variable OPWATCH_…, then the configuration, then what is built in",
    )
    yield "never read", "a file of the current directory, unless --config names it"


def places_document(places: Places) -> dict[str, Any]:
    """Return the same for a program."""
    return {
        "configuration": {
            "path": str(places.path),
            "named_by": places.named_by or None,
            "read": places.is_read,
            "problem": None if places.problem is None else str(places.problem),
        },
        "profiles": {"path": str(places.folder), "names": list(places.profiles)},
        "default_profile": places.default,
    }
