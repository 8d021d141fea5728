"""The faults that opwatch must survive, by number, and the mark that ties a test to them.

Decides what there is to survive. A test carries the numbers of the faults that
it shows, and ``test_catalogue`` sees to it that none is without one:

    @fault(75)
    async def test_an_answer_about_another_operation_is_never_its_state() -> None: ...

    @fault(142, simulated="a suspend needs a machine that may sleep: the clock jumps instead")
    def test_a_suspend_does_not_count_as_lost_contact() -> None: ...
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

GROUPS: Final[Mapping[str, Mapping[int, str]]] = {
    "Network, TLS and proxy": {
        1: "a host name that does not exist",
        2: "a resolver that fails for a while",
        3: "a resolver that hangs",
        4: "a connection refused",
        5: "a connection that is never answered",
        6: "a connection reset, before or within the answer",
        7: "a kept connection that the server has closed",
        8: "a host with one broken address family",
        9: "a certificate that is expired, of an unknown issuer, or for another host",
        10: "a TLS port that speaks plain text",
        11: "a profile that asks over plain http",
        12: "a proxy that is down, refuses, or is misspelt",
        13: "a proxy that answers in the server's place",
        14: "no network at all",
        15: "no file descriptor left",
        16: "more requests than connections",
    },
    "HTTP status": {
        17: "redirects within the origin, and a loop of them",
        18: "a redirect to another origin",
        19: "a redirect from https to http",
        20: "a 304 that was not asked for",
        21: "a 304 that was asked for",
        22: "a validator that says nothing about the state",
        23: "a status that refuses the request",
        24: "a 401 at first contact",
        25: "a 401 after hours",
        26: "a 403 at first contact",
        27: "a 403 in the middle of a wait",
        28: "a 404 just after the operation was created",
        29: "a 404 or 410 about an operation that was seen",
        30: "a status of a passing trouble",
        31: "a status of a server that cannot, and of a captive portal",
        32: "a status of success other than 200",
        33: "a success without a body",
        34: "a partial answer that was not asked for",
        35: "a status beyond the known ones, a flood of 1xx, a garbage status line",
        36: "control characters in a reason phrase or a header",
    },
    "Rate limits": {
        37: "Retry-After in seconds",
        38: "Retry-After as a date, on a machine whose clock is wrong",
        39: "Retry-After in the past, or 0",
        40: "Retry-After that is no number and no date",
        41: "Retry-After of hours, days and ages",
        42: "429 without a hint",
        43: "rate-limit headers, old and new, in every unit",
        44: "a limit shared with other processes",
        45: "nothing but 429 for an hour",
    },
    "Bodies": {
        46: "a body cut before its Content-Length",
        47: "a body cut where only the end of the connection ends it",
        48: "a gzip stream without its end",
        49: "a login page with status 200",
        50: "JSON under a wrong Content-Type",
        51: "a byte order mark, UTF-16 and UTF-32",
        52: "Latin-1 and invalid UTF-8",
        53: "NaN, Infinity and 1e999",
        54: "integers of thousands of digits, and beyond 2^53",
        55: "brackets nested a hundred thousand deep",
        56: "a key that comes twice",
        57: "a lone surrogate",
        58: "NUL and ESC written as JSON escapes",
        59: "a list, a number, null or a string at the top",
        60: "a body of a gigabyte",
        61: "a decompression bomb, and codings over one another",
        62: "headers without end",
        63: "a body that drips",
        64: "bad chunks, contradicting lengths, stray bytes",
        65: "an unknown charset or content coding",
    },
    "Odd meaning": {
        66: "a status word that nobody knows",
        67: "a status that is missing, null, a number, a list, or oddly spelt",
        68: "a state that goes backwards",
        69: "a terminal state that is taken back",
        70: "a word of success beside an error",
        71: "a percentage that falls, jumps or stalls",
        72: "a percentage that is none",
        73: "a ratio of nothing, and more done than there is",
        74: "an answer without an id",
        75: "an answer about another operation",
        76: "the same operation named twice",
        77: "a batch answer that lacks operations",
        78: "a batch answer in another order, with strangers and twins",
        79: "a batch that is too large",
        80: "pages that go round, or lead elsewhere",
        81: "times in the future, in the year 0, or none at all",
        82: "an operation that never ends",
        83: "nothing to watch",
    },
    "Credentials": {
        84: "no keyring",
        85: "a locked keyring",
        86: "a keyring that waits for somebody",
        87: "a keyring that knows nothing",
        88: "a helper that is not there, or lies in wait in the current directory",
        89: "a helper that fails",
        90: "a helper that hangs",
        91: "a helper whose child keeps the pipe open",
        92: "a helper that prints something else",
        93: "a token that no header may carry",
        94: "an empty token, and a scheme written twice",
        95: "a token endpoint that is down, refuses, or answers oddly",
        96: "a thousand operations that need the same renewal",
        97: "a renewed token that is refused as well",
        98: "two runs that renew one token",
    },
    "Ids and URLs": {
        99: "dots that climb out of the path",
        100: "a slash in an id",
        101: "a question mark or a hash in an id",
        102: "spaces, emoji and right-to-left marks in an id",
        103: "a newline or NUL in an id",
        104: "an id that looks like an option",
        105: "an empty id",
        106: "an id that looks like a URL",
        107: "a URL that two parsers read differently",
    },
    "Configuration": {
        108: "a file that is missing, unreadable, endless, or no file",
        109: "tabs, bad indents, control characters",
        110: "an alias bomb",
        111: "nesting without end",
        112: "a key that comes twice",
        113: "a key that is misspelt",
        114: "words that YAML takes for something else",
        115: "tags that make objects",
        116: "several documents, or one that is no mapping",
        117: "inheritance that goes round, too deep, or nowhere",
        118: "an environment variable that is not set",
        119: "a secret in a file that others may read",
        120: "a configuration in the current directory",
        121: "a regular expression that is wrong, or never done",
        122: "intervals that are none",
    },
    "Hostile text": {
        123: "terminal escape sequences",
        124: "line breaks of every kind",
        125: "marks that turn the direction of writing",
        126: "the markup of our own renderer",
        127: "a line of a megabyte, stacked accents, wide characters",
        128: "commands to a CI runner",
        129: "our own secret, sent back",
    },
    "Process and machine": {
        130: "Ctrl-C",
        131: "SIGTERM and SIGHUP",
        132: "signals that were ignored when we started",
        133: "Ctrl-Z and back",
        134: "a reader that leaves",
        135: "a full disk",
        136: "a standard output that is closed",
        137: "a terminal without columns, and one that is resized in a storm",
        138: "no terminal, a dumb one, NO_COLOR, CI",
        139: "a locale without Unicode",
        140: "ten thousand operations on the screen",
        141: "ten thousand operations in the engine",
        142: "a laptop that slept",
        143: "a wall clock that jumps by years",
        144: "a process that was stopped for ten minutes",
        145: "no memory left",
        146: "a terminal that dies under the bars",
        147: "an end and the deadline in the same moment",
        148: "a bug in opwatch",
    },
}
TITLES: Final[Mapping[int, str]] = {
    number: title for faults in GROUPS.values() for number, title in faults.items()
}


def fault(*numbers: int, simulated: str = "") -> pytest.MarkDecorator:
    """Mark a test that shows how the faults *numbers* are survived.

    *simulated* says why the fault is played at a seam, when it cannot be had
    for real on one machine.
    """
    unknown = set(numbers) - set(TITLES)
    if unknown or not numbers:
        raise ValueError(f"no such fault: {sorted(unknown)}")
    return pytest.mark.fault(*numbers, simulated=simulated)


def shown_by(item: pytest.Item) -> Iterator[tuple[int, str]]:
    """Yield each fault that *item* shows, and why it is simulated, empty if it is not."""
    for mark in item.iter_markers("fault"):
        for number in mark.args:
            yield number, mark.kwargs["simulated"]
