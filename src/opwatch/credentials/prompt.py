"""What a person is shown who logs in with a code (RFC 8628 §3.3)."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class DevicePrompt:
    """What a person needs: a code and where to enter it. Hostile until cleaned.

    *complete_url* holds the code already, if the server gives one. *expires_in* is
    in seconds.
    """

    user_code: str
    url: str
    complete_url: str | None
    expires_in: float
