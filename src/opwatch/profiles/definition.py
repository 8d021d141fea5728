"""The definition of a profile: its whole language, parsed, before its parameters are known.

Decides that a profile with any problem is not used at all, that all its problems
are reported at once, and that no status word has two meanings. Whether the parts of a
built-in profile fit together is held by the tests, and not looked at again in each run.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from opwatch.domain.command_line import OptionWords, param_variable, variable_of
from opwatch.domain.errors import ProfileError
from opwatch.domain.operation import State
from opwatch.profiles.config import Config, profile_tree
from opwatch.profiles.language.rules import PARTIAL, UNKNOWN_WORD, Words, word_key
from opwatch.profiles.language.spec import PROFILE, STATES, Spec
from opwatch.profiles.yaml.nodes import Node, item_position, position_of
from opwatch.profiles.yaml.schema import Report, ReportedError

if TYPE_CHECKING:
    from collections.abc import Mapping


_INDEX: Final = r"([\w.]+)\[(\d+)\]"


class Definition(NamedTuple):
    """A profile without problems, and the environment that may set its parameters.

    *options* are those that choose its configuration on a command line.
    """

    name: str
    spec: Spec
    node: Node
    words: Words
    is_users: bool
    environ: Mapping[str, str]
    options: OptionWords = ()

    @property
    def file(self) -> str:
        """The file in which it is written."""
        return self.node.position.source.name

    @property
    def base_url_variable(self) -> str | None:
        """The base URL that the environment sets for this profile, or else for all."""
        own = self.environ.get(variable_of(self.name, "BASE_URL"))
        return own or self.environ.get("OPWATCH_BASE_URL")

    def variable(self, param: str) -> str | None:
        """Return the value of *param* that the environment sets for this profile, or for all."""
        own = self.environ.get(variable_of(self.name, param))
        return self.environ.get(param_variable(param)) if own is None else own

    def where(self, decided_by: str) -> tuple[str, int]:
        """Return the file and the line of the part that is called *decided_by*: ``rules[1]``.

        Of what a profile does not write, such as a default, it is where it could be written.
        """
        index = re.fullmatch(_INDEX, decided_by)
        if index:
            position = item_position(self.node, tuple(index[1].split(".")), int(index[2]))
        else:
            path = "states" if decided_by == UNKNOWN_WORD else decided_by
            position = position_of(self.node, *path.split("."))
        return position.source.name, position.line


def load_profile(name: str, config: Config) -> Definition:
    """Return the profile *name*, with all that it extends.

    Raises:
        UsageError: there is no profile of that name, or a file cannot be read.
        ProfileError: it has problems; all of them are reported.
    """
    node = profile_tree(name, config)
    is_users = config.is_users(name)
    found = define(name, node, is_users=is_users, environ=config.environ, is_linted=not is_users)
    return found._replace(options=config.options)


def define(
    name: str,
    node: Node,
    *,
    is_users: bool,
    environ: Mapping[str, str],
    is_linted: bool = False,
) -> Definition:
    """Return the profile that *node* describes; *is_linted*: its parts are known to fit.

    Raises:
        ProfileError: for all problems that it has.
    """
    report = Report()
    try:
        spec = PROFILE.parse(node, report)
    except ReportedError:
        raise ProfileError(_in_order(report)) from None
    words = _words(spec, node, report)
    if not is_linted:
        from opwatch.profiles.lint import flaws  # noqa: PLC0415, see the module's docstring

        for position, message in flaws(spec, node, is_users=is_users):
            report.add(position, message)
    if report.problems:
        raise ProfileError(_in_order(report))
    return Definition(name, spec, node, words, is_users, environ)


def _in_order(report: Report) -> tuple[Any, ...]:
    return tuple(sorted(report.problems, key=lambda each: (each.file, each.line, each.column)))


def _words(spec: Spec, node: Node, report: Report) -> Words:
    """Return the meanings of the status words; a word with two meanings is reported."""
    meanings: dict[Any, tuple[State, bool]] = {}
    listed: dict[Any, str] = {}
    for bucket in STATES:
        state = State.SUCCEEDED if bucket == PARTIAL else State(bucket)
        for index, word in enumerate(spec.states.get(bucket, ())):
            key = word_key(word)
            if key in meanings and listed[key] != bucket:
                position = item_position(node, ("states", bucket), index)
                report.add(position, f"{word!r} is also listed as {listed[key]!r}")
            meanings[key] = (state, bucket == PARTIAL)
            listed[key] = bucket
    return Words(meanings, spec.absent_status)
