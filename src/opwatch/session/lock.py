"""One process at a time, among all of a user's on this machine, and marks for the next one.

Decides how a lock is shared: a file of its own in the user's state folder, empty and named by
a digest, which the system unlocks when its process ends, however it ends. It is
waited for a little longer than a token endpoint and a keyring may take; then, or where
there is no such folder, it goes on without, as if nobody else were there. A mark is an
empty file beside the locks, named by a digest as well, so that nothing can be learnt from it.
"""

from __future__ import annotations

import os
import sys
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from pathlib import Path

_MARK: Final = "mark "
PATIENCE: Final = 75.0
LOOK: Final = 0.05


@asynccontextmanager
async def one_at_a_time(
    name: str, *, sleep: Callable[[float], Awaitable[None]]
) -> AsyncIterator[None]:
    """Hold the lock *name* meanwhile; *sleep* waits for it, in seconds."""
    descriptor = _opened(name)
    try:
        if descriptor is not None:
            for _ in range(int(PATIENCE / LOOK)):
                if _is_locked(descriptor):
                    break
                await sleep(LOOK)
        yield
    finally:
        if descriptor is not None:
            # Closing it unlocks it.
            os.close(descriptor)


def mark(name: str) -> None:
    """Leave a mark *name* for the runs to come, if there is a place for it."""
    descriptor = _opened(_MARK + name)
    if descriptor is not None:
        os.close(descriptor)


def is_marked(name: str) -> bool:
    """Tell whether a run has left the mark *name*."""
    try:
        return _path(_MARK + name).exists()
    except OSError:
        return False


def _path(name: str) -> Path:
    # Only a login that rotates needs them.
    import hashlib  # noqa: PLC0415

    from platformdirs import user_state_path  # noqa: PLC0415

    digest = hashlib.sha256(name.encode()).hexdigest()[:16]
    return user_state_path("opwatch", appauthor=False) / "locks" / digest


def _opened(name: str) -> int | None:
    from opwatch.state.lock import make_folder  # noqa: PLC0415, as above

    path = _path(name)
    try:
        make_folder(path.parent)
        flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NOFOLLOW", 0)
        return os.open(path, flags, 0o600)
    except OSError:
        return None


if sys.platform == "win32":  # not tested here
    import msvcrt

    def _is_locked(descriptor: int) -> bool:
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

else:
    import fcntl

    def _is_locked(descriptor: int) -> bool:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        except OSError:
            return True  # This file system knows no locks.
        return True
