"""The words for every member of the closed sets; a test proves each table total.

Decides what a state, an outcome, a reason, a fault and an exit code are called
in front of a person. ``sentences`` puts them together.
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

STATES: Final[Mapping[State, str]] = {each: each.value for each in State}
OUTCOMES: Final[Mapping[Outcome, str]] = {
    **{each: each.value for each in Outcome},
    Outcome.NOT_FOUND: "not found",
    Outcome.TIMED_OUT: "out of time",
    Outcome.PENDING: "not over yet",
}
NO_SUCCESS: Final = tuple(OUTCOMES[each] for each in Outcome if each is not Outcome.SUCCEEDED)

# What stands behind "exit 124: ".
CAUSES: Final[Mapping[Abort | Outcome, str]] = {
    **dict(OUTCOMES.items()),
    Abort.HANGUP: "the terminal was closed; nothing remote was cancelled",
    Abort.INTERRUPTED: "interrupted; nothing remote was cancelled",
    Abort.TERMINATED: "terminated; nothing remote was cancelled",
    Abort.PIPE_CLOSED: "the reader of the output has left",
    Abort.USAGE: "nothing was requested",
    Abort.BUG: "a bug in opwatch",
    Abort.UNWRITABLE: "the output, or a result, could not be written",
}

# {trouble} is the last one, {brief} the same with how often it occurred in a row, {age} the
# time since the last confirmation, {still} the time since the last change, {state}, {status}
# and {contradiction} the last known ones, {warnings} the API's words about them.
REASONS: Final[Mapping[Reason, str]] = {
    Reason.LOST_CONTACT: "not confirmed for {age}: {brief}",
    Reason.UNREACHABLE: "{trouble}",
    Reason.REFUSED: "{trouble}",
    Reason.UNKNOWN_STATUS: "the profile does not know the status {status}",
    Reason.CONTRADICTED: "the answer contradicts itself ({contradiction})",
    Reason.DENIED: "{trouble}",
    Reason.NO_CREDENTIAL: "{trouble}",
    Reason.NEVER_FOUND: "the API does not know it: {trouble}",
    Reason.GONE: "was {state}, then gone: {brief}",
    Reason.DEADLINE: "still {state} at the deadline",
    Reason.RATE_LIMITED: "the host asks for a longer pause than there is time for",
    Reason.STALLED: "{state} without any change for {still}",
    Reason.BLOCKED: "waiting for a person",
    Reason.WARNINGS: "succeeded with warnings{warnings}",
    Reason.NOT_WAITED: "",
    Reason.DETACHED: "no longer watched",
    Reason.GIVEN_UP: "not over within the time that its API allows",
    Reason.STOPPED_EARLY: "no longer watched: another operation has decided the result",
    Reason.NO_RESULT: "its result could not be fetched: {trouble}",
}

SLOWER: Final = (
    "--interval {given:g}s is too short for a host that is not this machine: "
    "each operation is asked about every {kept:g}s"
)

NOTHING_TO_FETCH: Final = (
    "profile {profile} names no result of its operations: {option} has nothing to fetch"
)

# Of an operation that reports an end which is not confirmed yet.
ENDED_BEFORE: Final = "ended before"
"""Of an operation whose end is recorded, and was confirmed by an earlier process."""
NOTHING_LEFT: Final = "nothing; all had ended before"
TO_BE_SURE: Final = "asking once more to be sure"
ASKED_ANOTHER: Final = "asked another run to wait"
"""Of a host whose pause for one process holds all of a user."""
SO_FAR: Final = "not found so far"
NO_ANSWER: Final = "no answer"
WHY_NOT: Final = "why it failed could not be had: {trouble}"
NOT_ASKED: Final = "not asked why it failed: too many did"
UNCONFIRMED: Final = "unconfirmed"

# {text} is that of the event.
ODDITIES: Final[Mapping[Oddity, str]] = {
    Oddity.UNKNOWN_STATUS: "unknown status “{text}”, treated as running",
    Oddity.CONTRADICTION: "the answer contradicts itself ({text}), looking again",
    Oddity.WAIT_CAPPED: "the server asks for a pause of {text} s; opwatch waits an hour at most",
    Oddity.SLOW: "it has taken more than twice as long as usual ({text} s)",
    Oddity.WAIT_LONG: "the answer asks for a pause of {text} s, ten times the longest of its "
    "profile; if the unit is wrong, see `as` under `wait`",
    Oddity.BATCH_HALVED: "a request about {text} operations was refused; asking about half as many",
    Oddity.NOTE: "{text}",
}


@dataclass(frozen=True, slots=True)
class FaultWords:
    """What one fault is called.

    *brief* fits beside a bar. *full* says what happened, after the operation's name.
    *fix* says what to do about it.

    The templates of *brief* and *full* may have {host}, {status} and {detail}: a colon and
    the text of the API or the library, or nothing. *fix* may have {host}, {profile} and whole
    commands for a shell: {explain}, {auth_test}, {auth_status} and {profile_new}.
    """

    brief: str
    full: str
    fix: str


_WAIT: Final = "try again later; nothing remote was cancelled"
_EXPLAIN: Final = "see the request, and with --answer FILE how its answer is read:  {explain}"
_NETWORK: Final = "check the network, VPN or firewall between here and {host}"
_LOGIN: Final = "renew or replace the credential; check it with  {auth_test}"
_REPORT: Final = "try again later, or tell whoever runs {host}; nothing remote was cancelled"
_BASE_URL: Final = "check base_url and the parameters of profile {profile}"
_SLOWER: Final = "ask less often (wait --interval), or let fewer clients share the token"
_TARGET: Final = "check the id and the profile; " + _EXPLAIN

FAULTS: Final[Mapping[Fault, FaultWords]] = {
    Fault.UNRESOLVED: FaultWords(
        "cannot resolve {host}",
        "cannot resolve {host} (check the name)",
        _BASE_URL,
    ),
    Fault.RESOLVER_DOWN: FaultWords(
        "name resolution is down",
        "cannot resolve {host} at the moment: name resolution is down",
        "check the network and its DNS servers",
    ),
    Fault.CONNECTION_REFUSED: FaultWords(
        "connection refused",
        "{host} refused the connection (is the port right?)",
        _BASE_URL,
    ),
    Fault.CONNECT_TIMEOUT: FaultWords(
        "connection timed out", "the connection to {host} timed out{detail}", _NETWORK
    ),
    Fault.CONNECTION_LOST: FaultWords(
        "connection lost", "{host} closed the connection without answering", _WAIT
    ),
    Fault.UNREACHABLE: FaultWords("offline", "no route to {host}: the network is down", _NETWORK),
    Fault.NO_DESCRIPTORS: FaultWords(
        "too many open files",
        "the limit of open files on this machine has been reached",
        "raise the limit with  ulimit -n 1024",
    ),
    Fault.CERTIFICATE: FaultWords(
        "certificate rejected",
        "the certificate of {host} was rejected{detail}",
        "if {host} has a private CA, add it with --ca-file; otherwise check the certificate's "
        "name and dates",
    ),
    Fault.TLS: FaultWords(
        "TLS handshake failed",
        "the TLS handshake with {host} failed (is this an https port?){detail}",
        "check the scheme and port of base_url in profile {profile}",
    ),
    # The host of these two is the proxy, where it is known.
    Fault.PROXY: FaultWords(
        "proxy error",
        "the connection through the proxy failed ({host}){detail}",
        "check HTTPS_PROXY and NO_PROXY",
    ),
    Fault.OS_ERROR: FaultWords(
        "system error", "the system refused the connection to {host}{detail}", _NETWORK
    ),
    Fault.TIMEOUT: FaultWords(
        "no answer in time", "{host} did not finish its answer in time", _WAIT
    ),
    Fault.PROTOCOL: FaultWords("malformed HTTP", "{host} sent malformed HTTP{detail}", _REPORT),
    Fault.TOO_LARGE: FaultWords(
        "answer too large",
        "{host} sent an answer of more than 8 MiB",
        "let the profile request less; " + _EXPLAIN,
    ),
    Fault.ENCODING: FaultWords(
        "unreadable encoding",
        "{host} used a content encoding that was not requested{detail}",
        _REPORT,
    ),
    Fault.TRUNCATED: FaultWords("answer cut off", "the answer from {host} was cut off", _WAIT),
    Fault.FOREIGN_ORIGIN: FaultWords(
        "other origin refused",
        "refused to send the request to another origin{detail} (no credential was sent)",
        "if you trust that host, list it under allow_hosts in profile {profile}; if the API has "
        "moved there, name it with --base-url",
    ),
    Fault.REDIRECT_LOOP: FaultWords(
        "too many redirects", "{host} redirected too many times{detail}", _TARGET
    ),
    Fault.BAD_REDIRECT: FaultWords(
        "bad redirect", "{host} redirected to an unusable address{detail}", _TARGET
    ),
    Fault.BAD_REQUEST: FaultWords("invalid request", "the request cannot be sent{detail}", _TARGET),
    Fault.STATUS_TRANSIENT: FaultWords(
        "HTTP {status}", "{host} answered HTTP {status}{detail}", _REPORT
    ),
    Fault.STATUS_THROTTLED: FaultWords(
        "rate limited",
        "{host} is limiting the rate of requests (HTTP {status}){detail}",
        _SLOWER,
    ),
    Fault.STATUS_UNAUTHORIZED: FaultWords(
        "HTTP 401, credential refused", "{host} refused the credential (HTTP 401){detail}", _LOGIN
    ),
    Fault.STATUS_FORBIDDEN: FaultWords(
        "HTTP 403, not allowed",
        "the credential has no permission for this at {host} (HTTP 403){detail}",
        "get permission, or use another credential; check it with  {auth_test}",
    ),
    Fault.STATUS_PROXY_AUTH: FaultWords(
        "proxy login required",
        "the proxy requires a login ({host}, HTTP 407)",
        "put the user name and password into HTTPS_PROXY",
    ),
    Fault.STATUS_NOT_FOUND: FaultWords("HTTP 404", "{host} answered HTTP 404{detail}", _TARGET),
    Fault.STATUS_GONE: FaultWords(
        "HTTP 410",
        "{host} answered HTTP 410{detail}",
        "the API has removed the operation; there is nothing to do",
    ),
    Fault.STATUS_TOO_LARGE_BATCH: FaultWords(
        "HTTP {status}",
        "{host} reports that the request is too large (HTTP {status})",
        "set a smaller batch.max in profile {profile}",
    ),
    Fault.STATUS_UNSUPPORTED: FaultWords(
        "HTTP {status}", "{host} does not support this request (HTTP {status})", _TARGET
    ),
    Fault.STATUS_REFUSED: FaultWords(
        "HTTP {status}", "{host} refused the request (HTTP {status}){detail}", _EXPLAIN
    ),
    Fault.STATUS_UNEXPECTED: FaultWords(
        "HTTP {status}",
        "{host} answered HTTP {status}, which is not a known status{detail}",
        _TARGET,
    ),
    Fault.CAPTIVE_PORTAL: FaultWords(
        "network login required",
        "the network between here and {host} requires a login (HTTP 511)",
        "open any web page in a browser and sign in there",
    ),
    Fault.NOT_MODIFIED_UNASKED: FaultWords(
        "unexpected HTTP 304",
        "{host} answered HTTP 304 (not modified) to a request that did not allow it",
        "set conditional: false in profile {profile}",
    ),
    Fault.EMPTY: FaultWords("empty answer", "{host} sent an empty answer", _EXPLAIN),
    Fault.HTML: FaultWords(
        "a web page, not JSON",
        "{host} sent a web page, not JSON (a login page or a proxy?){detail}",
        "check base_url of profile {profile}; " + _EXPLAIN,
    ),
    Fault.NOT_THE_API: FaultWords(
        "not the API's answer",
        "{host} answered in place of the API behind it (HTTP {status}){detail}",
        "check base_url of profile {profile}",
    ),
    Fault.XML: FaultWords(
        "XML, not JSON",
        "{host} sent XML, not JSON{detail}",
        "if the API offers JSON, let profile {profile} ask for it with an Accept header; "
        + _EXPLAIN,
    ),
    Fault.NOT_JSON: FaultWords(
        "invalid JSON", "the answer from {host} is not valid JSON{detail}", _EXPLAIN
    ),
    Fault.NOT_AN_OBJECT: FaultWords(
        "unexpected JSON",
        "the answer from {host} does not have the shape that the profile expects{detail}",
        _EXPLAIN,
    ),
    Fault.NO_STATUS: FaultWords(
        "no status in the answer",
        "the answer from {host} has no status where the profile looks for it{detail}",
        _EXPLAIN,
    ),
    Fault.WRONG_ID: FaultWords(
        "answer about another operation",
        "the answer from {host} is about another operation{detail}",
        "a cache or proxy may be mixing up answers; " + _EXPLAIN,
    ),
    Fault.MISSING_FROM_BATCH: FaultWords(
        "missing from the answer", "{host} left the operation out of its answer{detail}", _TARGET
    ),
    Fault.NO_RESULT: FaultWords(
        "no result",
        "{host} has no result where the profile looks for it{detail}",
        "check `result` in profile {profile}; " + _EXPLAIN,
    ),
    Fault.API_ERROR: FaultWords("API error", "{host} reports an error{detail}", _REPORT),
    Fault.API_REFUSED: FaultWords(
        "refused by the API", "{host} refused the request{detail}", _EXPLAIN
    ),
    Fault.API_DENIED: FaultWords("access denied", "{host} denied access{detail}", _LOGIN),
    Fault.API_NOT_FOUND: FaultWords(
        "unknown to the API", "{host} reports that there is no such operation{detail}", _TARGET
    ),
    Fault.API_THROTTLED: FaultWords(
        "rate limited",
        "{host} is limiting the rate of requests{detail}",
        _SLOWER,
    ),
    Fault.NO_CREDENTIAL: FaultWords(
        "no credential",
        "no credential for {host}{detail}",
        "provide a credential; see where opwatch looks with  {auth_status}",
    ),
    Fault.TOKEN_REFUSED: FaultWords("no token", "{host} gives no token{detail}", _LOGIN),
    Fault.TOKEN_FAILED: FaultWords("no token yet", "{host} gives no token yet{detail}", _WAIT),
    Fault.RENEWAL_REFUSED: FaultWords(
        "renewal refused", "the renewal of the credential was refused{detail}", _LOGIN
    ),
    Fault.RENEWAL_FAILED: FaultWords(
        "renewal failed",
        "the credential cannot be renewed at the moment{detail}",
        "try again later; see what is found now with  {auth_status}",
    ),
}

# The same for a 503 that names a pause: it has nothing to do with how often it is asked.
UNAVAILABLE: Final = FaultWords(
    "HTTP 503",
    "{host} is unavailable and asks for a pause (HTTP 503){detail}",
    _REPORT,
)

# The same where it was the token endpoint that was asked: {host} then names it.
OF_TOKEN_ENDPOINT: Final[Mapping[Fault, FaultWords]] = {
    **{
        fault: FaultWords(
            FAULTS[fault].brief, FAULTS[fault].full, "check token_url of profile {profile}"
        )
        for fault in (Fault.UNRESOLVED, Fault.CONNECTION_REFUSED, Fault.TLS, Fault.TOO_LARGE)
    },
    Fault.RENEWAL_REFUSED: FaultWords(
        "renewal refused", "{host} gives no new token{detail}", _LOGIN
    ),
    Fault.RENEWAL_FAILED: FaultWords(
        "renewal failed", "{host} gives no new token at the moment{detail}", _WAIT
    ),
}

# The same where no credential was sent: {detail} then holds what the answer asks for as well.
ANONYMOUS: Final[Mapping[Fault, FaultWords]] = {
    Fault.STATUS_UNAUTHORIZED: FaultWords(
        "HTTP 401, no credential sent",
        "{host} wants a credential, and none was sent (HTTP 401){detail}",
        "provide a credential; see where opwatch looks with  {auth_status}",
    ),
    Fault.STATUS_FORBIDDEN: FaultWords(
        "HTTP 403, no credential sent",
        "{host} does not allow this without a credential (HTTP 403){detail}",
        "provide a credential; see where opwatch looks with  {auth_status}",
    ),
}
# What to do where the answer asks for other schemes than a bearer token: {schemes}.
ASKS_FOR: Final = (
    "{host} asks for {schemes}: it takes a profile with that `auth`, see docs/credentials.md"
)

# What to do instead where the profile was assumed, and the host is not known; {options} are words
# for a shell.
WRITE_PROFILE: Final = "write a profile for this API with  {profile_new}"
BELIEVE: Final = (
    "if {field} is right, add  my-{profile}: {{extends: {profile}, verify: {{ignore: [{other}]}}}}"
    "  under profiles: in {file}, and name it:  {options}"
)
_OWNER: Final = "name its profile with -p, or give a bearer token for it with --token-stdin"
FIXES_WITHOUT_PROFILE: Final[Mapping[Fault, str]] = {
    Fault.STATUS_UNAUTHORIZED: _OWNER,
    Fault.STATUS_FORBIDDEN: _OWNER,
    Fault.API_DENIED: _OWNER,
    Fault.NO_CREDENTIAL: _OWNER,
    Fault.NO_STATUS: WRITE_PROFILE,
    Fault.NOT_AN_OBJECT: WRITE_PROFILE,
    Fault.NOT_JSON: WRITE_PROFILE,
    Fault.EMPTY: WRITE_PROFILE,
    Fault.HTML: "check the URL: it answers with a web page",
    Fault.XML: "check the URL: it answers with XML",
    Fault.UNRESOLVED: "check the host in the URL",
    Fault.CONNECTION_REFUSED: "check host and port of the URL",
    Fault.TLS: "check scheme and port of the URL",
    Fault.FOREIGN_ORIGIN: "a profile can trust that host with allow_hosts; " + WRITE_PROFILE,
}
