"""``opwatch auth``: keep a credential, forget it, see where it comes from, try it."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from opwatch.cli import options as opt
from opwatch.cli.app import Group, settings

if TYPE_CHECKING:
    from opwatch.cli.selection import Selection
    from opwatch.session.context import RunContext

app = typer.Typer(
    name="auth",
    help="Keep a credential in the keyring; see where credentials come from; try one.",
    cls=Group,
    **settings(),
)


@app.command()
def login(
    *,
    profile: opt.ProfileName = None,
    param: opt.Params = None,
    config: opt.ConfigFile = None,
    base_url: opt.BaseUrl = None,
    token_stdin: Annotated[
        bool,
        typer.Option(
            "--token-stdin", metavar="", help="Read it from standard input, whatever the scheme."
        ),
    ] = False,
    ca_file: opt.CaFile = None,
    debug: opt.Debug = False,
) -> None:
    """Keep a credential in the system's keyring.

    It is for the profile's origin only.

    Asks for it without showing it; reads standard input if that is no terminal.
    With OAuth 2.0 device code, prints the code and the address to enter it at.
    """
    context, selection = _from_options(profile, param, config, base_url, ca_file=ca_file)
    from opwatch.cli.login import log_in

    raise typer.Exit(
        _ending(lambda: log_in(selection, context, from_stdin=token_stdin), context, debug=debug)
    )


@app.command()
def logout(
    *,
    profile: opt.ProfileName = None,
    param: opt.Params = None,
    config: opt.ConfigFile = None,
    base_url: opt.BaseUrl = None,
    debug: opt.Debug = False,
) -> None:
    """Delete a credential from the keyring."""
    context, selection = _from_options(profile, param, config, base_url)
    from opwatch.cli.login import log_out

    raise typer.Exit(_ending(lambda: log_out(selection, context), context, debug=debug))


@app.command()
def status(
    *,
    profile: Annotated[
        str | None,
        typer.Option("--profile", "-p", metavar="NAME", help="One profile, and all about it."),
    ] = None,
    param: opt.Params = None,
    config: opt.ConfigFile = None,
    base_url: opt.BaseUrl = None,
    as_json: opt.AsJson = False,
    debug: opt.Debug = False,
) -> None:
    """Show where credentials would come from.

    And when they expire; never what they are.

    With -p: one profile; exit code 4 if there is no usable credential. Without:
    your own profiles, and the built-in ones for which something is set; helpers
    are not run then, and the keyring is asked for your own profiles only.
    Nobody is ever asked anything.
    """
    context, selection = _from_options(profile, param, config, base_url)
    work = _status if profile is not None else _survey
    raise typer.Exit(
        _ending(
            lambda: work(selection, context, as_json=as_json), context, as_json=as_json, debug=debug
        )
    )


@app.command(name="test")
def try_out(
    reference: Annotated[
        str | None,
        typer.Argument(
            metavar="REF",
            help="The operation to ask about; without it, the base URL is asked.",
            show_default=False,
        ),
    ] = None,
    *,
    profile: opt.ProfileName = None,
    param: opt.Params = None,
    config: opt.ConfigFile = None,
    base_url: opt.BaseUrl = None,
    as_json: opt.AsJson = False,
    verbose: opt.Verbose = False,
    token_stdin: opt.TokenStdin = False,
    ca_file: opt.CaFile = None,
    debug: opt.Debug = False,
) -> None:
    """Try a credential with one request.

    Exit codes: 0 any answer but a refusal, 4 refused (401, 403, 407) or no
    credential, 6 no answer.
    """
    context, selection = _from_options(
        profile, param, config, base_url, ca_file=ca_file, verbose=verbose, token_stdin=token_stdin
    )
    raise typer.Exit(
        _ending(
            lambda: _test(selection, context, reference, as_json=as_json),
            context,
            as_json=as_json,
            debug=debug,
        )
    )


def _from_options(
    profile: str | None,
    params: list[str] | None,
    config: Path | None,
    base_url: str | None,
    *,
    ca_file: Path | None = None,
    verbose: bool = False,
    token_stdin: bool = False,
) -> tuple[RunContext, Selection]:
    from opwatch.cli.outside import context_of
    from opwatch.cli.selection import Selection

    environ = dict(os.environ)
    selection = Selection(
        profile=profile,
        params=tuple(params or ()),
        config=config,
        base_url=base_url,
        token_stdin=token_stdin,
        environ=environ,
    )
    return context_of(environ, ca_file=ca_file, verbose=verbose), selection


def _ending(
    work: Callable[[], int], context: RunContext, *, as_json: bool = False, debug: bool = False
) -> int:
    from opwatch.cli.exit import end_of
    from opwatch.engine import raise_on_signals

    try:
        with raise_on_signals():
            return work()
    except BaseException as problem:  # noqa: BLE001, every way out has its code
        return end_of(
            problem, as_json=as_json, command="auth", debug=debug, redact=context.redactor
        )


# -- status ----------------------------------------------------------------------------


def _status(selection: Selection, context: RunContext, *, as_json: bool) -> int:
    from opwatch.domain.auth import CredentialState
    from opwatch.domain.outcome import Outcome, verdict
    from opwatch.engine import run_to_end
    from opwatch.output.commands.auth import survey_document, write_inspected, write_json_line
    from opwatch.session.auth import inspect

    seen = run_to_end(inspect(selection.bound_profile(), context))
    bad = {CredentialState.MISSING, CredentialState.UNUSABLE, CredentialState.BROKEN}
    ending = verdict([Outcome.DENIED if seen.standing in bad else Outcome.SUCCEEDED])
    if as_json:
        document = survey_document([seen], ending, redact=context.redactor)
        write_json_line(sys.stdout, document)
    else:
        write_inspected(sys.stdout, seen, now=context.clock.wall(), redact=context.redactor)
    return ending.code


def _survey(selection: Selection, context: RunContext, *, as_json: bool) -> int:
    from opwatch.cli.view import is_terminal, width_of
    from opwatch.domain.outcome import Outcome, verdict
    from opwatch.engine import run_to_end
    from opwatch.output.commands.auth import (
        survey_document,
        write_json_line,
        write_rest,
        write_survey,
    )
    from opwatch.session.auth import survey

    config = selection.settings()
    seen = run_to_end(survey(config, context))
    if as_json:
        ending = verdict([Outcome.SUCCEEDED])
        write_json_line(sys.stdout, survey_document(seen, ending, redact=context.redactor))
        return ending.code
    write_survey(
        sys.stdout,
        seen,
        now=context.clock.wall(),
        terminal=is_terminal(sys.stdout),
        width=width_of(sys.stdout),
        redact=context.redactor,
    )
    is_homeless = "OPWATCH_TOKEN" in selection.environ and config.default_profile is None
    write_rest(sys.stderr, len(config.names()) - len(seen), has_common_token=is_homeless)
    return 0


# -- test ------------------------------------------------------------------------------


def _test(
    selection: Selection, context: RunContext, reference: str | None, *, as_json: bool
) -> int:
    from opwatch.domain.auth import TrialOutcome
    from opwatch.domain.errors import UsageError
    from opwatch.domain.outcome import Outcome, verdict
    from opwatch.engine import run_to_end
    from opwatch.output.commands.auth import trial_document, write_json_line, write_trial
    from opwatch.session import auth

    if reference == "-":
        raise UsageError("one operation is asked about, and '-' names none", hint="write its id")
    context = replace(context, token_from_stdin=selection.token())
    selection = replace(selection, references=() if reference is None else (reference,))
    trial = run_to_end(auth.try_out(selection.bound_profile(), context, reference))
    outcomes = {
        TrialOutcome.ACCEPTED: Outcome.SUCCEEDED,
        TrialOutcome.REFUSED: Outcome.DENIED,
        TrialOutcome.UNREACHABLE: Outcome.UNKNOWN,
    }
    ending = verdict([outcomes[trial.met]])
    if as_json:
        write_json_line(sys.stdout, trial_document(trial, ending, redact=context.redactor))
    else:
        write_trial(sys.stdout, trial, now=context.clock.wall(), redact=context.redactor)
    return ending.code
