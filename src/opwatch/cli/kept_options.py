"""The options of a run that is kept: which of them, and how they come back when it goes on.

Decides that what may be a secret is not kept and has to be given again, and that of several
profiles each comes back as it was bound.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from opwatch.cli.lanes import parse_params
from opwatch.cli.run_options import ID, RunOptions
from opwatch.domain.errors import UsageError
from opwatch.domain.kept import KeptRun
from opwatch.domain.operation import Basis
from opwatch.domain.outcome import Outcome
from opwatch.profiles import Profile
from opwatch.session.plan import Plan
from opwatch.state.discretion import is_whole, kept_reference, kept_values

AS_GIVEN: Final = (
    *("interval", "any_", "fail_fast", "stall", "lost_after", "confirm", "fail_on"),
    *("grace", "timeout_exit_code", "result", "pace", "reason"),
)
PATHS: Final = ("config", "ca_file", "download")
MIXED: Final = ("param", "header")
"""Options that are kept value by value."""


def kept_options(
    options: RunOptions, plan: Plan, redact: Callable[[str], str], *, several: bool
) -> tuple[dict[str, Any], list[str]]:
    """Return what is kept of *options*, and what may be a secret and is not.

    Of *several* profiles each is bound by its own.
    """
    kept: dict[str, Any] = {name: getattr(options, name) for name in (*AS_GIVEN, "token_stdin")}
    for name in PATHS:
        path = getattr(options, name)
        kept[name] = None if path is None else str(path.absolute())
    given = {key: each for key, each in parse_params(options.param or ()).items() if key != ID}
    base_url = options.base_url
    if several:
        given, base_url = {}, None
    elif plan.profile_name is not None and not plan.assumed:
        (profile,) = plan.profiles.values()
        base_url, given = profile.base_url, {**profile.params, **given}
    headers = kept_values(options.headers(), redact, opaque=True)
    kept["base_url"] = base_url and kept_reference(base_url, redact)
    kept["param"], masked = _kept_params(given, redact)
    kept["header"] = [f"{name}: {value}" for name, value in headers.items() if is_whole(value)]
    lost = {f"--param {name}" for name in masked}
    lost |= {f"-H {name}" for name, value in headers.items() if not is_whole(value)}
    return kept, sorted(lost & names_of(options))


def _kept_params(
    params: Mapping[str, str], redact: Callable[[str], str]
) -> tuple[list[str], set[str]]:
    """Return what is kept of *params*, as of ``--param``, and the names of those that are not."""
    kept = kept_values(params, redact)
    masked = {name for name, value in kept.items() if not is_whole(value)}
    return [f"{name}={value}" for name, value in kept.items() if name not in masked], masked


def kept_bindings(
    options: RunOptions, plan: Plan, redact: Callable[[str], str]
) -> dict[str, dict[str, Any]] | None:
    """Return how each profile of *plan* was bound that was named, by *options* or otherwise.

    None where that may be a secret: it could not be given again for one of them alone.
    """
    named = [each for each in plan.targets if each.basis in {None, Basis.PIPED}]
    words = [*(options.param or ()), *(each[-1] for one in named for each in one.options)]
    typed, found = {word.partition("=")[0].strip() for word in words}, dict[str, dict[str, Any]]()
    for profile_name in dict.fromkeys(each.profile for each in named):
        profile = plan.profiles[profile_name]
        params, masked = _kept_params(profile.params, redact)
        base_url = kept_reference(profile.base_url, redact)
        if masked & typed or not is_whole(base_url):
            return None
        found[profile_name] = {
            "profile": profile.name,
            "base_url": base_url,
            "param": params,
            "names_host": names_host(profile),
        }
    return found


def names_host(profile: Profile) -> bool:
    """Tell whether a person has named the host of *profile*, and not its file."""
    typed = any(each[0] == "--base-url" for each in profile.options)
    return typed or bool(profile.definition.base_url_variable)


def is_unbound(run: KeptRun) -> bool:
    """Tell whether *run* has several profiles, and it is not kept how they were bound."""
    return run.options.get("bindings", {}) is None


def has_several_bindings(plan: Plan) -> bool:
    """Tell whether references of *plan* have profiles of their own, bound apart."""
    is_mixed = len(plan.profiles) > 1
    return any(
        each.basis is Basis.PIPED
        or (
            each.basis is None and (is_mixed or each.options != plan.profiles[each.profile].options)
        )
        for each in plan.targets
    )


def names_of(options: RunOptions) -> set[str]:
    """Return what names each parameter and header that is given in *options*."""
    params = {f"--param {name}" for name in parse_params(options.param or ())}
    return params | {f"-H {name}" for name in options.headers()}


def _asks_for_warnings(fail_on: Sequence[str] | None) -> bool:
    return any("warnings" in each.split(",") for each in fail_on or ())


def restored_options(run: KeptRun, options: RunOptions, given: Collection[str]) -> RunOptions:
    """Return the options of *run*, and of *options* those that a terminal has or were *given*.

    Raises:
        UsageError: what was not kept is not among those given.
    """
    known = [name for name in (*AS_GIVEN, "base_url") if name in run.options]
    kept: dict[str, Any] = {name: run.options[name] for name in known}
    kept |= {name: path and Path(path) for name in PATHS for path in [run.options.get(name)]}
    kept |= {"profile": run.profile, "timeout": None}
    whole = {name: value for name, value in kept.items() if name not in given}
    for name in MIXED:
        whole[name] = [*(run.options.get(name) or ()), *(getattr(options, name) or ())] or None
    missing = [each for each in run.lost if each not in names_of(options)]
    if missing:
        raise UsageError(
            f"run {run.id} cannot go on without what was not kept, for it may be a secret: "
            + ", ".join(missing),
            hint="give it again, behind --resume " + run.id,
        )
    if _asks_for_warnings(options.fail_on) and not _asks_for_warnings(run.options.get("fail_on")):
        silent = [
            each.reference
            for each in run.operations
            if each.outcome == Outcome.SUCCEEDED and each.partial is None
        ]
        if silent:  # an older opwatch has kept it
            message = f"run {run.id} has not kept whether {silent[0]} succeeded with warnings"
            hint = "leave --fail-on warnings out, or name the operations again"
            raise UsageError(message, hint=hint)
    again = sorted({"profile", "param", "base_url"}.intersection(given))
    if run.options.get("bindings") and again:
        name = again[0].replace("_", "-")
        message = f"run {run.id} has several profiles, each as it was bound: --{name} cannot change"
        raise UsageError(message)
    if "profile" in given and options.profile != run.profile:
        raise UsageError(f"run {run.id} is of another profile: {run.profile or 'none was named'}")
    return replace(options, **whole)
