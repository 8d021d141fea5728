"""``opwatch auth``: store a credential, delete it, see where it comes from, try it.

Decides what a person is asked for: nothing, where the scheme is a login with a code.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import Annotated

from opwatch.cli import options as opt
from opwatch.cli import questions
from opwatch.cli.exit import end_of
from opwatch.cli.parameters import Group, argument, command, option
from opwatch.cli.runner import context_of
from opwatch.cli.selection import Selection
from opwatch.credentials import DevicePrompt
from opwatch.credentials.login import Login
from opwatch.domain.auth import CredentialState, TrialOutcome
from opwatch.domain.errors import CredentialError, UsageError
from opwatch.domain.outcome import Outcome, verdict
from opwatch.domain.secret import Secret
from opwatch.engine import raise_on_signals, run_to_end
from opwatch.output.commands.auth import (
    survey_document,
    trial_document,
    write_credential,
    write_credentials,
    write_trial,
    write_unlisted,
)
from opwatch.output.commands.login import (
    STORE_AGAIN,
    secret_prompt,
    write_deleted,
    write_device,
    write_secret,
    write_stored,
)
from opwatch.output.errors import write_error
from opwatch.output.formats.sheet import write_json_line
from opwatch.session import auth
from opwatch.session.context import RunContext


@command(
    "login",
    without={"token_stdin"},
    examples=[
        ("opwatch auth login -p fullstory", "asks for the key, and does not show it"),
        ("pass show fullstory | opwatch auth login -p fullstory", "from a password store"),
    ],
)
def login(
    *,
    options: opt.ProfileOptions,
    token_stdin: Annotated[
        bool,
        option(
            "--token-stdin", group="ask", help="Read it from standard input, whatever the scheme."
        ),
    ] = False,
    to_print: Annotated[
        bool,
        option(
            "--print",
            help="With device code: print the credential on standard output, and store nothing.",
        ),
    ] = False,
    ca_file: opt.CaFile = None,
    debug: opt.Debug = False,
) -> int:
    """Store a credential in the system's keyring.

    It is for the profile's origin only.

    Asks for it without showing it; reads standard input if that is not a terminal.
    With OAuth 2.0 device code, prints the code and the address to enter it at.
    On a machine without a keyring, --print gives the credential to keep elsewhere.
    """
    work = partial(_log_in, from_stdin=token_stdin, to_print=to_print)
    return _run(work, options, ca_file=ca_file, debug=debug)


@command(
    "logout",
    without={"token_stdin"},
    examples=[
        ("opwatch auth logout -p fullstory", "forget it"),
        (
            "opwatch auth logout -p airflow --param server=https://airflow.example.com",
            "that of one server",
        ),
    ],
)
def logout(*, options: opt.ProfileOptions, debug: opt.Debug = False) -> int:
    """Delete a credential from the keyring."""
    return _run(_log_out, options, debug=debug)


@command(
    "status",
    without={"profile", "token_stdin"},
    examples=[
        ("opwatch auth status", "where the credentials of your profiles come from"),
        ("opwatch auth status -p fullstory", "one profile, in full"),
    ],
)
def status(
    *,
    profile: Annotated[
        str | None,
        option("--profile", "-p", metavar="PROFILE", group="ask", help="One profile, in full."),
    ] = None,
    options: opt.ProfileOptions,
    as_json: opt.AsJson = False,
    debug: opt.Debug = False,
) -> int:
    """Show where credentials would come from.

    And when they expire, but never what they are.

    With -p: one profile; exit code 4 if there is no usable credential. Without:
    your own profiles, and the built-in ones for which something is set; helpers
    are not run then, and the keyring is asked for your own profiles only.
    Nobody is ever asked anything.
    """
    work = _survey if profile is None else _status
    options = replace(options, profile=profile)
    return _run(partial(work, as_json=as_json), options, as_json=as_json, debug=debug)


@command(
    "test",
    examples=[
        ("opwatch auth test -p fullstory", "is the credential accepted?"),
        ("opwatch auth test -p fullstory EXPORT_ID", "may it see this operation?"),
    ],
)
def try_out(
    reference: Annotated[
        str | None,
        argument(
            metavar="REF",
            help="The operation to ask about; without it, the base URL is asked.",
        ),
    ] = None,
    *,
    options: opt.ProfileOptions,
    as_json: opt.AsJson = False,
    verbose: opt.Verbose = False,
    ca_file: opt.CaFile = None,
    debug: opt.Debug = False,
) -> int:
    """Try a credential with one request.

    Unless it is refused, the request is sent once more without the credential:
    what anybody gets proves nothing, and is reported as unproven.

    Exit codes: 0 any answer but a refusal, 4 refused (401, 403, 407) or no
    credential, 6 no answer.
    """
    return _run(
        partial(_test, reference=reference, as_json=as_json),
        options,
        ca_file=ca_file,
        verbose=verbose,
        as_json=as_json,
        debug=debug,
    )


def _run(
    work: Callable[[Selection, RunContext], int],
    options: opt.ProfileOptions,
    *,
    ca_file: Path | None = None,
    verbose: bool = False,
    as_json: bool = False,
    debug: bool = False,
) -> int:
    """Do *work*, and exit with the code that it returns, or that of what it raises."""
    selection = Selection(options)
    context = context_of(selection.environ, ca_file=ca_file, verbose=verbose)
    try:
        with raise_on_signals():
            code = work(selection, context)
    except BaseException as problem:  # noqa: BLE001, every way out has its code
        code = end_of(
            problem, as_json=as_json, command="auth", debug=debug, redact=context.redactor
        )
    return code


# -- login and logout ------------------------------------------------------------------


def _log_in(selection: Selection, context: RunContext, *, from_stdin: bool, to_print: bool) -> int:
    profile = selection.bound_profile()
    login = auth.login_to(profile, context)
    by_device = login.by_device and not from_stdin
    if to_print and not by_device:
        raise UsageError("--print goes with a login by device code; you have the credential")
    if to_print and sys.stdout is None:
        raise UsageError("--print, and standard output is closed")
    if not by_device:
        run_to_end(login.check())
        secret = questions.read_secret(
            lambda: secret_prompt(sys.stderr, login.asks_for, profile.name, login.account)
        )
        keyring = run_to_end(login.store(secret))
    else:

        def show(prompt: DevicePrompt) -> None:
            write_device(sys.stderr, **asdict(prompt), redact=context.redactor)

        work = auth.log_in_by_device(profile, context, show, to_store=not to_print)
        secret = run_to_end(work)
        if to_print:
            write_secret(sys.stdout, sys.stderr, secret, profile.name)
            return 0
        keyring = _store_patiently(login, secret)
    write_stored(sys.stderr, login.asks_for, profile.name, login.account, keyring)
    return 0


def _store_patiently(login: Login, secret: Secret) -> str:
    """Store what a person has just logged in for; it is not lost to a keyring that fails now."""
    while True:
        try:
            return run_to_end(login.store(secret))
        except CredentialError as problem:
            if not questions.has_person():
                raise
            write_error(sys.stderr, problem)
            questions.ask(STORE_AGAIN)


def _log_out(selection: Selection, context: RunContext) -> int:
    profile = selection.bound_profile()
    login = auth.login_to(profile, context)
    was_there = run_to_end(login.forget())
    write_deleted(sys.stderr, login.asks_for, profile.name, was_there=was_there)
    return 0


# -- status ----------------------------------------------------------------------------


def _status(selection: Selection, context: RunContext, *, as_json: bool) -> int:
    report = run_to_end(auth.inspect_credential(selection.bound_profile(), context))
    bad = {CredentialState.MISSING, CredentialState.UNUSABLE, CredentialState.BROKEN}
    ending = verdict([Outcome.DENIED if report.standing in bad else Outcome.SUCCEEDED])
    if as_json:
        document = survey_document([report], ending, redact=context.redactor)
        write_json_line(sys.stdout, document)
    else:
        write_credential(sys.stdout, report, now=context.wall(), redact=context.redactor)
    return ending.code


def _survey(selection: Selection, context: RunContext, *, as_json: bool) -> int:
    config = selection.settings()
    reports = run_to_end(auth.inspect_all(config, context))
    if as_json:
        ending = verdict([Outcome.SUCCEEDED])
        write_json_line(sys.stdout, survey_document(reports, ending, redact=context.redactor))
        return ending.code
    write_credentials(
        sys.stdout,
        reports,
        now=context.wall(),
        redact=context.redactor,
    )
    is_unused = "OPWATCH_TOKEN" in selection.environ and config.default_profile is None
    others = len(config.names()) - len(reports)
    write_unlisted(sys.stderr, others, has_common_token=is_unused, options=config.options)
    return 0


# -- test ------------------------------------------------------------------------------


def _test(
    selection: Selection, context: RunContext, *, reference: str | None, as_json: bool
) -> int:
    if reference == "-":
        raise UsageError("one operation is asked about, and '-' names none", hint="write its id")
    context = replace(context, token_from_stdin=selection.token())
    selection = replace(selection, references=() if reference is None else (reference,))
    trial = run_to_end(auth.try_out(selection.bound_profile(), context, reference))
    outcomes = {
        TrialOutcome.ACCEPTED: Outcome.SUCCEEDED,
        TrialOutcome.UNPROVEN: Outcome.SUCCEEDED,
        TrialOutcome.REFUSED: Outcome.DENIED,
        TrialOutcome.UNREACHABLE: Outcome.UNKNOWN,
    }
    ending = verdict([outcomes[trial.met]])
    if as_json:
        write_json_line(sys.stdout, trial_document(trial, ending, redact=context.redactor))
    else:
        write_trial(sys.stdout, trial, now=context.wall(), redact=context.redactor)
    return ending.code


app = Group(
    "auth",
    help="Store a credential in the keyring; see where credentials come from; try one.",
    commands=[login, logout, status, try_out],
    examples=[
        ("opwatch auth login -p fullstory", "store a credential"),
        ("opwatch auth status", "see where credentials come from"),
    ],
)
