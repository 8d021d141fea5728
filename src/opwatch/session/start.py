"""The request that starts an operation: written, sent, and its answer read.

Decides what it may contain, when it may be sent again, and what is known when its
answer is lost. A request is repeated only if that can do no harm: its method is
idempotent (RFC 9110 §9.2.2), it carries an Idempotency-Key, or nothing of it has left
this machine. An answer that refuses starts nothing, whatever ids it holds; and only an
end is taken over from an answer: what still runs is polled, for the API may not yet
know everywhere what it has just started.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final
from urllib.parse import quote, urldefrag, urlsplit

from opwatch.domain.auth import HeaderAuth
from opwatch.domain.errors import StartError, UsageError
from opwatch.domain.header_rules import (
    HEADER_USES,
    HeaderUse,
    header_refusal,
    is_header_name,
    is_header_value,
)
from opwatch.domain.messages import Request
from opwatch.domain.operation import InitialAnswer
from opwatch.domain.origin import OriginError, parse_origin
from opwatch.domain.outcome import Abort, Outcome
from opwatch.domain.trouble import Handling, Trouble
from opwatch.engine import or_abort, with_retries
from opwatch.output.commands import start as sentences
from opwatch.output.text.clean import Show
from opwatch.profiles import RequestFacts, StartingUrls, is_url
from opwatch.session.plan import IDEMPOTENT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from opwatch.domain.messages import Response
    from opwatch.domain.operation import Target
    from opwatch.profiles import OperationReference, Profile
    from opwatch.session.context import RunContext
    from opwatch.session.plan import StartRequest
    from opwatch.session.session import Session


PATIENCE: Final = 120.0
"""Seconds for the answer. Long, because nobody knows what was started if it is lost."""
LONGEST_PAUSE: Final = 3600.0
METHODS: Final = IDEMPOTENT | {"POST", "PATCH"}
_URL_CHARACTERS: Final = "%:/?#[]@!$&'()*+,;=~"
REFUSED: Final = 400
NO_FACTS: Final = RequestFacts()


def parse_headers(lines: Sequence[str]) -> dict[str, str]:
    """Return the headers of *lines*, each ``Name: value``; an empty value leaves one out.

    Raises:
        UsageError: one is not of that form. Its value is not shown.
    """
    found: dict[str, str] = {}
    for line in lines:
        name, colon, value = line.partition(":")
        if not colon or not (is_header_name(name) and is_header_value(value.strip())):
            raise UsageError(f"the header {name[:40]!r} is not 'Name: value' in plain ASCII")
        found[name] = value.strip()
    return found


def starting_request(profile: Profile, starting: StartRequest) -> Request:
    """Return the request that *starting* asks for.

    Raises:
        UsageError: its method, its URL or a header cannot be sent.
    """
    if starting.method not in METHODS:
        known = ", ".join(sorted(METHODS))
        raise UsageError(f"{starting.method!r} is not a method that starts anything; use {known}")
    headers = profile.headers()
    if starting.body is not None:
        headers["Content-Type"] = "application/json"
    for name, value in starting.headers.items():
        _check_header(profile, name)
        headers = {each: headers[each] for each in headers if each.lower() != name.lower()}
        headers[name] = value
    sent = {name: value for name, value in headers.items() if value}
    return Request(starting.method, starting_url(profile, starting.path), sent, starting.body)


def _check_header(profile: Profile, name: str) -> None:
    is_own = isinstance(profile.auth, HeaderAuth) and name.lower() == profile.auth.name.lower()
    if is_own or HEADER_USES.get(name.lower()) is HeaderUse.CREDENTIAL:
        hint = (
            f"the credential of {profile.name!r} comes from the sources under 'auth' in its profile"
        )
        raise UsageError(f"the header {name} cannot be given: it carries a credential", hint=hint)
    refusal = header_refusal(name)
    if refusal:
        raise UsageError(refusal)


def starting_url(profile: Profile, path: str) -> str:
    """Return the URL that *path*, perhaps a whole one, means at the API of *profile*.

    Raises:
        UsageError: it is not valid, or not at an origin that the profile allows.
    """
    quoted = quote(urldefrag(path).url, safe=_URL_CHARACTERS)
    url = quoted if is_url(quoted) else _joined(profile.base_url, quoted)
    try:
        origin = parse_origin(url)
        segments = urlsplit(url).path.split("/")
    except (OriginError, ValueError) as problem:
        raise UsageError(f"{path!r} is not a path or a URL: {problem}") from None
    if origin not in profile.origins:
        message = f"{origin} is not where {profile.name!r} is ({parse_origin(profile.base_url)})"
        hint = "choose the profile of that API with -p, or list the host under allow_hosts"
        raise UsageError(message, hint=hint)
    if {".", ".."} & {each.lower().replace("%2e", ".") for each in segments}:
        raise UsageError(f"{path!r} holds a '.' or '..' segment")
    return url


def _joined(base: str, path: str) -> str:
    """Return *path* behind *base*, whose own path may be its beginning already."""
    if path.startswith("//"):
        raise UsageError("a path begins with one '/'; write the whole URL")
    path = "/" + path.removeprefix("/")
    prefix = urlsplit(base).path.rstrip("/")
    if prefix and path.startswith(prefix + "/"):
        return base.rstrip("/").removesuffix(prefix) + path
    return base.rstrip("/") + path


async def start_operations(
    session: Session, starting: StartRequest, context: RunContext
) -> list[Target]:
    """Send *starting* and return the operations that it has started.

    Raises:
        UsageError: it cannot be sent as it is.
        StartError: it was refused, its answer was lost, or names no operation.
    """
    (profile,) = session.plan.profiles.values()
    request = starting_request(profile, starting)
    show = Show(context.redactor)
    sending = _send(session, profile, request, context, is_repeatable=starting.is_repeatable)
    reply = await (or_abort(sending) if context.catch_signals else sending)
    if isinstance(reply, Abort):
        raise StartError(sentences.no_answer_awaited(), reply, hint=sentences.LOOK_FIRST)
    if isinstance(reply, Trouble):
        raise _failure(reply, profile.name, show)
    session.started = StartingUrls(reply.url, reply.headers.get("location"), starting.method)
    try:
        asked, pause = RequestFacts(starting.method), min(profile.pause(reply), LONGEST_PAUSE)
        return started_targets(profile, reply, asked=asked, pause=pause)
    except UsageError as problem:
        message = sentences.answered_but(reply.status, problem.message)
        raise StartError(message, Outcome.UNKNOWN, hint=problem.hint) from problem


async def _send(
    session: Session,
    profile: Profile,
    request: Request,
    context: RunContext,
    *,
    is_repeatable: bool,
) -> Response | Trouble:
    (sender,) = session.senders.values()

    async def once() -> Response | Trouble:
        reply = await sender.send(request, PATIENCE)
        return reply if isinstance(reply, Trouble) else profile.trouble(reply) or reply

    return await with_retries(
        once, context.uniform, is_safe=lambda trouble: is_repeatable or trouble.unsent
    )


def _failure(trouble: Trouble, profile: str, show: Show) -> StartError:
    """Return what *trouble* means: refused for certain, or perhaps started all the same."""
    if trouble.rule.handling is Handling.DENIED:
        hint = sentences.credential_hint(profile)
        return StartError(sentences.not_started(trouble, show), Outcome.DENIED, hint=hint)
    if trouble.unsent or (trouble.status is not None and 400 <= trouble.status < 500):  # noqa: PLR2004, the class of refusals
        return StartError(sentences.not_started(trouble, show), Outcome.UNKNOWN)
    message = sentences.perhaps_started(trouble, show)
    return StartError(message, Outcome.UNKNOWN, hint=sentences.LOOK_FIRST)


def started_targets(
    profile: Profile, response: Response, *, asked: RequestFacts = NO_FACTS, pause: float = 0.0
) -> list[Target]:
    """Return the operations that *response* to what was *asked* has started.

    None of them is to be asked about for *pause* seconds.

    Raises:
        UsageError: it refuses, names no operation, or one that the profile cannot read.
    """
    trouble = profile.trouble(response)
    if trouble is not None and response.status >= REFUSED:
        raise UsageError(sentences.answer_refuses(trouble))
    return [_target(profile, each, response, pause) for each in profile.handoff(response, asked)]


def _target(
    profile: Profile, handed: OperationReference, response: Response, pause: float
) -> Target:
    target = profile.target(handed.reference, handed.params)
    reading = profile.starting_reading(target, response)
    end = reading if reading is not None and reading.state.is_terminal else None
    return replace(target, initial=InitialAnswer(end, pause, handed.params))
