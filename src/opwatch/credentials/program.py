"""Which program a helper's name means, and what it is told of our environment.

Decides that a bare name is looked for in the absolute folders of ``PATH`` only,
never in the current one (fault 88), and that a helper sees the variables of the
list below and those that its profile declares, and no others (rule S9).
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Final

from opwatch.credentials.secret_file import expand

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

# What a command-line program needs to find its home, its configuration and the network.
PASSED: Final = frozenset(
    {
        "HOME", "PATH", "LANG", "LANGUAGE", "TERM", "TZ", "USER", "LOGNAME", "SHELL", "TMPDIR",
        "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "SSL_CERT_FILE", "SSL_CERT_DIR",
        "REQUESTS_CA_BUNDLE", "DBUS_SESSION_BUS_ADDRESS", "DISPLAY", "WAYLAND_DISPLAY", "GPG_TTY",
        "SYSTEMROOT", "SYSTEMDRIVE", "WINDIR", "COMSPEC", "PATHEXT", "USERPROFILE", "USERNAME",
        "APPDATA", "LOCALAPPDATA", "PROGRAMDATA", "PROGRAMFILES", "PROGRAMFILES(X86)", "TEMP",
        "TMP", "HOMEDRIVE", "HOMEPATH",
    }
)  # fmt: skip
PASSED_PREFIXES: Final = ("LC_", "XDG_")


def find_program(name: str, environ: Mapping[str, str]) -> str | None:
    """Return the absolute path of the program that *name* means, None if there is none.

    A *name* with a separator in it must be absolute, or begin with ``~``.
    """
    expanded = expand(name, environ)
    if os.path.isabs(expanded):  # noqa: PTH117, it is text of the user's configuration
        return next((each for each in _spelt(expanded, environ) if _is_program(each)), None)
    if os.sep in expanded or (os.altsep and os.altsep in expanded):
        return None
    candidates = (
        each
        for folder in _folders(environ)
        for each in _spelt(os.path.join(folder, expanded), environ)  # noqa: PTH118, as above
    )
    return next((each for each in candidates if _is_program(each)), None)


def environment_for(declared: Iterable[str], environ: Mapping[str, str]) -> dict[str, str]:
    """Return the part of *environ* that a helper may see."""
    names = {*declared}
    passed = {
        name: value
        for name, value in environ.items()
        if name in names or name.upper() in PASSED or name.upper().startswith(PASSED_PREFIXES)
    }
    if "PATH" in passed:
        passed["PATH"] = os.pathsep.join(_folders(environ))
    return passed


def _folders(environ: Mapping[str, str]) -> Iterator[str]:
    for folder in environ.get("PATH", "").split(os.pathsep):
        if os.path.isabs(folder):  # noqa: PTH117, as above
            yield folder


def _spelt(path: str, environ: Mapping[str, str]) -> Iterator[str]:
    """Yield *path* as the system would complete it."""
    yield path
    if os.name == "nt":
        yield from (path + each for each in environ.get("PATHEXT", ".EXE").split(os.pathsep))


def _is_program(path: str) -> bool:
    return Path(path).is_file() and os.access(path, os.X_OK)
