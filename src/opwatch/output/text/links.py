"""What an API names as a page for a person, and whether it may be shown as a link.

Decides that only a plain address of http or https is one: a browser opens it, nothing else
does, it names nobody's account, and it holds no secret.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from opwatch.output.text.clean import PLAIN, Show

if TYPE_CHECKING:
    from opwatch.domain.operation import Operation

LONGEST: Final = 500
# What RFC 3986 lets stand in an address, but for the apostrophe, which ends an HTML attribute.
_WEB: Final = re.compile(
    r"(?i:https?)://(?:[A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]+)?"
    r"(?:[/?#][A-Za-z0-9._~:/?#\[\]@!$&()*+,;=%-]*)?"
)


def page_of(operation: Operation, show: Show = PLAIN) -> str:
    """Return the link to the page of *operation*, empty if the API names none for a browser."""
    return web_link(operation.reading.link if operation.reading else None, show)


def web_link(text: str | None, show: Show) -> str:
    """Return *text* if it may be shown as a link, and nothing otherwise."""
    link = text or ""
    is_web = len(link) <= LONGEST and _WEB.fullmatch(link)
    return link if is_web and show(link, None) == link else ""
