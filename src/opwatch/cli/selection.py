"""From options to a plan: configuration, profile, parameters, references.

Decides where each of them comes from when the command line does not name it.
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from opwatch.cli.lanes import (
    LaneBuilder,
    ReferenceGroup,
    manifest_groups,
    parse_params,
    reference_groups,
)
from opwatch.cli.options import STDIN, ProfileOptions
from opwatch.domain.command_line import misspelt_variables
from opwatch.domain.errors import UsageError
from opwatch.output.errors import write_warning
from opwatch.profiles import Config, Profile, bind_profile, load_config, load_profile
from opwatch.session.plan import Plan, make_plan

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from opwatch.domain.kept import KeptRun
    from opwatch.domain.outcome import Policy
    from opwatch.domain.secret import Secret
    from opwatch.profiles.definition import Definition

EXPOSED: Final = "others may write to {file}; you named it"
SILENT: Final = "see what is piped in; curl prints why it failed with  curl -sSi"


@dataclass(frozen=True, slots=True)
class Selection:
    """Whom to ask, by *options*, and about which operations: *references*, and a *manifest*."""

    options: ProfileOptions
    references: Sequence[str] = ()
    environ: Mapping[str, str] = field(default_factory=lambda: dict(os.environ), repr=False)
    manifest: str | None = None

    def bound_profile(self) -> Profile:
        """Return the profile with its parameters.

        Raises:
            UsageError: no profile is named, or it or a parameter cannot be used.
        """
        return self._bound(self.settings())

    def _bound(self, config: Config) -> Profile:
        (group,) = reference_groups(self.options, self.references)
        return LaneBuilder(self.options, config).bound_profile(group)

    def kept_profiles(self, run: KeptRun, config: Config) -> dict[str, Profile]:
        """Return the profiles that what is left of *run* was asked with, by their names in it.

        Raises:
            UsageError: one of them, or a parameter, can no longer be used, or is of another host
                now.
        """
        bindings, needed = run.options.get("bindings"), {each.profile for each in run.left}
        if not bindings:
            if not run.profile or not needed:
                return {}
            options = self.options
            given = {"param": options.param or (), "base_url": options.base_url}
            bindings = {run.profile: {**run.options, "profile": run.profile, **given}}
        return {
            name: _bound_again(load_profile(each["profile"], config), each)
            for name, each in bindings.items()
            if name in needed
        }

    def settings(self) -> Config:
        """Return the configuration, with one warning if others may write to it.

        Raises:
            UsageError: it cannot be read, or has problems.
        """
        config = load_config(self.options.config, self.environ, options=self.options.access)
        if config.is_exposed:
            write_warning(sys.stderr, EXPOSED.format(file=config.path))
        warn_of_misspelt_variables(self.environ, config.names)
        return config

    def token(self) -> Secret | None:
        """Return the token on standard input, if it is there by ``--token-stdin``.

        A terminal is asked for it, and what is typed is not shown.

        Raises:
            UsageError: standard input has to give the references as well, is closed,
                or is longer than any token.
        """
        if not self.options.token_stdin:
            return None
        if STDIN in (*self.references, self.manifest):
            raise UsageError("standard input cannot be both the token and the references")
        from opwatch.cli.questions import read_secret
        from opwatch.output.commands.login import secret_prompt

        return read_secret(lambda: secret_prompt(sys.stderr, "token", self.options.profile or ""))

    def groups(self) -> tuple[ReferenceGroup, ...]:
        """Return the references of the command line and of the manifest, in this order.

        Raises:
            UsageError: it is not clear what a ``-p`` is for, or the manifest cannot be used.
        """
        if self.manifest is None:
            return reference_groups(self.options, self.references)
        given = reference_groups(self.options, self.references) if self.references else ()
        return (*given, *self._entries(self.manifest))

    def _entries(self, source: str) -> tuple[ReferenceGroup, ...]:
        from opwatch.cli.files import bytes_of
        from opwatch.profiles import load_manifest
        from opwatch.profiles.config import is_foreign

        if source != STDIN and is_foreign(Path(source)):
            write_warning(sys.stderr, EXPOSED.format(file=source))
        name = "standard input" if source == STDIN else source
        return manifest_groups(self.options, load_manifest(bytes_of(source), name))

    def plan(self, policy: Policy) -> Plan:
        """Return what to watch; without a profile, each URL finds its own.

        Raises:
            UsageError: the profile, a parameter or a reference cannot be used.
        """
        config, groups = self.settings(), self.groups()
        if [*self.references, self.manifest].count(STDIN) > 1:
            raise UsageError("'-' reads standard input, and can be given only once")
        lanes = LaneBuilder(self.options, config).lanes(groups)
        if not lanes and any(each.references for each in groups):
            raise UsageError("no operation given: standard input names none", hint=SILENT)
        plan = make_plan(lanes, policy)
        if self.options.token_stdin:
            plan.check_one_host()
        return plan


def warn_of_misspelt_variables(
    environ: Mapping[str, str], profiles: Callable[[], Iterable[str]]
) -> None:
    """Warn of each variable that has no effect, but nearly the name of one that has."""
    for name, nearest in misspelt_variables(environ, profiles):
        write_warning(sys.stderr, f"{name} has no effect; did you mean {nearest}?")


def _bound_again(definition: Definition, kept: Mapping[str, Any]) -> Profile:
    """Return *definition* as it was bound before, by what is *kept* of that.

    Raises:
        UsageError: its credential would go to a host that nobody has named, and that it is no
            longer of.
    """
    params, base_url = parse_params(kept["param"]), kept["base_url"]
    profile = bind_profile(definition, params, base_url=base_url)
    if kept.get("names_host", True) or definition.base_url_variable:
        return profile
    now = bind_profile(definition, params).base_url
    if now != profile.base_url:
        message = f"profile {definition.name!r} was of {profile.base_url}, and is of {now} now"
        raise UsageError(message, hint=f"name the one to ask with --base-url: {base_url} or {now}")
    return profile
