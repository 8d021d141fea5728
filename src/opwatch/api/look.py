"""One answer of a URL that no profile is known for yet.

Decides that it is asked as a stranger is: without a credential, unless one was
given for it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from opwatch.api.plan import make_plan
from opwatch.api.session import open_session
from opwatch.domain.errors import BadReferenceError
from opwatch.domain.origin import OriginError, parse_origin
from opwatch.domain.policy import Policy
from opwatch.profiles import Recogniser

if TYPE_CHECKING:
    from opwatch.api.outside import Outside
    from opwatch.domain.exchange import Response
    from opwatch.domain.trouble import Trouble
    from opwatch.profiles import Config

TIMEOUT: Final = 30.0


async def look(url: str, config: Config, outside: Outside) -> Response | Trouble:
    """Return what *url* answers; only the token of *outside* is shown to it.

    Raises:
        UsageError: *url* is not one to be asked.
    """
    try:
        origin = parse_origin(url)
    except OriginError as error:
        raise BadReferenceError(url, f"not a URL to be asked: {error}") from error
    profile = Recogniser(config, has_token=outside.token is not None).standard(origin)
    target = profile.target(url)
    plan = make_plan([(profile, [target])], Policy(once=True))
    async with open_session(plan, outside) as session:
        carrier = session.carriers[profile.name]
        return await carrier.carry(profile.request([target]), TIMEOUT)
