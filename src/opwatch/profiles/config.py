"""Where profiles are found: a user's configuration, the files beside it, the built-in ones.

Decides which file is read at all (never one of the current directory), which
of two profiles of one name is meant (the user's), and how ``extends`` is
followed.
"""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from opwatch.domain.errors import Problem, ProfileError, UsageError
from opwatch.profiles.yaml.merge import expanded, merged
from opwatch.profiles.yaml.nodes import MAX_BYTES, Entry, Node, Source, decode, parse
from opwatch.profiles.yaml.schema import FREE
from opwatch.profiles.yaml.suggest import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

BUILTIN: Final = Path(__file__).parent / "builtin"
MAX_EXTENDS: Final = 8
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}", re.ASCII)
_OTHERS_MAY_WRITE: Final = stat.S_IWGRP | stat.S_IWOTH
_TOP: Final = ("version", "default_profile", "profiles")


class Found(NamedTuple):
    """A profile as written: its tree, and whether it is a user's own."""

    node: Node
    is_users: bool


class Config:
    """A user's configuration, and the variables that were set when it was read.

    *environ* is the environment; *path* the file, None if there is none;
    *folder* holds further profiles, one in a file.
    """

    def __init__(
        self,
        environ: Mapping[str, str],
        root: Node | None = None,
        path: Path | None = None,
        folder: Path | None = None,
    ) -> None:
        self.environ = environ
        self.path = path
        self._root = root
        self._folder = folder

    @property
    def default_profile(self) -> str | None:
        """The profile that is used where none is named."""
        node = self._root.get("default_profile") if self._root else None
        return self.environ.get("OPWATCH_PROFILE") or (node.text if node else None)

    @property
    def folder(self) -> Path | None:
        """Where a user's further profiles are, one in a file."""
        return self._folder

    def with_profiles(self, profiles: Mapping[str, Node]) -> Config:
        """Return this configuration with *profiles* in place of its own."""
        place = next(iter(profiles.values())).place
        entries = {name: Entry(node.place, node) for name, node in profiles.items()}
        root = Node({"profiles": Entry(place, Node(entries, place))}, place)
        return Config(self.environ, root, self.path, self._folder)

    def names(self) -> tuple[str, ...]:
        """Return the names of all profiles, sorted; nothing is read for it."""
        return tuple(sorted({*self._own(), *self._beside(), *builtin_names()}))

    def is_users(self, name: str) -> bool:
        """Tell whether the profile *name* is a user's own."""
        return name in self._own() or name in self._beside()

    def find(self, name: str, *, below_users: bool = False) -> Found | None:
        """Return the profile *name* as written, a user's before a built-in one."""
        if not below_users:
            own = self._own().get(name)
            if own is not None:
                return Found(own, is_users=True)
            beside = self._beside().get(name)
            if beside is not None:
                return Found(versioned(read_file(beside)), is_users=True)
        if name in builtin_names():
            path = BUILTIN / f"{name}.yaml"
            return Found(versioned(read_file(path, is_builtin=True)), is_users=False)
        return None

    def _own(self) -> dict[str, Node]:
        profiles = self._root.get("profiles") if self._root else None
        if profiles is None or not profiles.is_map:
            return {}
        return {name: entry.value for name, entry in profiles.entries.items()}

    def _beside(self) -> dict[str, Path]:
        return _files_in(self._folder) if self._folder else {}


def load_config(
    path: Path | None, environ: Mapping[str, str], *, folder: Path | None = None
) -> Config:
    """Return the configuration of *path*, of OPWATCH_CONFIG, or of the user's folder.

    *folder* stands in for the user's folder. A file that is named must exist;
    the one of the user's folder need not.

    Raises:
        UsageError: the file that is named cannot be read.
        ProfileError: it is no configuration.
    """
    named = path or (Path(environ["OPWATCH_CONFIG"]) if environ.get("OPWATCH_CONFIG") else None)
    where = named or (folder or _users_folder()) / "config.yaml"
    profiles = where.parent / "profiles"
    if named is None and not where.exists():
        return Config(environ, folder=profiles)
    root = read_file(where)
    problems = tuple(problems_of(root))
    if problems:
        raise ProfileError(problems)
    return Config(environ, root, where, profiles)


def builtin_names() -> frozenset[str]:
    """Return the names of the profiles that ship with the package."""
    return frozenset(_files_in(BUILTIN))


def layered(name: str, config: Config) -> Node:
    """Return the profile *name* as one tree, laid over all that it extends.

    Raises:
        UsageError: there is none of that name.
        ProfileError: it, or one that it extends, cannot be used.
    """
    found = config.find(name)
    if found is None:
        message = f"there is no profile {name!r}"
        raise UsageError(message + did_you_mean(name, config.names()), hint=_where(name, config))
    return _layered(name, found, config, (name,))


def _where(name: str, config: Config) -> str:
    """Return where a profile *name* could be; somebody may have named its file."""
    file = Path(name)
    if config.folder is None or file.suffix not in {".yaml", ".yml"}:
        return "opwatch profile list  shows them all"
    return f"put the file into {config.folder}, and name it with  -p {file.stem}"


def _layered(name: str, found: Found, config: Config, way: tuple[str, ...]) -> Node:
    node, problems = found.node, list[Problem]()
    if found.is_users:
        node = expanded(node, config.environ, problems)
    if problems:
        raise ProfileError(tuple(problems))
    extends = node.get("extends")
    if extends is None:
        return node
    if not node.is_map or not isinstance(extends.value, str):
        raise ProfileError((extends.place.problem("'extends' must name a profile"),))
    base, below = extends.value, found.is_users and extends.value == name
    if not below and base in way:
        shown = " -> ".join((*way, base))
        raise ProfileError((extends.place.problem(f"profiles extend each other: {shown}"),))
    if len(way) >= MAX_EXTENDS:
        message = f"more than {MAX_EXTENDS} profiles extend each other"
        raise ProfileError((extends.place.problem(message),))
    under = config.find(base, below_users=below)
    if under is None:
        message = f"there is no profile {base!r}" + did_you_mean(base, config.names())
        raise ProfileError((extends.place.problem(message),))
    return merged(_layered(base, under, config, (*way, base)), node)


def read_file(path: Path, *, is_builtin: bool = False) -> Node:
    """Return the tree of the file at *path*.

    Raises:
        UsageError: it cannot be read, or is no regular file.
        ProfileError: it is not the YAML that a profile may be written in.
    """
    name = path.name if is_builtin else str(path)
    try:
        # Asked before it is opened, so that a FIFO without a writer cannot hang us.
        if not stat.S_ISREG(path.stat().st_mode):
            raise UsageError(f"{name} is no regular file")
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise UsageError(f"cannot read {name}: {error.strerror}") from error
    text = decode(name, data)
    return parse(Source(name, text, is_builtin=is_builtin), text)


def versioned(root: Node) -> Node:
    """Return *root*, a file that is one profile, if it says its version.

    Raises:
        ProfileError: it does not.
    """
    if root.get("version") is None:
        raise ProfileError((root.place.problem("the file must say 'version: 1'"),))
    return root


def may_others_write(path: Path) -> bool:
    """Tell whether someone else could have put something into the file at *path*."""
    if os.name != "posix":
        return False
    try:
        found = path.stat()
    except OSError:  # a text that was never a file
        return False
    return bool(found.st_mode & _OTHERS_MAY_WRITE) or found.st_uid not in {os.getuid(), 0}


def problems_of(root: Node) -> Iterator[Problem]:
    """Yield what is wrong with the configuration *root*, its profiles apart."""
    for key, entry in root.entries.items():
        if key not in _TOP and not key.startswith(FREE):
            message = f"unknown key {key!r} in the configuration"
            yield entry.place.problem(message + did_you_mean(key, _TOP))
    version = root.get("version")
    if version is None or version.value != 1 or isinstance(version.value, bool):
        place = version.place if version else root.place
        yield place.problem("the configuration must say 'version: 1'")
    default = root.get("default_profile")
    if default is not None and not isinstance(default.value, str):
        yield default.place.problem("'default_profile' must name a profile")
    profiles = root.get("profiles")
    if profiles is not None and not profiles.is_map:
        yield profiles.place.problem("'profiles' must be a mapping of names to profiles")
    elif profiles is not None:
        yield from _bad_names(profiles)


def _bad_names(profiles: Node) -> Iterator[Problem]:
    for name, entry in profiles.entries.items():
        if not _NAME.fullmatch(name):
            yield entry.place.problem(f"{name!r} is no profile's name; write a-z, 0-9, '-' and '.'")
        elif not entry.value.is_map:
            yield entry.value.place.problem(f"the profile {name!r} must be a mapping")


def _files_in(folder: Path) -> dict[str, Path]:
    try:
        entries: list[Any] = list(os.scandir(folder))
    except OSError:
        return {}
    found = {}
    for entry in entries:
        stem, dot, ending = entry.name.rpartition(".")
        if dot and ending in {"yaml", "yml"} and _NAME.fullmatch(stem):
            found[stem] = Path(entry.path)
    return found


def _users_folder() -> Path:
    from platformdirs import user_config_path  # noqa: PLC0415, not needed with --config

    return user_config_path("opwatch", appauthor=False)
