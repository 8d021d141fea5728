"""The mapping of exceptions is total, and its texts hold nothing of ours."""

from __future__ import annotations

import asyncio
import errno
import os
import socket
import ssl
from itertools import product

import h11
import pytest

from opwatch.domain.trouble import Fault, Trouble
from opwatch.http.faults import (
    FaultError,
    ProxyRefusedError,
    RequestPhase,
    RequestTrace,
    trouble_of,
)

CANARY = "canary-7f3a"


CLASSES = [
    each
    for module in (h11, ssl, socket, asyncio)
    for each in vars(module).values()
    if isinstance(each, type)
    and issubclass(each, Exception)
    and issubclass(each, OSError | ValueError | h11.ProtocolError)
]


def in_phase(phase: RequestPhase) -> RequestTrace:
    trace = RequestTrace()
    trace.phase = phase
    return trace


def raised(kind: type[Exception]) -> Exception:
    """Make one without its constructor, which differs from class to class."""
    problem = kind.__new__(kind)
    problem.args = (f"Illegal header value b'Bearer {CANARY}'",)
    return problem


@pytest.mark.parametrize("kind", [*dict.fromkeys(CLASSES)], ids=lambda kind: kind.__qualname__)
def test_every_exception_of_the_network_is_a_trouble_without_its_text(
    kind: type[Exception],
) -> None:
    for phase, proxy in product(RequestPhase, ["", "proxy.test:3128"]):
        trouble = trouble_of(raised(kind), in_phase(phase), "api.test", proxy)

        assert isinstance(trouble, Trouble)
        assert CANARY not in repr(trouble)


def test_the_library_has_no_other_exceptions() -> None:
    """One that came with a new version would be taken for a bug of ours."""
    kinds = {each for each in vars(h11).values() if isinstance(each, type)}
    errors = {each for each in kinds if issubclass(each, Exception)}

    assert errors == {h11.ProtocolError, h11.LocalProtocolError, h11.RemoteProtocolError}


@pytest.mark.parametrize(
    "bug", [RuntimeError("x"), KeyError("x"), AssertionError(), TypeError("x"), MemoryError()]
)
def test_a_bug_of_ours_is_no_trouble_even_when_a_network_error_led_to_it(bug: Exception) -> None:
    bug.__context__ = ConnectionResetError(errno.ECONNRESET, "x")

    assert trouble_of(bug, in_phase(RequestPhase.WAIT), "api.test", "") is None


@pytest.mark.parametrize(
    ("number", "fault"),
    [
        ("EMFILE", Fault.NO_DESCRIPTORS),
        ("ENFILE", Fault.NO_DESCRIPTORS),
        ("ECONNREFUSED", Fault.CONNECTION_REFUSED),
        ("ECONNRESET", Fault.CONNECTION_LOST),
        ("EPIPE", Fault.CONNECTION_LOST),
        ("ETIMEDOUT", Fault.CONNECT_TIMEOUT),
        ("ENETUNREACH", Fault.UNREACHABLE),
        ("EHOSTUNREACH", Fault.UNREACHABLE),
        ("ENOBUFS", Fault.OS_ERROR),
    ],
)
@pytest.mark.parametrize("is_bare", [True, False])
def test_an_error_of_the_system_is_known_by_its_number(
    number: str, fault: Fault, *, is_bare: bool
) -> None:
    problem: Exception = OSError(getattr(errno, number), f"to {CANARY}")
    if not is_bare:
        cause, problem = problem, OSError("all attempts failed")
        problem.__cause__ = OSError("one of them")
        problem.__cause__.__context__ = cause

    trouble = trouble_of(problem, in_phase(RequestPhase.CONNECT), "api.test", "")

    assert trouble == Trouble(fault, os.strerror(getattr(errno, number)), host="api.test")


def test_a_connection_that_times_out_in_the_middle_is_lost() -> None:
    problem = OSError(errno.ETIMEDOUT, "x")

    trouble = trouble_of(problem, in_phase(RequestPhase.WAIT), "api.test", "")

    assert trouble
    assert trouble.fault is Fault.CONNECTION_LOST


def test_of_several_addresses_the_one_that_says_most_counts() -> None:
    problem = OSError("All connection attempts failed")
    problem.__cause__ = ExceptionGroup(
        "multiple connection attempts failed",
        [OSError(errno.ENETUNREACH, "::1"), OSError(errno.ECONNREFUSED, "127.0.0.1")],
    )

    trouble = trouble_of(problem, in_phase(RequestPhase.CONNECT), "api.test", "")

    assert trouble == Trouble(Fault.CONNECTION_REFUSED, "Connection refused", host="api.test")


def test_a_group_is_what_its_members_are() -> None:
    lost = ExceptionGroup("x", [OSError(errno.ECONNRESET, "x")])
    bug = ExceptionGroup("x", [OSError(errno.ECONNRESET, "x"), KeyError("x")])
    trace = in_phase(RequestPhase.WAIT)

    assert trouble_of(lost, trace, "api.test", "") == Trouble(
        Fault.CONNECTION_LOST, "Connection reset by peer", host="api.test"
    )
    assert trouble_of(bug, trace, "api.test", "") is None


def test_a_ring_of_causes_ends() -> None:
    first, second = ConnectionResetError("x"), ConnectionResetError("y")
    first.__cause__, second.__cause__ = second, first

    trouble = trouble_of(first, in_phase(RequestPhase.WAIT), "api.test", "")

    assert trouble
    assert trouble.fault is Fault.CONNECTION_LOST


def test_a_tls_error_after_the_handshake_does_not_ask_for_the_port() -> None:
    problem = ssl.SSLError(1, "x")
    problem.reason = "DECRYPTION_FAILED_OR_BAD_RECORD_MAC"

    trouble = trouble_of(problem, in_phase(RequestPhase.BODY), "api.test", "")

    assert trouble == Trouble(Fault.TLS, "decryption failed or bad record mac", host="api.test")


def test_tls_that_ends_early_after_the_handshake_is_a_lost_connection() -> None:
    problem = ssl.SSLEOFError(8, "EOF occurred in violation of protocol")

    trouble = trouble_of(problem, in_phase(RequestPhase.WAIT), "api.test", "")

    assert trouble
    assert trouble.fault is not Fault.TLS


def test_a_name_that_no_resolver_takes_is_a_bad_request() -> None:
    """A label of 64 letters: socket.getaddrinfo raises UnicodeError."""
    trouble = trouble_of(
        UnicodeError("label too long"), in_phase(RequestPhase.CONNECT), "a" * 64, ""
    )

    assert trouble
    assert trouble.fault is Fault.BAD_REQUEST


def test_a_fault_of_our_own_keeps_its_words() -> None:
    trouble = trouble_of(FaultError(Fault.TOO_LARGE, "x"), RequestTrace(), "api.test", "")

    assert trouble == Trouble(Fault.TOO_LARGE, "x", host="api.test")


def test_what_fails_before_the_proxy_is_passed_names_the_proxy() -> None:
    trace = in_phase(RequestPhase.CONNECT)
    trace.at_proxy = True
    problem = socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    trouble = trouble_of(problem, trace, "api.test", "proxy.test:3128")

    assert trouble == Trouble(Fault.PROXY, "Name or service not known", host="proxy.test:3128")


@pytest.mark.parametrize(("status", "fault"), [(407, Fault.STATUS_PROXY_AUTH), (502, Fault.PROXY)])
def test_a_proxy_that_refuses_a_tunnel_is_named(status: int, fault: Fault) -> None:
    problem = ProxyRefusedError(status)

    trouble = trouble_of(problem, in_phase(RequestPhase.WAIT), "api.test", "proxy.test:3128")

    detail = f"CONNECT was answered with HTTP {status}"
    assert trouble == Trouble(fault, detail, status, host="proxy.test:3128")
