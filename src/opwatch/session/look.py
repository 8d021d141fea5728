"""One answer of URLs that no profile is known for yet.

Decides that they are asked as strangers are: without a credential, unless one
was given for their host.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from opwatch.domain.errors import BadReferenceError, UsageError
from opwatch.domain.messages import Response
from opwatch.domain.origin import OriginError, parse_origin
from opwatch.domain.policy import Policy
from opwatch.profiles import Recogniser
from opwatch.session.plan import make_plan
from opwatch.session.session import open_session

if TYPE_CHECKING:
    from collections.abc import Sequence

    from opwatch.domain.origin import Origin
    from opwatch.domain.trouble import Trouble
    from opwatch.profiles import Config
    from opwatch.session.context import Outside

TIMEOUT: Final = 30.0


async def look(
    urls: Sequence[str], config: Config, outside: Outside
) -> dict[str, Response | Trouble]:
    """Return what each of *urls* answers; only the token of *outside* is shown to them.

    Raises:
        UsageError: they are not to be asked, or not all with one token.
    """
    origin, *others = dict.fromkeys(_origin(url) for url in urls)
    if others:
        raise UsageError(f"the samples are of several APIs: {origin}, {others[0]}")
    profile = Recogniser(config, has_token=outside.token is not None).standard(origin)
    targets = [profile.target(url) for url in urls]
    plan = make_plan([(profile, targets)], Policy(once=True))
    answers: dict[str, Response | Trouble] = {}
    async with open_session(plan, outside) as session:
        carrier = session.carriers[profile.name]
        for url, target in zip(urls, targets, strict=True):
            answer = await carrier.carry(profile.request([target]), TIMEOUT)
            answers[url] = replace(answer, url=url) if isinstance(answer, Response) else answer
    return answers


def _origin(url: str) -> Origin:
    try:
        return parse_origin(url)
    except OriginError as error:
        raise BadReferenceError(url, f"not a URL to be asked: {error}") from error
