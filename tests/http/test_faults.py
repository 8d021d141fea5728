"""The mapping of exceptions is total, and its texts hold nothing of ours."""

from __future__ import annotations

import errno
import os
import socket
import ssl
from itertools import product

import anyio
import h11
import httpcore2
import httpx2
import pytest

from opwatch.domain.trouble import Fault, Trouble
from opwatch.http.faults import OF_NAME, FaultError, trouble_of
from opwatch.http.trace import RequestPhase, RequestTrace

CANARY = "canary-7f3a"


def classes(module: object) -> dict[str, type[Exception]]:
    # Some packages load what they export when it is first asked for.
    exported = ((name, getattr(module, name)) for name in dir(module))
    return {
        name: each
        for name, each in exported
        if isinstance(each, type) and issubclass(each, Exception) and not issubclass(each, Warning)
    }


CLASSES = [
    pytest.param(each, id=f"{library.__name__}.{name}")
    for library in (httpx2, httpcore2)
    for name, each in classes(library).items()
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


@pytest.mark.parametrize("kind", CLASSES)
def test_every_exception_of_the_library_is_in_the_table_by_its_own_name(
    kind: type[Exception],
) -> None:
    assert kind.__name__ in OF_NAME


@pytest.mark.parametrize("kind", CLASSES)
def test_every_exception_of_the_library_is_a_trouble_without_its_text(
    kind: type[Exception],
) -> None:
    for phase, proxy in product(RequestPhase, ["", "proxy.test:3128"]):
        trouble = trouble_of(raised(kind), in_phase(phase), "api.test", proxy)

        assert isinstance(trouble, Trouble)
        assert CANARY not in repr(trouble)


@pytest.mark.parametrize(
    "kind", [*classes(h11).values(), *classes(anyio).values()], ids=lambda kind: kind.__qualname__
)
def test_so_is_every_exception_of_what_the_library_stands_on(kind: type[Exception]) -> None:
    trouble = trouble_of(raised(kind), in_phase(RequestPhase.WAIT), "api.test", "")

    assert isinstance(trouble, Trouble)
    assert CANARY not in repr(trouble)


def test_the_table_names_no_class_that_is_gone() -> None:
    known = {*classes(httpx2), *classes(httpcore2), *classes(anyio)}

    assert set(OF_NAME) <= known


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
        cause, problem = problem, raised(httpx2.ConnectError)
        problem.__cause__ = raised(httpcore2.ConnectError)
        # As the pool leaves it: raised "from None", with the cause in the context.
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
    first, second = raised(httpx2.ReadError), raised(httpx2.ReadError)
    first.__cause__, second.__cause__ = second, first

    trouble = trouble_of(first, in_phase(RequestPhase.WAIT), "api.test", "")

    assert trouble
    assert trouble.fault is Fault.CONNECTION_LOST


def test_a_tls_error_after_the_handshake_does_not_ask_for_the_port() -> None:
    problem = raised(httpx2.ReadError)
    problem.__cause__ = ssl.SSLError(1, "x")
    problem.__cause__.reason = "DECRYPTION_FAILED_OR_BAD_RECORD_MAC"

    trouble = trouble_of(problem, in_phase(RequestPhase.BODY), "api.test", "")

    assert trouble == Trouble(Fault.TLS, "decryption failed or bad record mac", host="api.test")


def test_tls_that_ends_early_after_the_handshake_is_a_lost_connection() -> None:
    problem = raised(httpx2.ReadError)
    problem.__cause__ = ssl.SSLEOFError(8, "EOF occurred in violation of protocol")

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
