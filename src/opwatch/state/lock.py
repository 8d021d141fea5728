"""Who watches a run: one process, among all of a user's; and the folder for what is kept.

Decides that a run is a byte of one file, which the system unlocks when its process ends,
however it ends: no number of a process has to be believed, and nothing is cleaned up.
A run's byte is the number that its id is, far behind the end of the file, which is empty.
Decides too that a home which does not exist (a service's) is not made.
"""

from __future__ import annotations

import errno
import os
import sys
from contextlib import closing, suppress
from pathlib import Path
from typing import Final

LOCKS: Final = "runs.lock"


def make_folder(folder: Path) -> None:
    """Make *folder*, which only its owner may read.

    Raises:
        OSError: it cannot be made, or it is in a home that does not exist.
    """
    home = Path.home()
    if home in folder.parents and not home.exists():
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(home))
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)


class RunLock:
    """The lock of the run *run* in *folder*. A process has one of it at most.

    The system's locks are those of a process: who closes the file once lets all of them go.
    """

    def __init__(self, folder: Path, run: str) -> None:
        self._folder, self._at = folder, int(run, 16)
        self._descriptor: int | None = None

    def take(self) -> bool:
        """Take it, unless another process has it.

        Raises:
            OSError: there can be no lock.
        """
        flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NOFOLLOW", 0)
        self._descriptor = os.open(self._folder / LOCKS, flags, 0o600)
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


if sys.platform == "win32":  # not tested here
    import msvcrt

    def _is_taken(descriptor: int, at: int) -> bool:
        os.lseek(descriptor, at, os.SEEK_SET)
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

else:
    import fcntl

    def _is_taken(descriptor: int, at: int) -> bool:
        try:
            fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, at)
        except (BlockingIOError, PermissionError):
            return False
        return True
