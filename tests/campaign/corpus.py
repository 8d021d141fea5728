"""Inputs worth keeping for each door of fuzz.py: those that reach lines that no other reaches.

Decides how one is kept: a byte that chooses the profile, and the bytes for the door. They were
found by guided.py.
"""

from __future__ import annotations

import random
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Final

from campaign.fuzz import DOORS

if TYPE_CHECKING:
    from collections.abc import Iterator

CORPUS: Final = Path(__file__).resolve().parent / "corpus"
GUIDED: Final = (
    "read an answer",
    "load a profile",
    "show a text",
    "read a pause",
    "take a reference",
)


def folder_of(door: str) -> Path:
    """Return where the inputs of *door* are kept."""
    return CORPUS / door.replace(" ", "-")


def seeds_of(door: str) -> Iterator[bytes]:
    """Yield the inputs that *door* begins with, in the form in which they are kept."""
    names = _names(door)
    for name, data in DOORS[door][1]():
        yield bytes([names.index(name) % 256]) + data


def put_through(door: str, kept: bytes) -> None:
    """Put *kept* through *door*; whatever is raised is a defect."""
    names = _names(door)
    chance = random.Random(zlib.crc32(kept))  # noqa: S311, the same for the same input
    DOORS[door][0](names[(kept[:1] or b"\0")[0] % len(names)], kept[1:], chance)


def _names(door: str) -> list[str]:
    return sorted({name for name, _ in DOORS[door][1]()})
