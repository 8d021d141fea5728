"""Where a request goes: scheme, host and port, compared exactly.

Decides what two URLs of the same origin are (RFC 6454), and which forms
of an authority are refused outright because two parsers could read them
differently (security rule S1, faults 106 and 107).
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterable

DEFAULT_PORTS: Final = {"http": 80, "https": 443}
MAX_PORT: Final = 65535
_FORBIDDEN: Final = re.compile(r"[\x00-\x20\x7f-\x9f\ud800-\udfff\\<>\"^`{|}]")
# Scheme and authority end where a path, a query or a fragment begins (RFC 3986 §3.2).
_BEGINNING: Final = re.compile(r"(?:[^/?#]*//)?[^/?#]*")
_BRACKETED: Final = re.compile(r"\[[0-9a-f:.]*:[0-9a-f:.]*\](:[0-9]*)?", re.ASCII | re.IGNORECASE)
_NUMBER: Final = re.compile(r"[0-9]+|0x[0-9a-f]*", re.ASCII)
_LABEL: Final = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?", re.ASCII)


class OriginError(ValueError):
    """A URL has no origin that can be trusted; the text says why, without the URL."""


@dataclass(frozen=True, slots=True, order=True)
class Origin:
    """A scheme, a lower-case host (IDNA, no trailing dot) and a port."""

    scheme: str
    host: str
    port: int

    @property
    def is_loopback(self) -> bool:
        """Tell whether the host is this machine by definition, not by look-up."""
        return _is_loopback(self.host)

    @property
    def authority(self) -> str:
        """The host, with the port where that is not the scheme's own (RFC 3986, 3.2)."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if DEFAULT_PORTS.get(self.scheme) == self.port else f"{host}:{self.port}"

    def __str__(self) -> str:
        return f"{self.scheme}://{self.authority}"


@lru_cache(maxsize=256)
def _is_loopback(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return (mapped or address).is_loopback


def split_origin(url: str) -> tuple[str, str]:
    """Return scheme and authority of *url*, and the rest: its path, query and fragment."""
    end = _BEGINNING.match(url).end()  # type: ignore[union-attr]  # it matches nothing, too
    return url[:end], url[end:]


def parse_origin(url: str) -> Origin:
    """Return the origin of the absolute *url*.

    Raises:
        OriginError: no http(s) scheme, user information, a backslash or control
            character, ``%`` in the host, an empty host, or a port out of range.
    """
    if _FORBIDDEN.search(url):
        raise OriginError("the URL holds a character that no URL may hold")
    return _origin(split_origin(url)[0])


@lru_cache(maxsize=256)
def _origin(beginning: str) -> Origin:
    """Return the origin of the URLs with this *beginning*: a run asks few, over and over."""
    try:
        parts = urlsplit(beginning)
        port = parts.port
    except ValueError as problem:
        raise OriginError("the URL has no valid host and port") from problem
    scheme = parts.scheme.lower()
    if scheme not in DEFAULT_PORTS:
        raise OriginError("the URL is neither https nor http")
    if "@" in parts.netloc:
        raise OriginError("the URL holds user information before its host")
    if port is None:
        port = DEFAULT_PORTS[scheme]
    if not 1 <= port <= MAX_PORT:
        raise OriginError("the URL has a port out of range")
    host = parts.hostname or ""
    if "[" in parts.netloc and not _BRACKETED.fullmatch(parts.netloc):
        raise OriginError("the URL has no valid IPv6 host")
    return Origin(scheme, _host(host), port)


def _host(text: str) -> str:
    if ":" in text:
        try:
            return ipaddress.IPv6Address(text).compressed
        except ValueError as problem:
            raise OriginError("the URL has no valid IPv6 host") from problem
    host = (text if text.isascii() else _idna(text)).lower().removesuffix(".")
    labels = host.split(".")
    if not host or not all(map(_LABEL.fullmatch, labels)):
        raise OriginError("the URL has no valid host name")
    if _NUMBER.fullmatch(labels[-1]) and not _is_address(host):
        # "127.1", "0x7f.1" and "0177.0.0.1" are this machine to some readers, a name to others.
        raise OriginError("the URL has an ambiguous address; write it as four decimal numbers")
    return host


def _is_address(host: str) -> bool:
    try:
        ipaddress.IPv4Address(host)
    except ValueError:
        return False
    return True


def _idna(text: str) -> str:
    try:
        encoded = text.encode("idna")
        is_read_alike = encoded.decode("idna") == text.lower()
    except UnicodeError as problem:
        raise OriginError("the URL has no valid host name") from problem
    if not is_read_alike:
        # IDNA 2003 and 2008 name two hosts by it ("faß.de": "fass.de" or "xn--fa-hia.de").
        raise OriginError("the URL has an ambiguous host name; write its xn-- form")
    return encoded.decode("ascii")


@dataclass(frozen=True, slots=True)
class AllowedOrigins:
    """The origins that a credential may go to.

    *exact* ones match in scheme, host and port. A *suffix* such as
    ``api.example.com`` (declared as ``*.api.example.com``) matches whole labels
    in front of it, over https on port 443 only. *allow_http*: to those of *exact* that
    are another machine over plain http as well.
    """

    exact: frozenset[Origin]
    suffixes: frozenset[str] = frozenset()
    allow_http: bool = False

    def __contains__(self, origin: object) -> bool:
        if not isinstance(origin, Origin):
            return False
        if origin in self.exact:
            return True
        if origin.scheme != "https" or origin.port != DEFAULT_PORTS["https"]:
            return False
        return any(origin.host.endswith("." + suffix) for suffix in self.suffixes)

    @classmethod
    def of(
        cls, base_url: str, allow_hosts: Iterable[str] = (), *, allow_http: bool = False
    ) -> AllowedOrigins:
        """Return the origin of *base_url* and those that *allow_hosts* names.

        An entry is a host (https, port 443), ``host:port`` (https), ``*.suffix``
        or a whole ``scheme://host:port``.

        Raises:
            OriginError: an entry or *base_url* is not an origin.
        """
        exact, suffixes = {parse_origin(base_url)}, set()
        for entry in allow_hosts:
            if entry.startswith("*."):
                suffixes.add(parse_origin("https://" + entry[2:]).host)
            else:
                exact.add(parse_origin(entry if "://" in entry else "https://" + entry))
        return cls(frozenset(exact), frozenset(suffixes), allow_http)
