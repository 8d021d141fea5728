"""Which proxy a request goes through.

Decides it from the environment that is handed in (security rule S4): lower case
before upper, the scheme's own variable before ALL_PROXY, NO_PROXY as curl reads
it, and never a proxy to this machine itself. User information in a proxy's URL is
a secret. netrc is never read.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote, urlsplit

from opwatch.domain.errors import UsageError
from opwatch.domain.origin import Origin, OriginError, parse_origin
from opwatch.domain.secret import MASK, Secret

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_SCHEMES: Final = ("https", "http")
_USERINFO: Final = re.compile(r"^([^:/?#]*://)?.*@", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Proxy:
    """A proxy and the value of ``Proxy-Authorization`` that it wants, if any.

    *password* is what is secret about that.
    """

    origin: Origin
    credentials: Secret | None = None
    password: Secret | None = None

    def __str__(self) -> str:
        return str(self.origin).partition("://")[2]


@dataclass(frozen=True, slots=True)
class Proxies:
    """The proxies by scheme, and the hosts that are asked directly.

    An entry of *direct* is a host name with all that ends on it, an address, or a
    network; behind it may stand a port, which is 0 when any will do.
    """

    by_scheme: Mapping[str, Proxy]
    direct: tuple[tuple[str, int], ...] = ()

    @classmethod
    def of(cls, environ: Mapping[str, str]) -> Proxies:
        """Read the proxy variables of *environ*.

        Raises:
            UsageError: one is not a proxy URL; the message names the variable.
        """
        direct = tuple(_exceptions(_value(environ, "no_proxy")[1]))
        if ("*", 0) in direct:
            return cls({})
        return cls(dict(_proxies(environ)), direct)

    def to(self, origin: Origin) -> Proxy | None:
        """Return the proxy for *origin*, None for none."""
        proxy = self.by_scheme.get(origin.scheme)
        if proxy is None or origin.is_loopback:
            return None
        if any(_covers(host, origin.host, port, origin.port) for host, port in self.direct):
            return None
        return proxy


def _proxies(environ: Mapping[str, str]) -> Iterator[tuple[str, Proxy]]:
    for scheme in _SCHEMES:
        for name in (f"{scheme}_proxy", "all_proxy"):
            variable, value = _value(environ, name)
            if value:
                yield scheme, _parse(variable, value)
                break


def _value(environ: Mapping[str, str], name: str) -> tuple[str, str]:
    """Return the variable that counts for *name*, and its value, empty for none."""
    if name in environ:
        return name, environ[name].strip()
    # In a CGI program HTTP_PROXY is the visitor's "Proxy:" header (httpoxy).
    if name == "http_proxy" and "REQUEST_METHOD" in environ:
        return name, ""
    return name.upper(), environ.get(name.upper(), "").strip()


def _parse(variable: str, value: str) -> Proxy:
    try:
        parts = urlsplit(value if "://" in value else f"http://{value}")
        if parts.scheme.startswith("socks"):
            raise OriginError("SOCKS is not supported")
        userinfo, _, address = parts.netloc.rpartition("@")
        origin = parse_origin(f"{parts.scheme}://{address}")
        username, _, given = userinfo.partition(":")
        password = Secret(unquote(given))
        credentials = Secret.basic(unquote(username), password)
    except ValueError as problem:
        reason = str(problem) if isinstance(problem, OriginError) else "it is not a URL"
        shown = _USERINFO.sub(rf"\1{MASK}@", value)
        raise UsageError(
            f"{variable}={shown} names no usable proxy: {reason}",
            hint=f"set {variable} to http://HOST:PORT, or NO_PROXY to the hosts to ask directly",
        ) from None
    return Proxy(origin, credentials, password) if userinfo else Proxy(origin)


def _exceptions(text: str) -> Iterator[tuple[str, int]]:
    for entry in re.split(r"[\s,]+", text.lower()):
        host, colon, port = entry.rpartition(":")
        if not colon or not port.isdecimal() or (":" in host and not host.startswith("[")):
            host, port = entry, "0"
        host = host.strip("[]").removeprefix("*.").strip(".")
        if host:
            yield host, int(port)


def _covers(entry: str, host: str, port: int, actual_port: int) -> bool:
    if port not in {0, actual_port}:
        return False
    try:
        return ipaddress.ip_address(host) in ipaddress.ip_network(entry, strict=False)
    except ValueError:  # one of the two is a name
        return host == entry or host.endswith("." + entry)
