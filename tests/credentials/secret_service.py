"""A Secret Service of its own for a test: gnome-keyring, unlocked, on a bus of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NEEDED = ("dbus-run-session", "gnome-keyring-daemon")
MISSING = [each for each in NEEDED if shutil.which(each) is None]

needs_secret_service = pytest.mark.skipif(
    bool(MISSING),
    reason=f"NOT TESTED: the real Secret Service needs {' and '.join(MISSING)};"
    " install gnome-keyring and dbus",
)

SESSION = """
printf pw | gnome-keyring-daemon --unlock --components=secrets >/dev/null 2>&1
echo "$DBUS_SESSION_BUS_ADDRESS"
exec cat
"""


@contextmanager
def unlocked_keyring(folder: Path) -> Iterator[dict[str, str]]:
    """Run one with its files in *folder*; give the environment in which it is found."""
    for name in ("home", "run"):
        (folder / name).mkdir(mode=0o700)
    environ = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder / "home"),
        "XDG_RUNTIME_DIR": str(folder / "run"),
    }
    with subprocess.Popen(  # noqa: S603, our own words
        [str(shutil.which("dbus-run-session")), "--", "sh", "-c", SESSION],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=environ,
        text=True,
    ) as session:
        assert session.stdout is not None
        assert session.stdin is not None
        address = session.stdout.readline().strip()
        try:
            yield environ | {"DBUS_SESSION_BUS_ADDRESS": address}
        finally:
            session.stdin.close()
