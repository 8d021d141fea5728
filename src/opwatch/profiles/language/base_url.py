"""The ``base_url`` of a profile: what it may be, and which parameters a host gives.

Decides that it is https, unless it is loopback or plain http is allowed, and that a
host gives only the parameters that precede a domain of the vendor.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from opwatch.domain.origin import Origin, OriginError, parse_origin
from opwatch.profiles.language.template import Pattern, Template, Text, parse_template

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


_DOMAIN: Final = re.compile(r"(?:\.[A-Za-z0-9-]+){2,}")


def base_url_fault(url: str, *, allow_http: bool) -> str | None:
    """Return why *url* cannot be a base URL, None if it can."""
    if "?" in url or "#" in url:
        return "a base URL must not have a query or a fragment"
    return _fault("a base URL", url, allow_http=allow_http)


def endpoint_fault(url: str, *, allow_http: bool) -> str | None:
    """Return why *url*, which may have a query, cannot be a token endpoint; None if it can."""
    return _fault("a URL", url.partition("?")[0], allow_http=allow_http)


def _fault(what: str, url: str, *, allow_http: bool) -> str | None:
    try:
        origin = parse_origin(url)
    except OriginError as error:
        return f"not {what}: {error}"
    if origin.scheme == "http" and not (origin.is_loopback or allow_http):
        return "plain http would show the credential to the network; write https"
    return None


def host_and_path(base: Template) -> tuple[str, str]:
    """Return host and path of a base URL, as they are written."""
    host, slash, path = base.text.rpartition("://")[2].partition("/")
    return host, slash + path


def params_of_host(base: Template, origin: Origin) -> dict[str, str] | None:
    """Return the parameters that *origin* gives for the host of *base*, None if it is another.

    A parameter must precede a domain of the vendor, as in ``{site}.example.com``:
    a template that is only a parameter would match every host.
    """
    host, _ = host_and_path(base)
    if "{" in host and not _DOMAIN.fullmatch(host.rpartition("}")[2]):
        return None
    return Pattern(parse_template(f"https://{host}")).match(str(origin))


def params_of_urls(
    urls: Iterable[str], base: Text, known: Mapping[str, str], *, at_any_host: bool
) -> dict[str, str]:
    """Return what the first of *urls* at a host of *base* adds to the parameters *known*.

    A *base* that is only a parameter is *at_any_host*, if that may be.
    """
    for url in urls:
        try:
            origin = parse_origin(url)
        except OriginError:
            continue
        for preset, template in base.alternatives:
            found = params_of_host(template, origin)
            if at_any_host and template.alone:
                found = {template.alone: str(origin)}
            if found is None:
                continue
            params = {**preset, **found}
            if {**params, **known} == {**known, **params}:
                return {name: value for name, value in params.items() if name not in known}
    return {}
