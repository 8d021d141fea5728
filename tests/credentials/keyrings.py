"""Keyring backends with one vice each, for ``PYTHON_KEYRING_BACKEND``.

They are loaded by the child process that talks to the keyring. ``Filed`` is a good
one; it keeps its entries in the file that ``OPWATCH_TEST_KEYRING`` names, so that
two processes see the same.
"""

from __future__ import annotations

import getpass
import json
import os
import sys
import time
from pathlib import Path

from keyring.backend import KeyringBackend
from keyring.errors import InitError, KeyringLocked, PasswordDeleteError

WINDOWS_LIMIT = 1280


class Filed(KeyringBackend):
    priority = 1.0

    @property
    def _path(self) -> Path:
        return Path(os.environ["OPWATCH_TEST_KEYRING"])

    def _entries(self) -> dict[str, str]:
        return dict(json.loads(self._path.read_text())) if self._path.exists() else {}

    def get_password(self, service: str, username: str) -> str | None:
        return self._entries().get(f"{service}|{username}")

    def set_password(self, service: str, username: str, password: str) -> None:
        entries = self._entries() | {f"{service}|{username}": password}
        self._keep(entries)

    def delete_password(self, service: str, username: str) -> None:
        entries = self._entries()
        if entries.pop(f"{service}|{username}", None) is None:
            raise PasswordDeleteError("no such password")
        self._keep(entries)

    def _keep(self, entries: dict[str, str]) -> None:
        # Whole or not at all: another process may be reading.
        aside = self._path.with_suffix(f".{os.getpid()}")
        aside.write_text(json.dumps(entries))
        aside.replace(self._path)


class Windows(Filed):
    """Takes as little as the credential manager of Windows."""

    def set_password(self, service: str, username: str, password: str) -> None:
        if len(password) > WINDOWS_LIMIT:
            raise OSError(1783, "The stub received bad data")
        super().set_password(service, username, password)


class Hanging(Filed):
    def get_password(self, service: str, username: str) -> str | None:  # noqa: ARG002, its signature
        time.sleep(600)
        return None


class Asking(Filed):
    def get_password(self, service: str, username: str) -> str | None:  # noqa: ARG002, its signature
        return getpass.getpass("Please enter the password of the keyring: ")


class Locked(Filed):
    def get_password(self, service: str, username: str) -> str | None:  # noqa: ARG002, its signature
        raise KeyringLocked("Failed to unlock the collection!")


class PlaintextKeyring(Filed):
    """Named as that of keyrings.alt."""


class ReadOnly(Filed):
    """Is locked as soon as something is to be written."""

    def _keep(self, entries: dict[str, str]) -> None:  # noqa: ARG002, its signature
        raise KeyringLocked("Failed to unlock the collection!")


class Lockable(Filed):
    """Is locked while there is a file beside its own."""

    def _keep(self, entries: dict[str, str]) -> None:
        if self._path.with_suffix(".locked").exists():
            raise KeyringLocked("Failed to unlock the collection!")
        super()._keep(entries)


class Broken(Filed):
    def get_password(self, service: str, username: str) -> str | None:  # noqa: ARG002, its signature
        raise InitError("Failed to create the collection:\nsecond line")


class Crashing(Filed):
    def get_password(self, service: str, username: str) -> str | None:  # noqa: ARG002, its signature
        os.abort()


class Printing(Filed):
    def get_password(self, service: str, username: str) -> str | None:
        print("Welcome to the keyring!")  # noqa: T201, its vice
        sys.stdout.flush()
        return super().get_password(service, username)
