"""``opwatch profile explain``: what would be sent, and how an answer is read.

Decides that nothing is sent and no secret is looked for.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Annotated

from opwatch.cli import options as opt
from opwatch.cli.files import bytes_of
from opwatch.cli.parameters import argument, command, option
from opwatch.domain.auth import HeaderAuth, NoAuth, QueryAuth, Scheme
from opwatch.domain.messages import Request
from opwatch.domain.operation import Target
from opwatch.domain.secret import MASK, SECRET_NAME
from opwatch.output.commands.profile_explain import (
    AnswerReport,
    PathValue,
    ProfileReport,
    RequestReport,
    report_document,
    report_facts,
)
from opwatch.output.formats.sheet import write_facts, write_json
from opwatch.profiles import Profile, explain_answer
from opwatch.session.input import answer_of
from opwatch.session.recording.codec import masked_body
from opwatch.state.discretion import masked_parameters


@command(
    "explain",
    without={"token_stdin"},
    examples=[
        ("opwatch profile explain -p fullstory EXPORT_ID", "what would be sent"),
        (
            "opwatch profile explain -p fullstory --answer saved.json EXPORT_ID",
            "which rule decides about a saved answer",
        ),
    ],
)
def explain_reference(
    reference: Annotated[str, argument(metavar="REF")],
    *,
    options: opt.ProfileOptions,
    answer: Annotated[
        str | None,
        option(
            "--answer",
            metavar="FILE|-",
            help="A saved answer to be read: its JSON, or all that curl -i prints.",
        ),
    ] = None,
    as_json: opt.AsJson = False,
) -> int:
    """Show the request for an operation, and how an answer is read. Nothing is sent.

    With --answer: which rule decides, where it is written, and what each path finds.
    """
    from opwatch.cli.selection import Selection
    from opwatch.domain.outcome import Policy

    selection = Selection(options, (reference,))
    plan = selection.plan(Policy(once=True))
    target = plan.targets[0]
    profile = plan.profiles[target.profile]
    request = profile.request([target])
    explained = ProfileReport(
        target,
        profile.source,
        _masked_request(request, profile.auth, selection.environ),
        profile.origins,
        profile.polling_rules,
        profile.conditional,
        not isinstance(profile.auth, NoAuth),
        isinstance(profile.auth, HeaderAuth) and profile.auth.optional,
        None if answer is None else _read_answer(profile, target, request.url, answer),
    )
    if as_json:
        write_json(sys.stdout, report_document(explained))
    else:
        write_facts(sys.stdout, report_facts(explained))
    return 0


def _masked_request(request: Request, scheme: Scheme, environ: Mapping[str, str]) -> RequestReport:
    """Return *request* with a mask where *scheme* puts a secret.

    And where a user's file took one from *environ*, or a key is named after one.
    """
    from opwatch.credentials import Redactor

    headers, url = dict(request.headers), request.url
    match scheme:
        case NoAuth():
            pass
        case HeaderAuth(name=name):
            headers[name] = MASK
        case QueryAuth(name=name):
            url += f"{'&' if '?' in url else '?'}{name}={MASK}"
        case _:
            headers["Authorization"] = MASK
    redact = Redactor()
    redact.learn_environ(environ)
    shown = {
        name: MASK if SECRET_NAME.search(name) else redact(value) for name, value in headers.items()
    }
    text = None if request.body is None else request.body.decode("utf-8", "replace")
    body = None if text is None else masked_body(text, redact, by_name=True)
    return RequestReport(request.method, redact(masked_parameters(url)), shown, body)


def _read_answer(profile: Profile, target: Target, url: str, source: str) -> AnswerReport:
    """Return what *profile* makes of the answer that *source* holds."""
    import time

    response = answer_of(bytes_of(source), url, time.time())
    found = explain_answer(profile, target, response)
    return AnswerReport(
        response.status,
        found.finding,
        found.decided_by,
        found.where,
        tuple(PathValue(*each) for each in found.values),
        found.wait,
        found.notes,
    )
