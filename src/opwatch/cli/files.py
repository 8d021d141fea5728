"""Files that a person names.

Decides that one is read whole or not at all, and that none is overwritten.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

from opwatch.domain.errors import UnwritableError, UsageError
from opwatch.session.input import MOST

STDIN: Final = "-"


def bytes_of(source: str) -> bytes:
    """Return what the file *source* holds, or standard input.

    Raises:
        UsageError: it cannot be read, or is too large.
    """
    try:
        if source == STDIN:
            data = sys.stdin.buffer.read(MOST + 1)
        else:
            with Path(source).open("rb") as file:
                data = file.read(MOST + 1)
    except OSError as problem:
        raise UsageError(f"cannot read {source}: {problem.strerror}") from problem
    if len(data) > MOST:
        raise UsageError(f"{source} is larger than {MOST // 1024 // 1024} MiB")
    return data


def write_new(path: Path, text: str) -> None:
    """Write *text* into a new file.

    Raises:
        UsageError: there is a file already.
        UnwritableError: it cannot be written.
    """
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError as problem:
        raise UsageError(f"{path} exists already", hint="choose another --output") from problem
    except OSError as problem:
        raise UnwritableError(f"cannot write {path}: {problem.strerror}") from problem
