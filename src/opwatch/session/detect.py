"""What is watched or asked where no profile was named: each URL finds its own.

Decides that a token on standard input is for one host, that parameters are for one
profile, and that the samples of a new profile are fetched without a credential,
unless one was given for their host.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from opwatch.domain.command_line import command_to_paste, params_to_paste
from opwatch.domain.errors import BadReferenceError, UsageError
from opwatch.domain.messages import Response
from opwatch.domain.origin import Origin, OriginError, parse_origin
from opwatch.domain.outcome import Policy
from opwatch.profiles import ProfileDetector, is_at, is_url
from opwatch.session.plan import make_plan
from opwatch.session.session import open_session

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from opwatch.domain.operation import Target
    from opwatch.domain.trouble import Trouble
    from opwatch.profiles import Config, Profile
    from opwatch.session.context import RunContext

TIMEOUT: Final = 30.0


def name_one(config: Config) -> str:
    """Return what to do where no profile of *config* is named."""
    known = command_to_paste("profile list", config.options)
    return (
        f"name one with -p ({known} shows them), or set default_profile in the configuration file"
    )


def assumed_lanes(
    urls: Iterable[tuple[str, bool]],
    config: Config,
    params: Mapping[str, str],
    *,
    has_token: bool,
    base_url: str | None = None,
) -> list[tuple[Profile, list[Target]]]:
    """Return a lane for each of *urls*, in their order; with each stands whether it was typed.

    Raises:
        UsageError: one is not a URL, or not at *base_url*; it fits no profile, or several; or the
            token or the parameters would be for more than one.
    """
    detector = ProfileDetector(config, params, has_token=has_token)
    at = (("--base-url", base_url),) if base_url else ()
    given = (*at, *params_to_paste(params), *config.options)
    lanes: list[tuple[Profile, list[Target]]] = []
    for url, typed in urls:
        if not is_url(url):
            message = "no profile given, and this is not a URL"
            raise BadReferenceError(url, message, hint=name_one(config))
        if base_url and not is_at(url, base_url):
            message = f"this is not at {base_url}, and no profile is given"
            raise BadReferenceError(url, message, hint=name_one(config))
        profile, basis = detector.detect(url, typed=typed)
        target = replace(profile.target(url), basis=basis, options=given)
        lanes.append((profile, [target]))
    hosts = {target.origin for _, targets in lanes for target in targets}
    if has_token and len(hosts) > 1:
        raise UsageError("one token cannot be for several hosts: " + ", ".join(sorted(hosts)))
    names = {profile.name for profile, _ in lanes}
    if params and len(names) > 1:
        message = "--param cannot be for several profiles: " + ", ".join(sorted(names))
        raise UsageError(message, hint="name one with -p")
    return lanes


async def fetch_samples(
    urls: Sequence[str], config: Config, context: RunContext
) -> dict[str, Response | Trouble]:
    """Return what each of *urls* answers; no credential but the token of *context* is sent.

    Raises:
        UsageError: one cannot be asked, or they are of several APIs.
    """
    origin, *others = dict.fromkeys(_origin(url) for url in urls)
    if others:
        raise UsageError(f"the samples are of several APIs: {origin}, {others[0]}")
    profile = ProfileDetector(config, has_token=context.token_from_stdin is not None).standard(
        origin
    )
    targets = [profile.target(url) for url in urls]
    plan = make_plan([(profile, targets)], Policy(once=True))
    answers: dict[str, Response | Trouble] = {}
    async with open_session(plan, context) as session:
        sender = session.senders[profile.name]
        for url, target in zip(urls, targets, strict=True):
            answer = await sender.send(profile.request([target]), TIMEOUT)
            answers[url] = replace(answer, url=url) if isinstance(answer, Response) else answer
    return answers


def _origin(url: str) -> Origin:
    try:
        return parse_origin(url)
    except OriginError as error:
        raise BadReferenceError(url, f"not a URL to be asked: {error}") from error
