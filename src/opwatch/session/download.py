"""A file that is coming in: under a working name until it is whole.

Decides that nobody finds half a file under its name, that no file which is there
is overwritten or followed elsewhere (rule S12), and that what was not finished
leaves nothing behind. Only its owner may read it.
"""

from __future__ import annotations

import os
import secrets
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Final

from opwatch.domain.errors import UnwritableError, UsageError
from opwatch.session.filename import numbered

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from types import TracebackType
    from typing import Self

MOST_ALTERNATIVES: Final = 10_000
_NEW: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL
# Windows has none of these but O_BINARY.
_HOW: Final = _NEW | sum(
    getattr(os, name, 0) for name in ("O_NOFOLLOW", "O_CLOEXEC", "O_BINARY", "O_NOINHERIT")
)
_MODE: Final = 0o600


def ready_folder(folder: Path) -> Path:
    """Return *folder* as a whole path, made if it is not there.

    Raises:
        UsageError: it cannot be, or cannot be written into.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with Incoming(folder):
            pass
    except (OSError, UnwritableError) as problem:
        reason = problem.strerror if isinstance(problem, OSError) else problem
        raise UsageError(f"cannot write into {folder}: {reason}") from problem
    return folder.absolute()


class Incoming:
    """A new file in *folder*; without ``keep`` it is gone when the context is left.

    Raises, from all that writes:
        UnwritableError: the file cannot be made or written.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._part = folder / f".opwatch-{secrets.token_hex(8)}.part"

    def __enter__(self) -> Self:
        with _said(self._folder):
            self.file = os.fdopen(os.open(self._part, _HOW, _MODE), "wb")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with suppress(OSError):
            self.file.close()
        with suppress(OSError):
            self._part.unlink()

    def begin_anew(self) -> None:
        """Throw away what has been written."""
        with _said(self._folder):
            self.file.seek(0)
            self.file.truncate()

    def write(self, data: bytes) -> None:
        """Add *data*."""
        with _said(self._folder):
            self.file.write(data)

    def keep(self, name: str) -> tuple[Path, int]:
        """Let it have *name*, or the next that is free; return its path and its size."""
        with _said(self._folder / name):
            self.file.flush()
            size = self.file.tell()
            self.file.close()
            path = self._reserved(name)
            # The name is held by an empty file of our own: nothing else is replaced.
            self._part.replace(path)
        return path, size

    def _reserved(self, name: str) -> Path:
        for number in range(MOST_ALTERNATIVES):
            path = self._folder / numbered(name, number)
            with suppress(FileExistsError):
                os.close(os.open(path, _HOW, _MODE))
                return path
        raise UnwritableError(f"{self._folder} is full of files called {name}")


@contextmanager
def _said(path: Path) -> Iterator[None]:
    """Say of an OSError what could not be written."""
    try:
        yield
    except OSError as problem:
        reason = problem.strerror or type(problem).__name__
        raise UnwritableError(f"cannot write {path}: {reason}") from problem
