"""Which certificates are believed.

Decides the one TLS context of a run: the system's own store or what
SSL_CERT_FILE and SSL_CERT_DIR name instead, as OpenSSL reads them, and the
certificates of ``--ca-file`` in addition. There is no way to believe everything.
"""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING

import httpx2 as httpx

from opwatch.domain.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


def tls_context(environ: Mapping[str, str], ca_file: Path | None) -> ssl.SSLContext:
    """Return a context that checks certificates and host names (TLS 1.2 and up).

    Raises:
        UsageError: a file of certificates cannot be read; the message names it.
    """
    file, folder = environ.get("SSL_CERT_FILE"), environ.get("SSL_CERT_DIR")
    if file or folder:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    else:
        context = httpx.create_ssl_context(trust_env=False)
    if file:
        _load(context, "SSL_CERT_FILE", file=file)
    if folder:
        _load(context, "SSL_CERT_DIR", folder=folder)
    if ca_file:
        _load(context, "--ca-file", file=str(ca_file))
    return context


def _load(
    context: ssl.SSLContext, name: str, *, file: str | None = None, folder: str | None = None
) -> None:
    try:
        context.load_verify_locations(file, folder)
    except ssl.SSLError as problem:
        raise UsageError(
            f"{name} {file or folder}: no certificate in it",
            hint="give a file of certificates in PEM form (-----BEGIN CERTIFICATE-----)",
        ) from problem
    except OSError as problem:
        raise UsageError(f"{name} {file or folder}: {problem.strerror}") from problem
