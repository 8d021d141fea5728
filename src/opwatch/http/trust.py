"""Which certificates a run trusts.

Decides the one TLS context of a run: the system's own store, or what SSL_CERT_FILE and
SSL_CERT_DIR name instead, as OpenSSL reads them, and the certificates of ``--ca-file`` in
addition. There is no way to trust everything.
"""

from __future__ import annotations

import ssl
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from opwatch.domain.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

STORES: Final = (
    "/etc/ssl/certs/ca-certificates.crt",  # Debian, Arch, Gentoo
    "/etc/pki/tls/certs/ca-bundle.crt",  # Fedora, RHEL
    "/etc/ssl/ca-bundle.pem",  # SUSE
    "/etc/ssl/cert.pem",  # Alpine, BSD
)
"""Where certificates are when OpenSSL was built to look elsewhere, as in Pythons that are moved."""


def tls_context(environ: Mapping[str, str], ca_file: Path | None) -> ssl.SSLContext:
    """Return a context that checks certificates and host names (TLS 1.2 and up).

    Raises:
        UsageError: a file of certificates cannot be read; the message names it.
    """
    file, folder = environ.get("SSL_CERT_FILE"), environ.get("SSL_CERT_DIR")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT) if file or folder else _system_context()
    context.set_alpn_protocols(["http/1.1"])
    if file:
        _load(context, "SSL_CERT_FILE", file=file)
    if folder:
        _load(context, "SSL_CERT_DIR", folder=folder)
    if ca_file:
        _load(context, "--ca-file", file=str(ca_file))
    return context


def _system_context() -> ssl.SSLContext:
    if sys.platform in {"win32", "darwin"}:
        import truststore  # noqa: PLC0415, elsewhere it is not installed

        return truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    # ``load_default_certs`` would ask our own environment.
    paths = ssl.get_default_verify_paths()
    file = next((each for each in (paths.openssl_cafile, *STORES) if Path(each).is_file()), None)
    folder = paths.openssl_capath if Path(paths.openssl_capath).is_dir() else None
    if file or folder:
        context.load_verify_locations(file, folder)
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
