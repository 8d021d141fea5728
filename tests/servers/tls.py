"""Certificates for the servers of the tests: good ones, and each kind of bad one.

An ``Authority`` is a CA of one test run. A server gets one of its contexts, a
client the file that says to trust it; another Authority is the unknown one.
"""

from __future__ import annotations

import ssl
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import trustme

if TYPE_CHECKING:
    from pathlib import Path

HOST = "127.0.0.1"


class Authority:
    """A CA of its own, unknown to the system."""

    def __init__(self) -> None:
        self._ca = trustme.CA()

    def write(self, folder: Path) -> Path:
        """Write the CA's certificate to *folder*, as ``--ca-file`` takes it."""
        path = folder / "ca.pem"
        self._ca.cert_pem.write_to_path(path)
        return path

    def good(self, *hosts: str) -> ssl.SSLContext:
        """Return a server's context for *hosts*, by default the loopback address."""
        return _context(self._ca.issue_cert(*(hosts or (HOST,))))

    def expired(self) -> ssl.SSLContext:
        """Return one whose certificate ended yesterday."""
        now = datetime.now(UTC)
        begin, end = now - timedelta(days=9), now - timedelta(days=1)
        return _context(self._ca.issue_cert(HOST, not_before=begin, not_after=end))

    def wrong_host(self) -> ssl.SSLContext:
        """Return one for another host."""
        return self.good("elsewhere.example")


def _context(certificate: trustme.LeafCert) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    return context
