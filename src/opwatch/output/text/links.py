"""The page of an operation, as a link that may be shown.

Decides which links of an API are shown: those that a browser opens and that change nothing.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from opwatch.output.text.clean import PLAIN, Show

if TYPE_CHECKING:
    from opwatch.domain.operation import Operation

LONGEST: Final = 500
_WEB: Final = re.compile(r"https?://[!#-;=?-~]+", re.ASCII | re.IGNORECASE)


def page_of(operation: Operation, show: Show = PLAIN) -> str:
    """Return the link to the page of *operation*, empty if the API names none for a browser."""
    link = operation.reading.link if operation.reading else None
    text = show(link or "", None)
    return text if len(text) <= LONGEST and _WEB.fullmatch(text) else ""
