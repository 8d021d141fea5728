"""One process at a time, among all of a user's on this machine, and marks for the next one.

Decides how a lock is shared: the system unlocks it when its process ends, however it ends, so
no number of a process has to be believed, and nothing is cleaned up. A run is a byte of one
file, the number that its id is, far behind the end of the file. Any other lock is a file of its
own, named by a digest, as a mark is, so that nothing can be learnt from either; all are empty.
It is waited for a little longer than a token endpoint and a keyring may take; then, or where
there can be none, it goes on without, as if nobody else were there.
"""

from __future__ import annotations

import os
import sys
from contextlib import asynccontextmanager, closing, suppress
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from pathlib import Path

RUNS: Final = "runs.lock"
PATIENCE: Final = 75.0
LOOK: Final = 0.05
_MARK: Final = "mark "


# -- of a run ----------------------------------------------------------------------------


class RunLock:
    """The lock of the run *run* in *folder*. A process has one of it at most.

    The system's locks on parts of a file are those of a process: who closes it once lets all
    of them go.
    """

    def __init__(self, folder: Path, run: str) -> None:
        self._folder, self._at = folder, int(run, 16)
        self._descriptor: int | None = None

    def take(self) -> bool:
        """Take it, unless another process has it.

        Raises:
            OSError: there can be no lock.
        """
        self._descriptor = _opened(self._folder / RUNS)
        if _is_taken(self._descriptor, self._at):
            return True
        self.close()
        return False

    def close(self) -> None:
        """Let it go."""
        if self._descriptor is not None:
            with suppress(OSError):
                os.close(self._descriptor)
        self._descriptor = None


def is_watched(folder: Path, run: str) -> bool:
    """Tell whether another process has the lock of *run*."""
    with closing(RunLock(folder, run)) as lock, suppress(OSError):
        return not lock.take()
    return False


# -- by name -----------------------------------------------------------------------------


@asynccontextmanager
async def one_at_a_time(
    name: str, *, sleep: Callable[[float], Awaitable[None]]
) -> AsyncIterator[None]:
    """Hold the lock *name* meanwhile; *sleep* waits for it, in seconds."""
    descriptor = _named(name)
    try:
        # Where the file system knows no locks, nobody has it.
        with suppress(OSError):
            for _ in range(int(PATIENCE / LOOK)):
                if descriptor is None or _is_taken(descriptor):
                    break
                await sleep(LOOK)
        yield
    finally:
        if descriptor is not None:
            os.close(descriptor)


def mark(name: str) -> None:
    """Leave a mark *name* for the runs to come, if there is a place for it."""
    descriptor = _named(_MARK + name)
    if descriptor is not None:
        os.close(descriptor)


def is_marked(name: str) -> bool:
    """Tell whether a run has left the mark *name*."""
    with suppress(OSError):
        return _path(_MARK + name).exists()
    return False


def _path(name: str) -> Path:
    # Only a login that rotates needs them.
    import hashlib  # noqa: PLC0415

    from opwatch.state.folder import state_folder  # noqa: PLC0415

    return state_folder() / "locks" / hashlib.sha256(name.encode()).hexdigest()[:16]


def _named(name: str) -> int | None:
    from opwatch.state.folder import make_folder  # noqa: PLC0415, as above

    path = _path(name)
    try:
        make_folder(path.parent)
        return _opened(path)
    except OSError:
        return None


# -- of the system -----------------------------------------------------------------------


def _opened(path: Path) -> int:
    flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NOFOLLOW", 0)
    return os.open(path, flags, 0o600)


if sys.platform == "win32":  # not tested here
    import msvcrt

    def _is_taken(descriptor: int, at: int | None = None) -> bool:
        """Take the byte *at*, or the whole file, and tell whether nobody else has it."""
        os.lseek(descriptor, at or 0, os.SEEK_SET)
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

else:
    import fcntl

    def _is_taken(descriptor: int, at: int | None = None) -> bool:
        """Take the byte *at*, or the whole file, and tell whether nobody else has it."""
        try:
            if at is None:
                # That of an open file, so that two of one process keep each other out as well.
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            else:
                fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, at)
        except (BlockingIOError, PermissionError):
            return False
        return True
