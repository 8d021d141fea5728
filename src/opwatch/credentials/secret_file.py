"""Which files may hold a secret.

Decides: a regular file of at most 64 KiB that only its owner can read. Mounts of
a container runtime are readable by all by design, so ``/run/secrets`` is excepted.
"""

from __future__ import annotations

import os
import shlex
import stat
from typing import TYPE_CHECKING, Final

from opwatch.credentials.validation import UnusableError, decoded
from opwatch.domain.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Mapping

LIMIT: Final = 64 * 1024
READABLE_BY_OTHERS: Final = 0o077
MOUNTS: Final = ("/run/secrets/", "/var/run/secrets/")


def read_secret_file(path: str, environ: Mapping[str, str]) -> Secret | None:
    """Return the text of the file at *path*, None if there is none.

    ``~`` is the home directory that *environ* names.

    Raises:
        UnusableError: it cannot be read, is not a regular file, is too large, is
            not UTF-8, or can be read by others.
    """
    where = expand(path, environ)
    # Non-blocking, so that a FIFO cannot hold us; looked at once it is open.
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0)
    try:
        descriptor = os.open(where, flags)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as problem:
        raise UnusableError(f"cannot be read: {problem.strerror}") from None
    except MemoryError:
        raise UnusableError("cannot be read: out of memory") from None
    except ValueError:
        raise UnusableError("is not a path") from None
    try:
        _check(os.fstat(descriptor), where)
        with os.fdopen(descriptor, "rb", closefd=False) as file:
            content = file.read(LIMIT + 1)
    except OSError as problem:
        raise UnusableError(f"cannot be read: {problem.strerror}") from None
    except MemoryError:
        raise UnusableError("cannot be read: out of memory") from None
    finally:
        os.close(descriptor)
    if len(content) > LIMIT:
        raise UnusableError("is larger than 64 KiB")
    text = decoded(content)
    if text is None:
        raise UnusableError("is not UTF-8 text")
    return Secret(text)


def expand(path: str, environ: Mapping[str, str]) -> str:
    """Return *path* with a leading ``~`` as the home directory."""
    home = environ.get("HOME") or environ.get("USERPROFILE")
    if home and (path == "~" or path.startswith(("~/", "~\\"))):
        return home + path[1:]
    return path


def _check(found: os.stat_result, path: str) -> None:
    if not stat.S_ISREG(found.st_mode):
        raise UnusableError("is not a regular file")
    mode = stat.S_IMODE(found.st_mode)
    if os.name != "posix" or os.path.normpath(path).startswith(MOUNTS):
        return
    if mode & READABLE_BY_OTHERS:
        fix = f"chmod 600 {shlex.quote(path)}"
        raise UnusableError(f"can be read by others (mode {mode:04o})", fix=fix)
