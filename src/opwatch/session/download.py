"""A file that is being downloaded: under a working name until it is complete.

Decides that nobody finds half a file under its name, that no existing file is
overwritten or followed elsewhere (rule S12), and that what was not finished leaves
nothing behind. Only its owner may read it. And decides which part of a server's
proposal becomes its name (RFC 6266 §4.3): the last path component, without anything
hidden, special to a file system, or leading to a dotfile. A server chooses a name,
never a place.
"""

from __future__ import annotations

import os
import re
import secrets
import unicodedata
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Final, Self
from urllib.parse import unquote_to_bytes

from opwatch.domain.errors import UnwritableError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

MOST_ALTERNATIVES: Final = 10_000
_NEW: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL
# Windows has none of these but O_BINARY.
_FLAGS: Final = _NEW | sum(
    getattr(os, name, 0) for name in ("O_NOFOLLOW", "O_CLOEXEC", "O_BINARY", "O_NOINHERIT")
)
_MODE: Final = 0o600
LONGEST: Final = 150
"""Bytes of a name. File systems take 255; a number and a working suffix must fit as well."""
FALLBACK: Final = "result"
# The system's own table differs from machine to machine.
SUFFIXES: Final[Mapping[str, str]] = {
    "text/csv": ".csv",
    "text/tab-separated-values": ".tsv",
    "text/plain": ".txt",
    "text/html": ".html",
    "text/xml": ".xml",
    "application/xml": ".xml",
    "application/json": ".json",
    "application/x-ndjson": ".ndjson",
    "application/jsonl": ".jsonl",
    "application/pdf": ".pdf",
    "application/zip": ".zip",
    "application/gzip": ".gz",
    "application/x-gzip": ".gz",
    "application/vnd.apache.parquet": ".parquet",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": ".xlsx",
    "image/png": ".png",
    "image/jpeg": ".jpg",
    "video/mp4": ".mp4",
}
_PARAMETER: Final = re.compile(
    r';\s*(filename\*?)\s*=\s*("(?:[^"\\]|\\.)*"|[^;"\s]*)', re.IGNORECASE
)
_EXTENDED: Final = re.compile(r"(utf-8|iso-8859-1)'[a-z0-9-]*'(.*)", re.IGNORECASE | re.DOTALL)
_SPECIAL: Final = re.compile(r'[<>:"|?*/\\]+')
# Windows opens a device by these names, whatever follows the first dot.
_DEVICE: Final = re.compile(r"(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(\..*)?", re.IGNORECASE)


def ready_folder(folder: Path) -> Path:
    """Return *folder* as a whole path, created if it does not exist.

    Raises:
        UsageError: it cannot be created, or not written into.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with Download(folder):
            pass
    except (OSError, UnwritableError) as problem:
        reason = problem.strerror if isinstance(problem, OSError) else problem
        raise UsageError(f"cannot write into {folder}: {reason}") from problem
    return folder.absolute()


class Download:
    """A new file in *folder*; without ``keep`` it is gone when the context is left.

    Raises, from all that writes:
        UnwritableError: the file cannot be created or written.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._part = folder / f".opwatch-{secrets.token_hex(8)}.part"

    def __enter__(self) -> Self:
        with _reporting(self._folder):
            self.file = os.fdopen(os.open(self._part, _FLAGS, _MODE), "wb")
        return self

    def __exit__(self, *_exception: object) -> None:
        with suppress(OSError):
            self.file.close()
        with suppress(OSError):
            self._part.unlink()

    def restart(self) -> None:
        """Throw away what has been written."""
        with _reporting(self._folder):
            self.file.seek(0)
            self.file.truncate()

    def write(self, data: bytes) -> None:
        """Add *data*."""
        with _reporting(self._folder):
            self.file.write(data)

    def keep(self, name: str) -> tuple[Path, int]:
        """Name it *name*, or the next that is free; return its path and its size."""
        with _reporting(self._folder / name):
            self.file.flush()
            size = self.file.tell()
            self.file.close()
            path = self._reserve(name)
            # The name is held by an empty file of our own: nothing else is replaced.
            self._part.replace(path)
        return path, size

    def _reserve(self, name: str) -> Path:
        for number in range(MOST_ALTERNATIVES):
            path = self._folder / numbered_name(name, number)
            with suppress(FileExistsError):
                os.close(os.open(path, _FLAGS, _MODE))
                return path
        raise UnwritableError(f"{self._folder} is full of files called {name}")


@contextmanager
def _reporting(path: Path) -> Iterator[None]:
    """Turn an OSError into what could not be written."""
    try:
        yield
    except OSError as problem:
        reason = problem.strerror or type(problem).__name__
        raise UnwritableError(f"cannot write {path}: {reason}") from problem


# -- what it is called -------------------------------------------------------------------


def proposed_name(disposition: str | None) -> str:
    """Return the file name that a Content-Disposition header proposes, empty for none.

    ``filename*`` (RFC 8187) goes before ``filename``, whose bytes are read
    as UTF-8 where they can be. The name is not safe yet: see ``safe_name``.
    """
    found: dict[str, str] = {}
    for key, value in _PARAMETER.findall(disposition or ""):
        found.setdefault(key.lower(), value)
    return _extended(found.get("filename*", "")) or _plain(found.get("filename", ""))


def safe_name(name: str) -> str:
    """Return the last path component of *name*, safe to create, empty if nothing is left."""
    last = re.split(r"[/\\]", name)[-1]
    seen = "".join(char for char in last if unicodedata.category(char)[0] != "C")
    # A name that begins with a dash would be an option where a shell expands "*".
    text = unicodedata.normalize("NFC", _SPECIAL.sub("_", seen)).rstrip(" .").lstrip(" .-")
    if _DEVICE.fullmatch(text):
        text = f"_{text}"
    return _shortened(text)


def name_from_id(identity: str) -> str:
    """Return a file name made of an operation's *identity*, which may be a URL or a path."""
    return safe_name(_SPECIAL.sub("_", identity)) or FALLBACK


def with_suffix(name: str, content_type: str | None) -> str:
    """Return *name* with the suffix of files of *content_type*, if it has none of them."""
    media_type = (content_type or "").partition(";")[0].strip().lower()
    suffix = SUFFIXES.get(media_type, "")
    return name if name.lower().endswith(tuple(SUFFIXES.values())) else name + suffix


def numbered_name(name: str, number: int) -> str:
    """Return the *number*-th alternative to *name*: ``a-1.json.gz``; 0 is *name* itself."""
    if not number:
        return name
    stem, dot, suffix = name.partition(".")
    return f"{stem}-{number}{dot}{suffix}"


def _extended(value: str) -> str:
    match = _EXTENDED.fullmatch(value.strip('"'))
    return unquote_to_bytes(match[2]).decode(match[1], "replace") if match else ""


def _plain(value: str) -> str:
    text = re.sub(r"\\(.)", r"\1", value[1:-1]) if value.startswith('"') else value
    try:
        return text.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return text


def _shortened(name: str) -> str:
    """Return *name* in at most LONGEST bytes, its suffix kept where it is one."""
    if len(name.encode()) <= LONGEST:
        return name
    stem, dot, suffix = name.rpartition(".")
    if not stem or len(suffix.encode()) > LONGEST // 4:
        stem, dot, suffix = name, "", ""
    room = LONGEST - len((dot + suffix).encode())
    return stem.encode()[:room].decode("utf-8", "ignore").rstrip(" .") + dot + suffix
