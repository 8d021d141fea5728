"""The user's folder for what opwatch remembers.

Decides where it is; that a home which does not exist (a service's) is not made; and that a file
in it comes into being whole: of ten processes that make one at once, one wins and all use that.
"""

from __future__ import annotations

import errno
import os
import threading
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


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
