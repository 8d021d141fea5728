"""What can go wrong with one poll, and what that means for the watch.

Decides, in one total table, how each fault is handled: a bad answer is
transient or final, and never an operation's state. Strict at first contact
(a mistyped host fails in seconds), tolerant after.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping


class Handling(StrEnum):
    """What a fault means for the watch."""

    TRANSIENT = "transient"  # spend the lost-contact budget, keep the last state
    THROTTLED = "throttled"  # the whole host waits
    DENIED = "denied"  # the credential was refused
    NOT_FOUND = "not_found"  # grace first, then final for this operation
    REFUSED = "refused"  # final for this operation


class FirstContact(StrEnum):
    """How a fault counts while its host has never given a good answer."""

    TOLERANT = "tolerant"  # as always
    TRIES = "tries"  # final after a few tries in a few seconds
    PATIENCE = "patience"  # the same, but not before the policy's patience is spent
    AT_ONCE = "at_once"  # final at the first


class Speaker(StrEnum):
    """Whose words an answer is, as far as its form tells."""

    API = "api"  # JSON, or nothing at all
    UNSURE = "unsure"  # a plain text: the API's, or that of a balancer in front of it
    OTHER = "other"  # a web page, or what is no JSON and came through a proxy


STRICT_TRIES: Final = 3
STRICT: Final = frozenset({FirstContact.TRIES, FirstContact.PATIENCE})


class Scope(StrEnum):
    """What a final fault ends: one operation, or all that share its host."""

    OPERATION = "operation"
    HOST = "host"


@dataclass(frozen=True, slots=True)
class FaultRule:
    """How a fault is handled, and how at first contact."""

    handling: Handling
    first: FirstContact = FirstContact.TOLERANT
    scope: Scope = Scope.OPERATION


class Fault(StrEnum):
    """Everything that can go wrong between a poll and a reading."""

    # name resolution, connection, TLS, proxy
    UNRESOLVED = "unresolved"
    RESOLVER_DOWN = "resolver_down"
    CONNECTION_REFUSED = "connection_refused"
    CONNECT_TIMEOUT = "connect_timeout"
    CONNECTION_LOST = "connection_lost"
    UNREACHABLE = "unreachable"
    NO_DESCRIPTORS = "no_descriptors"
    CERTIFICATE = "certificate"
    TLS = "tls"
    PROXY = "proxy"
    OS_ERROR = "os_error"
    # the exchange
    TIMEOUT = "timeout"
    PROTOCOL = "protocol"
    TOO_LARGE = "too_large"
    ENCODING = "encoding"
    TRUNCATED = "truncated"
    # redirects and origins
    FOREIGN_ORIGIN = "foreign_origin"
    REDIRECT_LOOP = "redirect_loop"
    BAD_REDIRECT = "bad_redirect"
    BAD_REQUEST = "bad_request"
    # statuses
    STATUS_TRANSIENT = "status_transient"
    STATUS_THROTTLED = "status_throttled"
    STATUS_UNAUTHORIZED = "status_unauthorized"
    STATUS_FORBIDDEN = "status_forbidden"
    STATUS_PROXY_AUTH = "status_proxy_auth"
    STATUS_NOT_FOUND = "status_not_found"
    STATUS_GONE = "status_gone"
    STATUS_TOO_LARGE_BATCH = "status_too_large_batch"
    STATUS_UNSUPPORTED = "status_unsupported"
    STATUS_REFUSED = "status_refused"
    STATUS_UNEXPECTED = "status_unexpected"
    CAPTIVE_PORTAL = "captive_portal"
    NOT_MODIFIED_UNASKED = "not_modified_unasked"
    # bodies
    EMPTY = "empty"
    HTML = "html"
    XML = "xml"
    NOT_JSON = "not_json"
    NOT_AN_OBJECT = "not_an_object"
    NOT_THE_API = "not_the_api"
    # meaning
    NO_STATUS = "no_status"
    WRONG_ID = "wrong_id"
    MISSING_FROM_BATCH = "missing_from_batch"
    NO_RESULT = "no_result"
    API_ERROR = "api_error"
    API_REFUSED = "api_refused"
    API_DENIED = "api_denied"
    API_NOT_FOUND = "api_not_found"
    API_THROTTLED = "api_throttled"
    # credentials
    NO_CREDENTIAL = "no_credential"
    TOKEN_REFUSED = "token_refused"  # noqa: S105, a word
    TOKEN_FAILED = "token_failed"  # noqa: S105, a word
    RENEWAL_REFUSED = "renewal_refused"
    RENEWAL_FAILED = "renewal_failed"


_TRANSIENT: Final = FaultRule(Handling.TRANSIENT)
_STRICT: Final = FaultRule(Handling.TRANSIENT, FirstContact.TRIES, Scope.HOST)
_UNREACHED: Final = FaultRule(Handling.TRANSIENT, FirstContact.PATIENCE, Scope.HOST)
_STRICT_OPERATION: Final = FaultRule(Handling.TRANSIENT, FirstContact.TRIES)
_REFUSED: Final = FaultRule(Handling.REFUSED)
_NOT_FOUND: Final = FaultRule(Handling.NOT_FOUND)
_THROTTLED: Final = FaultRule(Handling.THROTTLED)
_DENIED: Final = FaultRule(Handling.DENIED, FirstContact.AT_ONCE, Scope.HOST)

RULES: Final[Mapping[Fault, FaultRule]] = {
    Fault.UNRESOLVED: _UNREACHED,
    Fault.RESOLVER_DOWN: _TRANSIENT,
    Fault.CONNECTION_REFUSED: _UNREACHED,
    Fault.CONNECT_TIMEOUT: _TRANSIENT,
    Fault.CONNECTION_LOST: _TRANSIENT,
    Fault.UNREACHABLE: _TRANSIENT,
    Fault.NO_DESCRIPTORS: _UNREACHED,
    Fault.CERTIFICATE: FaultRule(Handling.TRANSIENT, FirstContact.AT_ONCE, Scope.HOST),
    Fault.TLS: _STRICT,
    Fault.PROXY: _STRICT,
    Fault.OS_ERROR: _TRANSIENT,
    Fault.TIMEOUT: _TRANSIENT,
    Fault.PROTOCOL: _TRANSIENT,
    Fault.TOO_LARGE: _STRICT_OPERATION,
    Fault.ENCODING: _TRANSIENT,
    Fault.TRUNCATED: _TRANSIENT,
    Fault.FOREIGN_ORIGIN: _REFUSED,
    Fault.REDIRECT_LOOP: _REFUSED,
    Fault.BAD_REDIRECT: _REFUSED,
    Fault.BAD_REQUEST: _REFUSED,
    Fault.STATUS_TRANSIENT: _TRANSIENT,
    Fault.STATUS_THROTTLED: _THROTTLED,
    Fault.STATUS_UNAUTHORIZED: _DENIED,
    # One operation may be forbidden and its neighbour not: only asking tells.
    Fault.STATUS_FORBIDDEN: FaultRule(Handling.DENIED, FirstContact.AT_ONCE),
    Fault.STATUS_PROXY_AUTH: FaultRule(Handling.TRANSIENT, FirstContact.AT_ONCE, Scope.HOST),
    Fault.STATUS_NOT_FOUND: _NOT_FOUND,
    Fault.STATUS_GONE: _NOT_FOUND,
    Fault.STATUS_TOO_LARGE_BATCH: _TRANSIENT,
    Fault.STATUS_UNSUPPORTED: FaultRule(Handling.TRANSIENT, FirstContact.AT_ONCE, Scope.OPERATION),
    Fault.STATUS_REFUSED: _REFUSED,
    Fault.STATUS_UNEXPECTED: _TRANSIENT,
    Fault.CAPTIVE_PORTAL: _TRANSIENT,
    Fault.NOT_MODIFIED_UNASKED: _TRANSIENT,
    # An answer of no use is of one URL: the host may serve another one well.
    Fault.EMPTY: _STRICT_OPERATION,
    Fault.HTML: _STRICT_OPERATION,
    Fault.XML: _STRICT_OPERATION,
    Fault.NOT_JSON: _STRICT_OPERATION,
    Fault.NOT_AN_OBJECT: _STRICT_OPERATION,
    Fault.NOT_THE_API: _STRICT,
    Fault.NO_STATUS: _STRICT_OPERATION,
    Fault.WRONG_ID: _TRANSIENT,
    Fault.MISSING_FROM_BATCH: _NOT_FOUND,
    Fault.NO_RESULT: _REFUSED,
    Fault.API_ERROR: _TRANSIENT,
    Fault.API_REFUSED: _REFUSED,
    Fault.API_DENIED: _DENIED,
    Fault.API_NOT_FOUND: _NOT_FOUND,
    Fault.API_THROTTLED: _THROTTLED,
    Fault.NO_CREDENTIAL: FaultRule(Handling.DENIED, FirstContact.AT_ONCE, Scope.HOST),
    # A refused token is the token endpoint's last word: no patience helps.
    Fault.TOKEN_REFUSED: FaultRule(Handling.DENIED, FirstContact.AT_ONCE, Scope.HOST),
    Fault.TOKEN_FAILED: _TRANSIENT,
    Fault.RENEWAL_REFUSED: FaultRule(Handling.DENIED, FirstContact.AT_ONCE, Scope.HOST),
    Fault.RENEWAL_FAILED: _TRANSIENT,
}

# Faults that concern one operation: the host itself has answered properly.
OF_THE_OPERATION: Final = frozenset(
    {
        Fault.TOO_LARGE,
        Fault.FOREIGN_ORIGIN,
        Fault.REDIRECT_LOOP,
        Fault.BAD_REDIRECT,
        Fault.BAD_REQUEST,
        Fault.STATUS_TOO_LARGE_BATCH,
        Fault.NOT_MODIFIED_UNASKED,
        Fault.NOT_AN_OBJECT,
        Fault.NO_STATUS,
        Fault.WRONG_ID,
        Fault.MISSING_FROM_BATCH,
        Fault.NO_RESULT,
    }
)

# What an API answers to a request that it does not take.
REFUSED_BY_API: Final = frozenset({Fault.STATUS_REFUSED, Fault.API_REFUSED})

# Faults of a whole batch that one of its members may be the reason of, or their number.
OF_A_MEMBER: Final = frozenset(
    {
        Fault.STATUS_TOO_LARGE_BATCH,
        Fault.STATUS_REFUSED,
        Fault.STATUS_NOT_FOUND,
        Fault.STATUS_GONE,
        Fault.STATUS_FORBIDDEN,
        Fault.API_REFUSED,
        Fault.API_NOT_FOUND,
    }
)

# With a status they are about where an answer leads, not about a URL that was named otherwise.
OF_A_REDIRECT: Final = frozenset({Fault.FOREIGN_ORIGIN, Fault.REDIRECT_LOOP, Fault.BAD_REDIRECT})

# Faults for which a second opinion is worthless even in the middle of a wait.
FINAL_AT_ONCE: Final = frozenset({Fault.NO_CREDENTIAL, Fault.TOKEN_REFUSED, Fault.RENEWAL_REFUSED})

# Three answers over the limit are no accident: the resource is that large.
FINAL_AFTER_TRIES: Final = frozenset({Fault.TOO_LARGE})


@dataclass(frozen=True, slots=True)
class Trouble:
    """One poll gone wrong.

    *detail* is the library's or the API's own text (hostile until cleaned).
    *status* is the HTTP status, if one came. *wait* is the pause in seconds
    that the server named. *host* names who answered or did not. *unsent* tells
    that nothing of the request has left this machine. *speaker* tells whose answer it
    seems to be. *anonymous* tells that no credential was sent, *asks_for* which schemes of
    authentication the answer names (RFC 9110 §11.6.1). *token_endpoint* is the origin of
    the endpoint that was asked for a token, if it is the one in trouble and not the API.
    """

    fault: Fault
    detail: str = ""
    status: int | None = None
    wait: float | None = None
    host: str = ""
    unsent: bool = field(default=False, compare=False)
    speaker: Speaker = field(default=Speaker.API, compare=False)
    anonymous: bool = field(default=False, compare=False)
    asks_for: tuple[str, ...] = field(default=(), compare=False)
    token_endpoint: str = field(default="", compare=False)

    @property
    def rule(self) -> FaultRule:
        """How this is handled."""
        return RULES[self.fault]

    def handling(self, *, seen: bool) -> Handling:
        """Return what this means for an operation, or a host, that was *seen* before.

        Once the API has answered, only the API itself can say that something is gone, or
        refuse: a login page, a balancer or a captive portal, which redirects, comes and goes.
        """
        handling = self.rule.handling
        if not seen or handling not in {Handling.NOT_FOUND, Handling.REFUSED}:
            return handling
        redirected = self.fault in OF_A_REDIRECT and self.status is not None
        is_others = self.speaker is Speaker.OTHER or redirected
        return Handling.TRANSIENT if is_others else handling


_TRANSIENT_STATUS: Final = frozenset(
    {408, 425, 500, 502, 503, 504, *range(520, 528), 529, 598, 599}
)
_OF_STATUS: Final[Mapping[int, Fault]] = {
    304: Fault.NOT_MODIFIED_UNASKED,
    401: Fault.STATUS_UNAUTHORIZED,
    403: Fault.STATUS_FORBIDDEN,
    404: Fault.STATUS_NOT_FOUND,
    407: Fault.STATUS_PROXY_AUTH,
    410: Fault.STATUS_GONE,
    413: Fault.STATUS_TOO_LARGE_BATCH,
    414: Fault.STATUS_TOO_LARGE_BATCH,
    429: Fault.STATUS_THROTTLED,
    501: Fault.STATUS_UNSUPPORTED,
    505: Fault.STATUS_UNSUPPORTED,
    511: Fault.CAPTIVE_PORTAL,
}


def fault_of_status(status: int, *, wait_named: bool, quota_empty: bool) -> Fault | None:
    """Return the fault that an HTTP *status* is, None for one of success.

    *wait_named* tells that the answer names a pause, *quota_empty* that its
    rate headers say nothing is left: either makes 403 and 503 a rate limit.
    """
    if status in {403, 503} and (wait_named or (quota_empty and status == 403)):  # noqa: PLR2004
        return Fault.STATUS_THROTTLED
    if status in _TRANSIENT_STATUS:
        return Fault.STATUS_TRANSIENT
    if status in _OF_STATUS:
        return _OF_STATUS[status]
    match status // 100:
        case 2:
            return None if status != 206 else Fault.STATUS_UNEXPECTED  # noqa: PLR2004
        case 4:
            return Fault.STATUS_REFUSED
        case _:
            return Fault.STATUS_UNEXPECTED
