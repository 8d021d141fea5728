"""What a person or a CI system names as a file, or pipes in.

Decides that it is read whole or not at all, that no file is overwritten but a report, and
that a report is there whole or not at all.
"""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import Final

from opwatch.cli.options import STDIN
from opwatch.domain.errors import UnwritableError, UsageError
from opwatch.session.input import MOST_INPUT

LARGEST_BODY: Final = 64 * 1024 * 1024
"""Bytes of a body that is sent."""


def bytes_of(source: str, most: int = MOST_INPUT) -> bytes:
    """Return what the file *source* holds, or standard input: at most *most* bytes.

    Raises:
        UsageError: it cannot be read, or is too large.
    """
    name = "standard input" if source == STDIN else source
    if source == STDIN and sys.stdin is None:
        raise UsageError("standard input is closed")
    try:
        if source == STDIN:
            data = stdin_bytes(most + 1)
        else:
            with Path(source).open("rb") as file:
                data = file.read(most + 1)
    except OSError as problem:
        raise UsageError(f"cannot read {name}: {problem.strerror}") from problem
    if len(data) > most:
        raise UsageError(f"{name} is larger than {most // 1024**2} MiB")
    return data


def stdin_bytes(most: int) -> bytes:
    """Return what standard input, which is open, holds to its end: at most *most* bytes.

    Who shares it may have set O_NONBLOCK, as Node.js does: a read then returns what is there so
    far, or None, and neither is its end.

    Raises:
        OSError: it cannot be read.
    """
    source, data = sys.stdin.buffer, b""
    while len(data) < most:
        part = source.read(most - len(data))
        if part is None:
            from select import select

            select([source], [], [])
            continue
        data += part
        if not part or source.isatty():
            break
    return data


def body_of(data: str | None) -> bytes | None:
    """Return the body that ``--data`` gives: *data* itself, or what ``@FILE`` or ``@-`` names.

    Raises:
        UsageError: its file cannot be read, or is too large.
    """
    if data is None or not data.startswith("@"):
        return None if data is None else os.fsencode(data)
    return bytes_of(data[1:], LARGEST_BODY)


def check_writable(path: Path) -> None:
    """Find out, before anything is asked, that a report can be written to *path* at the end.

    Raises:
        UsageError: its folder does not exist, or it cannot be written.
    """
    was_there = path.exists()
    if was_there and not (path.is_file() or path.is_dir()):
        return  # A FIFO or a device: to open it may block, or say something.
    try:
        with path.open("ab"):
            pass
        if not was_there:
            path.unlink()
    except OSError as problem:
        raise UsageError(f"cannot write {path}: {problem.strerror}") from problem


def write_new(path: Path, text: str) -> None:
    """Write *text* into a new file.

    Raises:
        UsageError: the file exists.
        UnwritableError: it cannot be written.
    """
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError as problem:
        raise UsageError(f"{path} exists already", hint="choose another --output") from problem
    except OSError as problem:
        raise UnwritableError(f"cannot write {path}: {problem.strerror}") from problem


def append(path: str, text: str) -> None:
    """Append *text* to the file *path*, which others append to as well.

    Raises:
        UnwritableError: it cannot be written.
    """
    try:
        with Path(path).open("a", encoding="utf-8", newline="\n") as file:
            file.write(text)
    except OSError as problem:
        raise UnwritableError(f"cannot write {path}: {problem.strerror}") from problem


def write_report(path: Path, text: str) -> None:
    """Write *text* to *path*, where it appears when it is whole; a pipe gets it directly.

    Raises:
        UnwritableError: it cannot be written; a file that was there is as it was.
    """
    try:
        if path.exists() and not path.is_file():
            path.write_text(text, encoding="utf-8")
            return
        place = path.resolve()  # What a link leads to is replaced, not the link.
        part = place.with_name(f".opwatch-{os.getpid()}.part")
        try:
            part.write_text(text, encoding="utf-8")
            if place.exists():
                shutil.copymode(place, part)
            part.replace(place)
        finally:
            part.unlink(missing_ok=True)
    except OSError as problem:
        raise UnwritableError(f"cannot write {path}: {problem.strerror}") from problem
