"""The names of profiles and of their parameters, without reading any YAML: for a TAB.

Decides when the names of a user's own profiles are read anew: when their files, as the
system lists them, or opwatch are no longer those of the list in the user's cache folder.
Those of the built-in profiles ship with the package. Nothing here is ever needed: without
a folder that can be written to, the files are read at each TAB.
"""

import os
import sys

from opwatch.version import __version__

TYPE_CHECKING = False  # that of typing costs a fifth of a TAB
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

BUILTIN = os.path.join(os.path.dirname(__file__), "profiles.txt")
"""The built-in profiles as lines, which ``docs/generate.py`` writes."""
LONGEST = 4_000_000
"""The most bytes of a list that are read."""


class Profiles:
    """What may be typed: the profile that is used by default, titles, and parameters.

    A parameter has its choices and what it is.
    """

    def __init__(self, *texts: str) -> None:
        self.default = ""
        self.titles: dict[str, str] = {}
        self.params: dict[str, dict[str, tuple[list[str], str]]] = {}
        for text in texts:
            self._add(text)
        self.titles = dict(sorted(self.titles.items()))

    def _add(self, text: str) -> None:
        params: dict[str, tuple[list[str], str]] = {}
        for line in text.splitlines():
            sort, _, row = line.partition(" ")
            name, *rest = row.split("\t")
            if sort == "default":
                self.default = name
            elif sort == "profile":
                params = self.params[name] = {}
                self.titles[name] = rest[0]
            elif sort == "param":
                params[name] = (rest[0].split("|") if rest[0] else [], rest[1])


def read_profiles(named: str | None, environ: "Mapping[str, str]") -> Profiles:
    """Return the profiles of the configuration *named*, or else of the user's folder."""
    builtin = _read(BUILTIN) or ""
    folder = user_folder("config", environ)
    path = named or (os.path.join(folder, "config.yaml") if folder else None)
    if path is None:
        return Profiles(builtin)
    signature = "".join(f"file {each}\n" for each in _files(os.path.abspath(path)))
    if not signature:
        return Profiles(builtin)
    signature = f"opwatch {__version__}\n{signature}"
    place = cache_file(path, environ)
    kept = _read(place, is_own=True) if place else None
    if kept is None or not kept.startswith(signature):
        from opwatch.cli.completion.table import own_profiles

        text, is_whole = own_profiles(path, environ, is_named=named is not None)
        kept = signature + text
        if place and is_whole:
            _keep(place, kept)
    return Profiles(builtin, kept)


def user_folder(sort: str, environ: "Mapping[str, str]", system: str = sys.platform) -> str | None:
    """Return where platformdirs, which takes as long as all else here, has opwatch's folder.

    *sort* is ``config`` or ``cache``. None if it cannot be told.
    """
    if system == "win32":
        local = environ.get("LOCALAPPDATA")
        ends = {"config": ("opwatch",), "cache": ("opwatch", "Cache")}[sort]
        return os.path.join(local, *ends) if local else None
    given = environ.get(f"XDG_{sort.upper()}_HOME", "")
    if os.path.isabs(given):
        return f"{given.rstrip('/')}/opwatch"
    home = environ.get("HOME") or os.path.expanduser("~")
    of_mac = {"config": "Library/Application Support", "cache": "Library/Caches"}
    below = of_mac[sort] if system == "darwin" else f".{sort}"
    return f"{home.rstrip('/')}/{below}/opwatch" if os.path.isabs(home) else None


def cache_file(path: str, environ: "Mapping[str, str]") -> str | None:
    """Return where the names of the configuration at *path* are kept; None if nowhere."""
    from zlib import crc32

    folder = user_folder("cache", environ)
    number = crc32(os.path.abspath(path).encode("utf-8", "surrogateescape"))
    return os.path.join(folder, f"names-{number:08x}.txt") if folder else None


def _files(path: str) -> "Iterator[str]":
    """Yield what the system says of each file of the configuration at *path*."""
    folder = os.path.join(os.path.dirname(path), "profiles")
    try:
        beside = sorted(each.path for each in os.scandir(folder))
    except OSError:
        beside = []
    for each in (path, *beside):
        try:
            is_ = os.stat(each)
        except OSError:
            continue
        yield f"{each!r} {is_.st_mtime_ns} {is_.st_size} {is_.st_mode} {is_.st_uid}"


def _read(path: str, *, is_own: bool = False) -> str | None:
    """Return the text at *path*; None if there is none, or it is not our own where *is_own*."""
    try:
        with open(path, "rb") as file:
            others = is_own and os.name == "posix" and os.fstat(file.fileno()).st_uid != os.getuid()
            return None if others else file.read(LONGEST).decode()
    except (OSError, ValueError):
        return None


def _keep(path: str, text: str) -> None:
    """Write *text* to *path*, whole or not at all; nobody misses it."""
    beside = f"{path}.{os.getpid()}"
    try:
        os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
        with open(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(text.encode("utf-8", "replace"))
        os.replace(beside, path)
    except OSError:
        return
