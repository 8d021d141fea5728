"""From options to a plan: configuration, profile, parameters, references.

Decides where each of them comes from when the command line does not name it.
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from opwatch.cli.run_options import ID
from opwatch.domain.errors import UsageError
from opwatch.output.streams import is_terminal
from opwatch.profiles import bind_profile, is_url, load_config, load_profile
from opwatch.session.plan import Plan, make_plan

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from opwatch.cli.options import ProfileOptions
    from opwatch.domain.messages import Response
    from opwatch.domain.operation import Target
    from opwatch.domain.policy import Policy
    from opwatch.domain.secret import Secret
    from opwatch.profiles import Config, Profile
    from opwatch.session.input import ReferenceList

STDIN: Final = "-"
SILENT: Final = "see what is piped in; curl prints why it failed with  curl -sSi"
WHOLE: Final = "pipe what  curl -i  prints; ids and URLs on standard input need no --param"


@dataclass(frozen=True, slots=True)
class Selection:
    """Whom to ask, by *options*, and about which operations: *references*."""

    options: ProfileOptions
    references: Sequence[str] = ()
    environ: Mapping[str, str] = field(default_factory=lambda: dict(os.environ), repr=False)

    def bound_profile(self) -> Profile:
        """Return the profile with its parameters.

        Raises:
            UsageError: no profile is named, or it or a parameter cannot be used.
        """
        return self._named(self.settings())

    def _named(self, config: Config) -> Profile:
        name = self.options.profile or config.default_profile
        if name is None:
            from opwatch.session.detect import NAME_ONE

            raise UsageError("no profile given", hint=NAME_ONE)
        return self._bound(name, config)

    def settings(self) -> Config:
        """Return the configuration, with one warning if others may write to it.

        Raises:
            UsageError: it cannot be read, or has problems.
        """
        config = load_config(self.options.config, self.environ)
        if config.is_exposed:
            from opwatch.output.errors import write_warning

            write_warning(sys.stderr, f"others may write to {config.path}; you named it")
        return config

    def _bound(self, name: str, config: Config) -> Profile:
        params = self.parameters()
        if STDIN in self.references:
            params.pop(ID, None)
        urls = [each for each in self.references if is_url(each)]
        return bind_profile(
            load_profile(name, config), params, base_url=self.options.base_url, urls=urls
        )

    def parameters(self) -> dict[str, str]:
        """Return the parameters of ``--param``.

        Raises:
            UsageError: one is not KEY=VALUE.
        """
        found: dict[str, str] = {}
        for each in self.options.param or ():
            key, equals, value = each.partition("=")
            if not equals or not key.strip():
                raise UsageError(f"--param {each!r} is not KEY=VALUE")
            found[key.strip()] = value
        return found

    def token(self) -> Secret | None:
        """Return the token on standard input, if it is there by ``--token-stdin``.

        A terminal is asked for it, and what is typed is not shown.

        Raises:
            UsageError: standard input has to give the references as well, is closed,
                or is longer than any token.
        """
        if not self.options.token_stdin:
            return None
        if STDIN in self.references:
            raise UsageError("standard input cannot be both the token and the references")
        from opwatch.cli.secret_input import read_secret
        from opwatch.output.commands.login import secret_prompt

        return read_secret(lambda: secret_prompt(sys.stderr, "token", self.options.profile or ""))

    def plan(self, policy: Policy) -> Plan:
        """Return what to watch; without a profile, each URL finds its own.

        Raises:
            UsageError: the profile, a parameter or a reference cannot be used.
        """
        config = self.settings()
        name = self.options.profile or config.default_profile
        if name is None and self.references:
            lanes = self._assumed(config)
        else:
            profile = self._named(config)
            lanes = [(profile, self.targets(profile))]
        if self.references and not any(targets for _, targets in lanes):
            raise UsageError("no operation given: standard input names none", hint=SILENT)
        return make_plan(lanes, policy)

    def targets(self, profile: Profile) -> list[Target]:
        """Return the operations that the references name, in their order."""
        targets: list[Target] = []
        for reference in self.references:
            if reference == STDIN:
                targets += self._targets_on_stdin(profile)
            else:
                targets.append(profile.target(reference))
        return targets

    def _targets_on_stdin(self, profile: Profile) -> list[Target]:
        from opwatch.profiles import RequestFacts
        from opwatch.session.input import ReferenceList
        from opwatch.session.start import started_targets

        id_ = self.parameters().get(ID, "")
        piped = _read_stdin()
        if not isinstance(piped, ReferenceList):
            return started_targets(profile, piped, asked=RequestFacts(id=id_))
        if id_:
            raise UsageError("--param id=… goes with a whole answer only", hint=WHOLE)
        return [profile.target(each) for each in piped.references]

    def _assumed(self, config: Config) -> list[tuple[Profile, list[Target]]]:
        """Return the lanes of a run without a profile: each URL finds its own."""
        from opwatch.profiles import status_urls
        from opwatch.session.detect import assumed_lanes

        references = list(self._read(lambda answer: status_urls(answer, config)))
        return assumed_lanes(
            references,
            config,
            self.parameters(),
            has_token=self.options.token_stdin,
            base_url=self.options.base_url,
        )

    def _read(
        self, status_urls: Callable[[Response], tuple[str, ...]]
    ) -> Iterator[tuple[str, bool]]:
        """Yield each reference, and whether it was typed; *status_urls* reads a starting answer."""
        from opwatch.session.input import ReferenceList

        for reference in self.references:
            if reference == STDIN:
                piped = _read_stdin()
                names = piped.references if isinstance(piped, ReferenceList) else status_urls(piped)
                yield from ((each, False) for each in names)
            else:
                yield reference, True


def _read_stdin() -> ReferenceList | Response:
    from opwatch.cli.files import bytes_of
    from opwatch.session.input import read_references

    if is_terminal(sys.stdin):
        raise UsageError("'-' reads references from standard input, but that is a terminal")
    return read_references(bytes_of(STDIN))
