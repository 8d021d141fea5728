"""The one profile that a run uses, read with full strictness."""

from __future__ import annotations

from typing import TYPE_CHECKING

from opwatch.profiles.config import layered
from opwatch.profiles.definition import Definition, define

if TYPE_CHECKING:
    from opwatch.profiles.config import Config


def load_profile(name: str, config: Config) -> Definition:
    """Return the profile *name*, with all that it extends.

    Raises:
        UsageError: there is none of that name, or a file cannot be read.
        ProfileError: it has problems; all are told.
    """
    node = layered(name, config)
    return define(name, node, is_users=config.is_users(name), environ=config.environ)
