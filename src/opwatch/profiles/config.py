"""The configuration: where profiles are found, a user's own before the built-in ones.

Decides which files are read at all (none of the current directory), what a profile may
be called, which of two profiles of one name is meant (the user's), how ``extends`` is
followed.
"""

from __future__ import annotations

import os
import re
import stat
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from opwatch.domain.command_line import CONFIG, OptionWords, command_to_paste
from opwatch.domain.errors import Problem, ProfileError, UsageError
from opwatch.profiles.yaml.nodes import MapEntry, Node, did_you_mean, expand_variables, overlay
from opwatch.profiles.yaml.parser import MAX_BYTES, decode, parse
from opwatch.profiles.yaml.schema import FREE

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


BUILTIN: Final = Path(__file__).parent / "builtin"
MAX_EXTENDS: Final = 8
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}", re.ASCII)
_OTHERS_MAY_WRITE: Final = stat.S_IWGRP | stat.S_IWOTH
_TOP: Final = ("version", "default_profile", "profiles")


class ProfileTree(NamedTuple):
    """A profile as written: its tree, and whether it is a user's own."""

    node: Node
    is_users: bool


@dataclass(frozen=True, eq=False)
class Config:
    """A user's configuration, and the environment in which it was read.

    *root* is what its file at *path* holds, both None if there is none; *folder* holds further
    profiles, one in each file. *is_trusted*: a person named it, so that it is read whoever may
    write to it. *options* are those that choose it, and what profiles need beside it, on a
    command line.
    """

    environ: Mapping[str, str]
    root: Node | None = None
    path: Path | None = None
    folder: Path | None = None
    is_trusted: bool = False
    options: OptionWords = ()

    @property
    def default_profile(self) -> str | None:
        """The profile that is used if none is named."""
        node = self.root.get("default_profile") if self.root else None
        return self.environ.get("OPWATCH_PROFILE") or (node.text if node else None)

    @property
    def is_exposed(self) -> bool:
        """Tell whether others may write to its file."""
        return self.path is not None and is_foreign(self.path)

    def with_profiles(self, profiles: Mapping[str, Node]) -> Config:
        """Return this configuration with *profiles* in place of its own."""
        position = next(iter(profiles.values())).position
        entries = {name: MapEntry(node.position, node) for name, node in profiles.items()}
        root = Node({"profiles": MapEntry(position, Node(entries, position))}, position)
        return replace(self, root=root)

    def names(self) -> tuple[str, ...]:
        """Return the names of all profiles, sorted, without reading any."""
        return tuple(sorted({*self._own(), *self._beside(), *builtin_names()}))

    def is_users(self, name: str) -> bool:
        """Tell whether the profile *name* is a user's own."""
        return name in self._own() or name in self._beside()

    def find(self, name: str, *, below_users: bool = False) -> ProfileTree | None:
        """Return the profile *name* as written; a user's own precedes a built-in one."""
        if not below_users:
            own = self._own().get(name)
            if own is not None:
                return ProfileTree(own, is_users=True)
            beside = self._beside().get(name)
            if beside is not None:
                if not self.is_trusted:
                    refuse_foreign(beside)
                return ProfileTree(require_version(read_file(beside)), is_users=True)
        if name in builtin_names():
            path = BUILTIN / f"{name}.yaml"
            return ProfileTree(require_version(read_file(path, is_builtin=True)), is_users=False)
        return None

    def _own(self) -> dict[str, Node]:
        profiles = self.root.get("profiles") if self.root else None
        if profiles is None or not profiles.is_map:
            return {}
        return {name: entry.value for name, entry in profiles.entries.items()}

    def _beside(self) -> dict[str, Path]:
        return _files_in(self.folder) if self.folder else {}


def place_of_config(
    path: Path | None, environ: Mapping[str, str], *, folder: Path | None = None
) -> tuple[Path, str]:
    """Return the path of the configuration, and what named it; nothing for the user's folder."""
    if path is not None:
        return path, "--config"
    if named := environ.get("OPWATCH_CONFIG"):
        return Path(named), "OPWATCH_CONFIG"
    return (folder or _users_folder()) / "config.yaml", ""


def load_config(
    path: Path | None,
    environ: Mapping[str, str],
    *,
    folder: Path | None = None,
    options: OptionWords = (),
) -> Config:
    """Return the configuration of *path*, of OPWATCH_CONFIG, or of the user's folder.

    *options* are what else profiles need on a command line.
    *folder* replaces the user's folder. A file that is named must exist;
    the one of the user's folder need not. It says which host gets a token, so one that
    others may write to is read only where it is named.

    Raises:
        UsageError: the file that is named cannot be read, or others may write to it.
        ProfileError: it is not a configuration.
    """
    where, by = place_of_config(path, environ, folder=folder)
    profiles = where.parent / "profiles"
    if not by and not where.exists():
        return Config(environ, folder=profiles, options=options)
    if not by:
        refuse_foreign(where)
    root = read_file(where)
    problems = tuple(problems_of(root))
    if problems:
        raise ProfileError(problems)
    named = (((CONFIG, str(where)),) if by else ()) + options
    return Config(environ, root, where, profiles, is_trusted=bool(by), options=named)


def builtin_names() -> frozenset[str]:
    """Return the names of the profiles that ship with the package."""
    return frozenset(_files_in(BUILTIN))


def name_fault(name: str) -> str | None:
    """Return why *name* cannot be the name of a profile, None if it can."""
    if _NAME.fullmatch(name):
        return None
    return f"{name!r} is not a profile name; use a-z, 0-9, '-', '_' and '.'"


def profile_tree(name: str, config: Config) -> Node:
    """Return the profile *name* as one tree, merged with all that it extends.

    Raises:
        UsageError: there is no profile of that name.
        ProfileError: it, or one that it extends, cannot be used.
    """
    found = config.find(name)
    if found is None:
        message = f"there is no profile {name!r}"
        raise UsageError(message + did_you_mean(name, config.names()), hint=_where(name, config))
    return _tree_of(name, found, config, (name,))


def _where(name: str, config: Config) -> str:
    """Return a hint where the profile *name* could be; it may be the name of its file."""
    file = Path(name)
    if config.folder is None or file.suffix not in {".yaml", ".yml"}:
        return f"{command_to_paste('profile list', config.options)}  shows them all"
    return f"put the file into {config.folder}, and name it with  -p {file.stem}"


def _tree_of(name: str, found: ProfileTree, config: Config, way: tuple[str, ...]) -> Node:
    node, problems = found.node, list[Problem]()
    if found.is_users:
        node = expand_variables(node, config.environ, problems)
    if problems:
        raise ProfileError(tuple(problems))
    extends = node.get("extends")
    if extends is None:
        return node
    if not node.is_map or not isinstance(extends.value, str):
        raise ProfileError((extends.position.problem("'extends' must name a profile"),))
    base, below = extends.value, found.is_users and extends.value == name
    if not below and base in way:
        shown = " -> ".join((*way, base))
        raise ProfileError((extends.position.problem(f"profiles extend each other: {shown}"),))
    if len(way) >= MAX_EXTENDS:
        message = f"more than {MAX_EXTENDS} profiles extend each other"
        raise ProfileError((extends.position.problem(message),))
    under = config.find(base, below_users=below)
    if under is None:
        message = f"there is no profile {base!r}" + did_you_mean(base, config.names())
        raise ProfileError((extends.position.problem(message),))
    return overlay(_tree_of(base, under, config, (*way, base)), node)


def read_file(path: Path, *, is_builtin: bool = False) -> Node:
    """Return the tree of the file at *path*.

    Raises:
        UsageError: it cannot be read, or is not a regular file.
        ProfileError: it is not YAML that a profile may be written in.
    """
    name = path.name if is_builtin else str(path)
    try:
        # Checked before it is opened: a FIFO without a writer would block for ever.
        if not stat.S_ISREG(path.stat().st_mode):
            raise UsageError(f"{name} is not a regular file")
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except (OSError, MemoryError) as error:
        reason = error.strerror if isinstance(error, OSError) else "out of memory"
        raise UsageError(f"cannot read {name}: {reason}") from error
    return parse(name, decode(name, data), is_builtin=is_builtin)


def require_version(root: Node) -> Node:
    """Return *root*, a file that is one profile, if it names its version.

    Raises:
        ProfileError: it does not.
    """
    problem = missing_version(root)
    if problem:
        raise ProfileError((problem,))
    return root


def missing_version(root: Node) -> Problem | None:
    """Return the problem of *root*, a file that is one profile, if it names no version."""
    if root.get("version") is None:
        return root.position.problem("the file must say 'version: 1'")
    return None


def refuse_foreign(path: Path) -> None:
    """Refuse a file that every user may write to, or that is another user's.

    Raises:
        UsageError: it is one.
    """
    if is_foreign(path):
        raise UsageError(
            f"others may write to {path}, and it says which host gets a token",
            hint=f"chmod go-w {path}  if it is yours   or   name it with  --config {path}",
        )


def is_foreign(path: Path) -> bool:
    """Tell whether every user may write to the file at *path*, or it is another user's.

    Its own group may: that is the usual mask of a system where each user has one.
    """
    return may_others_write(path, stat.S_IWOTH)


def may_others_write(path: Path, bits: int = _OTHERS_MAY_WRITE) -> bool:
    """Tell whether someone else could have written to the file at *path*."""
    if os.name != "posix":
        return False
    try:
        found = path.stat()
    except OSError:  # a text that was never a file
        return False
    return bool(found.st_mode & bits) or found.st_uid not in {os.getuid(), 0}


def problems_of(root: Node) -> Iterator[Problem]:
    """Yield the problems of the configuration *root*, except those of its profiles."""
    for key, entry in root.entries.items():
        if key not in _TOP and not key.startswith(FREE):
            message = f"unknown key {key!r} in the configuration"
            yield entry.position.problem(message + did_you_mean(key, _TOP))
    version = root.get("version")
    if version is None or version.value != 1 or isinstance(version.value, bool):
        position = version.position if version else root.position
        yield position.problem("the configuration must say 'version: 1'")
    default = root.get("default_profile")
    if default is not None and not isinstance(default.value, str):
        yield default.position.problem("'default_profile' must name a profile")
    profiles = root.get("profiles")
    if profiles is not None and not profiles.is_map:
        yield profiles.position.problem("'profiles' must be a mapping of names to profiles")
    elif profiles is not None:
        yield from _bad_names(profiles)


def _bad_names(profiles: Node) -> Iterator[Problem]:
    for name, entry in profiles.entries.items():
        fault = name_fault(name)
        if fault:
            yield entry.position.problem(fault)
        elif not entry.value.is_map:
            yield entry.value.position.problem(f"the profile {name!r} must be a mapping")


def _files_in(folder: Path) -> dict[str, Path]:
    try:
        entries: list[Any] = list(os.scandir(folder))
    except OSError:
        return {}
    found = {}
    for entry in entries:
        stem, dot, ending = entry.name.rpartition(".")
        if dot and ending in {"yaml", "yml"} and not name_fault(stem):
            found[stem] = Path(entry.path)
    return found


def _users_folder() -> Path:
    from platformdirs import user_config_path  # noqa: PLC0415, not needed with --config

    return user_config_path("opwatch", appauthor=False)
