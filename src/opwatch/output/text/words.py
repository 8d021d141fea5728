"""The words for every member of the closed sets; a test proves each table total.

Decides what a state, an outcome, a reason, a fault and an exit code are called
in front of a person. Sentences are made of these in ``wording``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from opwatch.domain.events import Oddity
from opwatch.domain.operation import State
from opwatch.domain.outcome import Abort, Outcome, Reason
from opwatch.domain.trouble import Fault

if TYPE_CHECKING:
    from collections.abc import Mapping

STATES: Final[Mapping[State, str]] = {
    State.PENDING: "pending",
    State.RUNNING: "running",
    State.BLOCKED: "blocked",
    State.SUCCEEDED: "succeeded",
    State.FAILED: "failed",
    State.CANCELLED: "cancelled",
}

OUTCOMES: Final[Mapping[Outcome, str]] = {
    Outcome.SUCCEEDED: "succeeded",
    Outcome.FAILED: "failed",
    Outcome.CANCELLED: "cancelled",
    Outcome.DENIED: "denied",
    Outcome.NOT_FOUND: "not found",
    Outcome.UNKNOWN: "unknown",
    Outcome.TIMED_OUT: "out of time",
    Outcome.PENDING: "not over yet",
}

# What stands behind "exit 124: ".
CAUSES: Final[Mapping[Abort | Outcome, str]] = {
    **dict(OUTCOMES.items()),
    Abort.HANGUP: "the terminal has gone; nothing remote was cancelled",
    Abort.INTERRUPTED: "interrupted; nothing remote was cancelled",
    Abort.TERMINATED: "terminated; nothing remote was cancelled",
    Abort.PIPE_CLOSED: "the reader of the output has gone",
    Abort.USAGE: "nothing was asked",
    Abort.BUG: "a bug in opwatch",
    Abort.UNWRITABLE: "the output, or a result, could not be written",
}

# {trouble} is the last one, {brief} the same with how often it came in a row, {age} the time
# since the last confirmation, {still} the time since the last change, {state} and {status} the
# last known ones.
REASONS: Final[Mapping[Reason, str]] = {
    Reason.LOST_CONTACT: "not confirmed for {age}: {brief}",
    Reason.UNREACHABLE: "{trouble}",
    Reason.REFUSED: "{trouble}",
    Reason.UNKNOWN_STATUS: "the profile does not know the status {status}",
    Reason.DENIED: "{trouble}",
    Reason.NO_CREDENTIAL: "{trouble}",
    Reason.NEVER_FOUND: "the API does not know it: {trouble}",
    Reason.GONE: "was {state}, then gone: {brief}",
    Reason.DEADLINE: "still {state} at the deadline",
    Reason.RATE_LIMITED: "rate limited past the deadline",
    Reason.STALLED: "{state} without any change for {still}",
    Reason.BLOCKED: "waits for a person",
    Reason.NOT_WAITED: "",
    Reason.DETACHED: "no longer watched",
    Reason.GIVEN_UP: "not over in the time that its API allows",
    Reason.STOPPED_EARLY: "no longer watched: another one has decided",
    Reason.NO_RESULT: "its result could not be had: {trouble}",
}

# {text} is what the event says.
ODDITIES: Final[Mapping[Oddity, str]] = {
    Oddity.UNKNOWN_STATUS: "unknown status “{text}”, taken for running",
    Oddity.WAIT_CAPPED: "the server asks for a pause of {text} s; an hour is the most",
    Oddity.BATCH_HALVED: "{text} operations in one request are too many; asking in halves",
    Oddity.NOTE: "{text}",
}


@dataclass(frozen=True, slots=True)
class FaultWords:
    """What one fault is called.

    *brief* fits beside a bar. *full* says what happened, to be put behind an
    operation's name. *fix* says what to do about it.

    Templates know {host} and {status}; {detail} is ``: `` and the API's or the
    library's text, or nothing; {profile} and {reference} are for commands.
    """

    brief: str
    full: str
    fix: str


_WAIT: Final = "try again later; the operation itself goes on"
_EXPLAIN: Final = "see what is asked and read with  opwatch profile explain {command}"
_NETWORK: Final = "check the network, VPN or firewall between here and {host}"
_LOGIN: Final = "renew the credential; see what is found with  opwatch auth test -p {profile}"
_REPORT: Final = "try again later, or tell those who run {host}; the operation itself goes on"
_TARGET: Final = "check the id and the profile; " + _EXPLAIN

FAULTS: Final[Mapping[Fault, FaultWords]] = {
    Fault.UNRESOLVED: FaultWords(
        "cannot resolve {host}",
        "cannot resolve {host} (check the name)",
        "check base_url and parameters of profile {profile}",
    ),
    Fault.RESOLVER_DOWN: FaultWords(
        "name resolution is down",
        "cannot resolve {host} at the moment: name resolution is down",
        "check the network and its DNS",
    ),
    Fault.CONNECTION_REFUSED: FaultWords(
        "connection refused",
        "{host} refused the connection (is it the right port?)",
        "check base_url and parameters of profile {profile}",
    ),
    Fault.CONNECT_TIMEOUT: FaultWords(
        "no connection in time", "{host} could not be connected to in time{detail}", _NETWORK
    ),
    Fault.CONNECTION_LOST: FaultWords(
        "connection lost", "{host} closed the connection without an answer", _WAIT
    ),
    Fault.UNREACHABLE: FaultWords("offline", "no way to {host}: the network is down", _NETWORK),
    Fault.NO_DESCRIPTORS: FaultWords(
        "too many open files",
        "this machine allows opwatch no more open files",
        "raise the limit with  ulimit -n 1024",
    ),
    Fault.CERTIFICATE: FaultWords(
        "certificate refused",
        "certificate refused{detail} (--ca-file adds a CA)",
        "if {host} has a private CA, name it with --ca-file; otherwise the name may be wrong",
    ),
    Fault.TLS: FaultWords(
        "no TLS",
        "{host} does not speak TLS (is this an https port?){detail}",
        "check scheme and port of base_url in profile {profile}",
    ),
    Fault.PROXY: FaultWords(
        "proxy trouble",
        "the proxy did not let us through to {host}{detail}",
        "check HTTPS_PROXY and NO_PROXY",
    ),
    Fault.OS_ERROR: FaultWords("system error", "the system refused{detail}", _NETWORK),
    Fault.TIMEOUT: FaultWords(
        "no answer in time", "{host} did not finish its answer in time", _WAIT
    ),
    Fault.PROTOCOL: FaultWords("broken HTTP", "{host} answered with broken HTTP{detail}", _REPORT),
    Fault.TOO_LARGE: FaultWords(
        "answer too large",
        "{host} answered with more than 8 MiB",
        "ask for less: " + _EXPLAIN,
    ),
    Fault.ENCODING: FaultWords(
        "unreadable encoding",
        "{host} answered in an encoding that was not asked for{detail}",
        _REPORT,
    ),
    Fault.TRUNCATED: FaultWords("answer cut off", "the answer of {host} was cut off", _WAIT),
    Fault.FOREIGN_ORIGIN: FaultWords(
        "other origin refused",
        "refused to go to another origin{detail} (credentials not sent)",
        "if that host is to be trusted, list it under allow_hosts in the profile",
    ),
    Fault.REDIRECT_LOOP: FaultWords(
        "redirected in circles", "{host} redirects too often{detail}", _TARGET
    ),
    Fault.BAD_REDIRECT: FaultWords(
        "bad redirect", "{host} redirects to no usable address{detail}", _TARGET
    ),
    Fault.BAD_REQUEST: FaultWords(
        "request not possible", "this request cannot be sent{detail}", _TARGET
    ),
    Fault.STATUS_TRANSIENT: FaultWords("HTTP {status}", "HTTP {status}{detail}", _REPORT),
    Fault.STATUS_THROTTLED: FaultWords(
        "rate limited",
        "{host} limits the rate of requests (HTTP {status})",
        "ask less often with --interval, or share the token with fewer clients",
    ),
    Fault.STATUS_UNAUTHORIZED: FaultWords(
        "HTTP 401, credential refused", "{host} refused the credential (HTTP 401){detail}", _LOGIN
    ),
    Fault.STATUS_FORBIDDEN: FaultWords(
        "HTTP 403, not allowed",
        "the credential may not see this at {host} (HTTP 403){detail}",
        "ask for the permission, or use another credential:  opwatch auth test -p {profile}",
    ),
    Fault.STATUS_PROXY_AUTH: FaultWords(
        "the proxy wants a login",
        "the proxy before {host} wants a login (HTTP 407)",
        "put user and password into HTTPS_PROXY",
    ),
    Fault.STATUS_NOT_FOUND: FaultWords("HTTP 404", "HTTP 404 at {host}{detail}", _TARGET),
    Fault.STATUS_GONE: FaultWords(
        "HTTP 410", "HTTP 410 at {host}{detail}", "it has been removed there; nothing is to be done"
    ),
    Fault.STATUS_TOO_LARGE_BATCH: FaultWords(
        "HTTP {status}",
        "{host} finds the request too large (HTTP {status})",
        "set a smaller batch size in profile {profile}",
    ),
    Fault.STATUS_UNSUPPORTED: FaultWords(
        "HTTP {status}", "{host} does not support this request (HTTP {status})", _TARGET
    ),
    Fault.STATUS_REFUSED: FaultWords(
        "HTTP {status}", "{host} refused the request (HTTP {status}){detail}", _TARGET
    ),
    Fault.STATUS_UNEXPECTED: FaultWords(
        "HTTP {status}", "{host} answered HTTP {status}, which is no answer{detail}", _TARGET
    ),
    Fault.CAPTIVE_PORTAL: FaultWords(
        "the network wants a login",
        "the network between here and {host} wants a login first (HTTP 511)",
        "open any page in a browser and sign in there",
    ),
    Fault.NOT_MODIFIED_UNASKED: FaultWords(
        "HTTP 304 unasked",
        "{host} answered “not modified” to a question that allowed no such answer",
        "set conditional: false in profile {profile}",
    ),
    Fault.EMPTY: FaultWords("empty answer", "{host} answered with nothing", _TARGET),
    Fault.HTML: FaultWords(
        "a web page, not JSON",
        "expected JSON, got a web page (a login page or a proxy?){detail}",
        "check base_url of profile {profile}; " + _EXPLAIN,
    ),
    Fault.NOT_JSON: FaultWords(
        "no readable JSON", "{host} answered with no readable JSON{detail}", _TARGET
    ),
    Fault.NOT_AN_OBJECT: FaultWords(
        "unexpected JSON",
        "{host} answered with JSON of another shape than the profile reads{detail}",
        _EXPLAIN,
    ),
    Fault.NO_STATUS: FaultWords(
        "no status in the answer",
        "the answer of {host} holds no status where the profile looks for it{detail}",
        _EXPLAIN,
    ),
    Fault.WRONG_ID: FaultWords(
        "answer for another one",
        "the answer of {host} is for another operation{detail}",
        "a cache or proxy may mix answers up; " + _EXPLAIN,
    ),
    Fault.MISSING_FROM_BATCH: FaultWords(
        "not in the answer", "{host} left it out of its answer{detail}", _TARGET
    ),
    Fault.NO_RESULT: FaultWords(
        "no result",
        "{host} holds no result where the profile looks for it{detail}",
        "check `result` of profile {profile}; " + _EXPLAIN,
    ),
    Fault.API_ERROR: FaultWords("API error", "{host} reports an error{detail}", _REPORT),
    Fault.API_REFUSED: FaultWords(
        "refused by the API", "{host} refused the request{detail}", _TARGET
    ),
    Fault.API_DENIED: FaultWords("access denied", "{host} denied access{detail}", _LOGIN),
    Fault.API_NOT_FOUND: FaultWords(
        "unknown to the API", "{host} says that there is no such operation{detail}", _TARGET
    ),
    Fault.API_THROTTLED: FaultWords(
        "rate limited",
        "{host} limits the rate of requests{detail}",
        "ask less often with --interval, or share the token with fewer clients",
    ),
    Fault.NO_CREDENTIAL: FaultWords("no credential", "no credential for {host}{detail}", _LOGIN),
    Fault.RENEWAL_REFUSED: FaultWords(
        "renewal refused", "the renewal of the credential was refused{detail}", _LOGIN
    ),
    Fault.RENEWAL_FAILED: FaultWords(
        "renewal failed",
        "the credential could not be renewed for now{detail}",
        "check that the token endpoint answers:  opwatch auth test -p {profile}",
    ),
}

# What to do instead about a host whose profile nobody named and that is not known: {url} is
# its reference, quoted for a shell.
_NEW: Final = "write a profile for this API with  opwatch profile new --from {url}"
_WHOSE: Final = "name its profile with -p, or give a bearer token for it with --token-stdin"
FIXES_WITHOUT_PROFILE: Final[Mapping[Fault, str]] = {
    Fault.STATUS_UNAUTHORIZED: _WHOSE,
    Fault.STATUS_FORBIDDEN: _WHOSE,
    Fault.API_DENIED: _WHOSE,
    Fault.NO_CREDENTIAL: _WHOSE,
    Fault.NO_STATUS: _NEW,
    Fault.NOT_AN_OBJECT: _NEW,
    Fault.NOT_JSON: _NEW,
    Fault.EMPTY: _NEW,
    Fault.HTML: "check the URL: it answers with a web page",
    Fault.UNRESOLVED: "check the host in the URL",
    Fault.CONNECTION_REFUSED: "check host and port of the URL",
    Fault.TLS: "check scheme and port of the URL",
    Fault.FOREIGN_ORIGIN: "a profile can trust that host with allow_hosts; " + _NEW,
}
WRITE_PROFILE: Final = _NEW
