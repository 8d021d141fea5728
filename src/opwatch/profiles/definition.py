"""A profile as a whole, before its parameters are known.

Decides what must be true of the parts together: that every parameter that is
used is declared, that no status word has two meanings, that success can be
told at all. All problems are told at once.

The one profile that a run uses, read with full strictness.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from opwatch.domain.errors import ProfileError
from opwatch.domain.operation import State
from opwatch.profiles.config import layered
from opwatch.profiles.language.rules import Words, word_key
from opwatch.profiles.language.spec import PROFILE, STATES, Spec
from opwatch.profiles.lint import flaws, item_at
from opwatch.profiles.yaml.schema import Reader, TroubledError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from opwatch.profiles.config import Config
    from opwatch.profiles.profile import Profile
    from opwatch.profiles.yaml.nodes import Node


_PARTIAL: Final = "partial"


class Definition(NamedTuple):
    """A profile that has no problems. *file* is where it is written."""

    name: str
    spec: Spec
    node: Node
    words: Words
    is_users: bool
    environ: Mapping[str, str]

    @property
    def file(self) -> str:
        """The file in which it is written."""
        return self.node.place.source.name

    def bind(
        self,
        params: Mapping[str, str] | None = None,
        base_url: str | None = None,
        urls: Sequence[str] = (),
    ) -> Profile:
        """Return the profile with *params*; what they do not say, the environment may.

        What is still unknown of the base URL may be the host of one of *urls*, which a
        person typed.

        Raises:
            UsageError: a parameter is unknown, refused, or missing where the
                base URL or the credential needs it.
        """
        from opwatch.profiles.bind import bind  # noqa: PLC0415, it imports this module

        return bind(self, params or {}, base_url, urls)


def define(name: str, node: Node, *, is_users: bool, environ: Mapping[str, str]) -> Definition:
    """Return the profile that *node* describes.

    Raises:
        ProfileError: for all problems that it has.
    """
    reader = Reader()
    try:
        spec = PROFILE.read(node, reader)
    except TroubledError:
        raise ProfileError(_in_order(reader)) from None
    words = _words(spec, node, reader)
    for place, message in flaws(spec, node, is_users=is_users):
        reader.tell(place, message)
    if reader.problems:
        raise ProfileError(_in_order(reader))
    return Definition(name, spec, node, words, is_users, environ)


def _in_order(reader: Reader) -> tuple[Any, ...]:
    return tuple(sorted(reader.problems, key=lambda each: (each.file, each.line, each.column)))


def _words(spec: Spec, node: Node, reader: Reader) -> Words:
    """Return the meanings of the status words; a word with two is told."""
    meanings: dict[Any, tuple[State, bool]] = {}
    listed: dict[Any, str] = {}
    for bucket in STATES:
        state = State.SUCCEEDED if bucket == _PARTIAL else State(bucket)
        for index, word in enumerate(spec.states.get(bucket, ())):
            key = word_key(word)
            if key in meanings and listed[key] != bucket:
                place = item_at(node, ("states", bucket), index)
                reader.tell(place, f"{word!r} is also listed as {listed[key]!r}")
            meanings[key] = (state, bucket == _PARTIAL)
            listed[key] = bucket
    return Words(meanings, spec.absent_status)


def load_profile(name: str, config: Config) -> Definition:
    """Return the profile *name*, with all that it extends.

    Raises:
        UsageError: there is none of that name, or a file cannot be read.
        ProfileError: it has problems; all are told.
    """
    node = layered(name, config)
    return define(name, node, is_users=config.is_users(name), environ=config.environ)
