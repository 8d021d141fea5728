"""The user's folder for what opwatch remembers, and the locks in it.

Decides where it is; that a home which does not exist (a service's) is not made; and that a file
in it comes into being whole: of ten processes that make one at once, one wins and all use that.

Decides also how a lock is shared by all of a user's processes on this machine: the system
unlocks it when its process ends, however it ends, so no number of a process has to be
believed, and nothing is cleaned up. A run is a byte of one file, the number that its id is,
far behind the end of the file. Any other lock is a file of its own, named by a digest, as a
mark for the next process is, so that nothing can be learnt from either; all are empty. It is
waited for a little longer than a token endpoint and a keyring may take; then, or where there
can be none, it goes on without, as if nobody else were there.
"""

from __future__ import annotations

import errno
import os
import sys
import threading
from contextlib import asynccontextmanager, closing, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

RUNS: Final = "runs.lock"
PATIENCE: Final = 75.0
LOOK: Final = 0.05
_MARK: Final = "mark "


def state_folder() -> Path:
    """Return the folder (``XDG_STATE_HOME``), which may not be there."""
    from platformdirs import user_state_path  # noqa: PLC0415, whoever keeps nothing needs it not

    return user_state_path("opwatch", appauthor=False)


def make_folder(folder: Path) -> None:
    """Make *folder*, which only its owner may read.

    Raises:
        OSError: it cannot be made, or it is in a home that does not exist.
    """
    home = Path.home()
    if home in folder.parents and not home.exists():
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(home))
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)


def create_whole(path: Path, fill: Callable[[Path], object]) -> None:
    """Make a file that only its owner may read, and give it its name if nobody was faster.

    It has another while *fill* writes it, so that nobody finds half of it.

    Raises:
        OSError: it cannot be made.
    """
    # Two threads of one process may do so at once.
    new = path.with_name(f".{path.name}.{os.getpid()}-{threading.get_native_id()}")
    try:
        new.unlink(missing_ok=True)
        os.close(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        fill(new)
        with suppress(FileExistsError):
            os.link(new, path)
    finally:
        # A database that could not be finished, for the disk is full, leaves its log as well.
        for each in path.parent.glob(f"{new.name}*"):
            each.unlink(missing_ok=True)


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

    return state_folder() / "locks" / hashlib.sha256(name.encode()).hexdigest()[:16]


def _named(name: str) -> int | None:
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
