"""An answer, parsed once: its body, and the pauses that it names.

Decides which trouble an HTTP status or a body by itself is, and which of the API's
own words are shown with it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple
from urllib.parse import urlsplit

from opwatch.domain.trouble import Fault, Speaker, Trouble, fault_of_status
from opwatch.profiles.values import sentence

if TYPE_CHECKING:
    from opwatch.domain.messages import Response
    from opwatch.profiles.language.wait import Pauses
    from opwatch.profiles.reading.body import ParsedBody

_LONGEST: Final = 300
_SCHEME: Final = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,30}(?![^\s,])")


class ParsedResponse(NamedTuple):
    """An answer, its parsed body, and the pauses that it names."""

    response: Response
    body: ParsedBody
    pauses: Pauses

    def trouble(self, fault: Fault, detail: str | None = None) -> Trouble:
        """Return *fault* as the trouble of this answer; *detail* defaults to the API's words."""
        words = self.words if detail is None else detail[:_LONGEST]
        return Trouble(
            fault,
            words,
            self.response.status,
            self.pauses.longest,
            self.host,
            speaker=self.speaker,
            anonymous=self.response.is_anonymous,
            asks_for=self._asks_for,
        )

    @property
    def _asks_for(self) -> tuple[str, ...]:
        """The schemes of authentication that the answer asks for, as it spells them."""
        found = (_SCHEME.match(each) for each in self.response.headers.all("www-authenticate"))
        return tuple(dict.fromkeys(each[0] for each in found if each))

    @property
    def speaker(self) -> Speaker:
        """Whose words this is: JSON is the API's, whatever it came through."""
        fault = self.body.fault
        if fault is None:
            return Speaker.API
        if fault is Fault.HTML or self._came_through_proxy:
            return Speaker.OTHER
        return Speaker.API if fault is Fault.EMPTY else Speaker.UNSURE

    @property
    def host(self) -> str:
        """The host that answered."""
        try:
            return urlsplit(self.response.url).netloc
        except ValueError:
            return ""

    @property
    def is_readable(self) -> bool:
        """Tell whether it is JSON with a status of success."""
        return self.body.fault is None and self.trouble_of_status is None

    @property
    def words(self) -> str:
        """The sentence for people in the body."""
        if self.body.fault:
            return self.body.detail
        return (sentence(self.body.data) or "")[:_LONGEST]

    @property
    def trouble_of_status(self) -> Trouble | None:
        """The trouble that the HTTP status is, None for a good one."""
        named = self.pauses.named is not None
        fault = fault_of_status(
            self.response.status, wait_named=named, quota_empty=self.pauses.is_empty
        )
        if fault is None:
            return None
        if not self._is_of_proxy:
            return self.trouble(fault)
        if fault is Fault.STATUS_FORBIDDEN:
            return self.trouble(Fault.PROXY, f"HTTP {self.response.status}, {self.words}")
        return self.trouble(fault, f"{self.words} (from a proxy?)")

    @property
    def _is_of_proxy(self) -> bool:
        """Tell whether this is a proxy's page, which says nothing about the API behind it."""
        return self.body.fault is Fault.HTML and self._came_through_proxy

    @property
    def _came_through_proxy(self) -> bool:
        """Tell whether a proxy says that it had a hand in this (RFC 9110 §7.6.3, RFC 9209)."""
        return any(name == "via" or name.startswith("proxy-") for name, _ in self.response.headers)

    @property
    def trouble_of_body(self) -> Trouble | None:
        """The trouble that the body is, None for JSON."""
        fault = self.body.fault
        return None if fault is None else self.trouble(fault)
