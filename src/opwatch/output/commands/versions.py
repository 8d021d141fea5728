"""``opwatch --version --verbose``: what a report of a bug should say of the machine."""

from __future__ import annotations

import platform
import ssl
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from opwatch.version import __version__

LIBRARIES = ("click", "h11", "rich", "pyyaml", "jmespath", "regex", "keyring")


def versions() -> str:
    """Return the versions of opwatch and of what it runs on, a line each."""
    lines = [
        f"opwatch {__version__} in {Path(__file__).parents[2]}",
        f"{platform.python_implementation()} {platform.python_version()} in {sys.executable}",
        f"{platform.platform()}, {ssl.OPENSSL_VERSION}",
        ", ".join(f"{name} {_version(name)}" for name in LIBRARIES),
    ]
    return "\n".join(lines) + "\n"


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "missing"
