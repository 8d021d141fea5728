"""The names of environment variables that are made of a profile's name.

Decides them for the whole program: ``OPWATCH_<PROFILE>_<NAME>``, in capitals, where
each character that a variable cannot have is ``_``; and ``OPWATCH_PARAM_<NAME>`` for
a parameter of any profile.
"""

from __future__ import annotations

import re


def variable_prefix(profile: str) -> str:
    """Return how the variables of *profile* begin."""
    return f"OPWATCH_{re.sub('[^A-Z0-9]', '_', profile.upper())}_"


def variable_of(profile: str, name: str) -> str:
    """Return the variable of *profile* for *name*."""
    return variable_prefix(profile) + name.upper()


def param_variable(name: str) -> str:
    """Return the variable of the parameter *name* for every profile."""
    return f"OPWATCH_PARAM_{name.upper()}"
