"""The request that starts an operation: written, sent, and its answer read.

Decides what it may contain, when it may be sent again, and what is known when its
answer is lost. A request is repeated only if that can do no harm: its method is
idempotent (RFC 9110 §9.2.2), it carries an Idempotency-Key, or nothing of it has left
this machine. An answer that refuses starts nothing, whatever ids it holds; and only an
end is taken over from an answer: what still runs is polled, for the API may not yet
know everywhere what it has just started.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Final
from urllib.parse import quote, unquote, urldefrag, urlsplit

from opwatch.domain.errors import StartError, UsageError
from opwatch.domain.messages import Request, Response
from opwatch.domain.operation import InitialAnswer, Target
from opwatch.domain.origin import OriginError, parse_origin
from opwatch.domain.outcome import Abort, Outcome
from opwatch.domain.secret import Secret
from opwatch.domain.trouble import Handling, Trouble
from opwatch.engine import or_abort
from opwatch.engine.retry import with_retries
from opwatch.output.commands import start as sentences
from opwatch.output.text.clean import Show
from opwatch.profiles import RequestFacts, StartingUrls, is_url
from opwatch.session.headers import check_headers
from opwatch.session.plan import IDEMPOTENT, StartRequest
from opwatch.session.sender import with_given

if TYPE_CHECKING:
    from opwatch.profiles import OperationReference, Profile
    from opwatch.session.context import RunContext
    from opwatch.session.session import Session


PATIENCE: Final = 120.0
"""Seconds for the answer. Long, because nobody knows what was started if it is lost."""
LONGEST_PAUSE: Final = 3600.0
METHODS: Final = IDEMPOTENT | {"POST", "PATCH"}
_URL_CHARACTERS: Final = "%:/?#[]@!$&'()*+,;=~"
REFUSED: Final = 400
FAILED: Final = 500
"""From here on the server may have started what it could not answer for (RFC 9110 §15.6)."""
NO_FACTS: Final = RequestFacts()


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
    check_headers([profile], starting.headers)
    sent = with_given(headers, starting.headers)
    return Request(starting.method, starting_url(profile, starting.path), sent, starting.body)


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
        raise _failure(reply, profile, show)
    session.started = StartingUrls(reply.url, reply.headers.get("location"), starting.method)
    asked, pause = RequestFacts(starting.method), min(profile.pause(reply), LONGEST_PAUSE)
    try:
        return started_targets(profile, reply, asked=asked, pause=pause)
    except UsageError as problem:
        message = sentences.answered_but(reply.status, problem.message)
        named = _named(profile, reply, asked)
        raise StartError(
            message,
            Outcome.UNKNOWN,
            hint=problem.hint,
            references=named,
            options=profile.options,
        ) from problem


def _named(profile: Profile, reply: Response, asked: RequestFacts) -> tuple[str, ...]:
    """Return what *reply* named, whether or not it can be asked about."""
    with suppress(UsageError):
        return tuple(each.reference for each in profile.handoff(reply, asked))
    return ()


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
        if isinstance(reply, Trouble) or _ended_at_once(profile, reply, request.method):
            return reply
        return profile.trouble(reply) or reply

    return await with_retries(
        once, context.uniform, is_safe=lambda trouble: is_repeatable or trouble.unsent
    )


def _failure(trouble: Trouble, profile: Profile, show: Show) -> StartError:
    """Return what *trouble* means: refused for certain, or perhaps started all the same."""
    if trouble.rule.handling is Handling.DENIED:
        hint = sentences.credential_hint(profile.options)
        return StartError(sentences.not_started(trouble, show), Outcome.DENIED, hint=hint)
    if trouble.unsent or (trouble.status is not None and 400 <= trouble.status < 500):  # noqa: PLR2004, the class of refusals
        return StartError(sentences.not_started(trouble, show), Outcome.UNKNOWN)
    message = sentences.perhaps_started(trouble, show)
    return StartError(message, Outcome.UNKNOWN, hint=sentences.LOOK_FIRST)


def started_targets(
    profile: Profile, response: Response, *, asked: RequestFacts = NO_FACTS, pause: float = 0.0
) -> list[Target]:
    """Return the operations that *response* to what was *asked* has started.

    None of them is to be asked about for *pause* seconds; one that has ended with this
    answer is never asked about.

    Raises:
        UsageError: it refuses, names no operation, or one that the profile cannot read.
        StartError: it is a server's error, and may have started one all the same.
    """
    trouble = profile.trouble(response)
    if trouble is not None and (ended := _ended_at_once(profile, response, asked.method)):
        return [ended]
    if trouble is not None and response.status >= FAILED:
        message = sentences.perhaps_started(trouble)
        raise StartError(message, Outcome.UNKNOWN, hint=sentences.LOOK_FIRST)
    if trouble is not None and response.status >= REFUSED:
        raise UsageError(sentences.answer_refuses(trouble))
    try:
        named = profile.handoff(response, asked)
    except UsageError:
        ended = _ended_at_once(profile, response, asked.method)
        if ended is None:
            raise
        return [ended]
    return [_target(profile, each, response, pause) for each in named]


def _ended_at_once(profile: Profile, response: Response, method: str) -> Target | None:
    """Return what has ended with *response*, which names no operation, None if nothing has.

    It is named by the URL that was asked, which opwatch knows only of its own request.
    """
    if not method:
        return None
    parts = urlsplit(response.url)
    last = next((unquote(each) for each in reversed(parts.path.split("/")) if each), "")
    origin = str(parse_origin(response.url))
    target = Target(response.url, last or origin, origin, profile.name)
    end = profile.end_at_once(target, response, method)
    if end is None:
        return None
    return replace(target, initial=InitialAnswer(end, is_named=False))


def _target(
    profile: Profile, handed: OperationReference, response: Response, pause: float
) -> Target:
    target = profile.target(handed.reference, handed.params)
    # Of its own request opwatch keeps them at once; of a piped answer only the profile is known.
    lines = () if response.url else response.headers.all("set-cookie")
    reading = profile.starting_reading(target, response)
    end = reading if reading is not None and reading.state.is_terminal else None
    cookies = tuple(Secret(line) for line in lines)
    return replace(target, initial=InitialAnswer(end, pause, handed.params, cookies=cookies))
