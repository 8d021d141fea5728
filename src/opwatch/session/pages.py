"""The further pages of a list answer.

Decides when to stop: at the last page, at one that was seen before, or after a
thousand (fault 80). Half a list is never taken for a whole one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from opwatch.domain.trouble import Fault, Trouble

if TYPE_CHECKING:
    from collections.abc import Sequence

    from opwatch.domain.messages import Response
    from opwatch.domain.operation import Target
    from opwatch.profiles import Profile
    from opwatch.session.sender import Carrier

MOST: Final = 1000


async def further_pages(
    profile: Profile,
    carrier: Carrier,
    targets: Sequence[Target],
    first: Response,
    until: float,
) -> tuple[Response, ...] | Trouble:
    """Return the pages after *first*, or what kept one of them away.

    All of them together may take until *until* of the run's clock.
    """
    pages: list[Response] = []
    page, seen = first, {first.url}
    while (request := profile.next_page(targets, page)) is not None:
        if isinstance(request, Trouble):
            return request
        if request.url in seen or len(pages) >= MOST:
            return Trouble(Fault.REDIRECT_LOOP, "its pages lead in a circle")
        seen.add(request.url)
        came = await carrier.carry(request, until - carrier.now())
        if isinstance(came, Trouble):
            return came
        pages.append(came)
        page = came
    return tuple(pages)
