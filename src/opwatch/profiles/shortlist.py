"""Which profiles are worth reading to find the one for a URL.

Decides it by the text of the built-in files: reading all of them as YAML takes
longer than the request.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from opwatch.profiles.config import BUILTIN

if TYPE_CHECKING:
    from opwatch.domain.origin import Origin
    from opwatch.profiles.config import Config

TELLING: Final = 3
"""Fixed segments by which a path is known for an API's, whatever the host."""
_URLS: Final = re.compile(r"^urls:(.*)$", re.MULTILINE)
_EXTENDS: Final = re.compile(r"^extends: *([a-z0-9.-]+)", re.MULTILINE)


def could_know(name: str, config: Config, url: str, origin: Origin) -> bool:
    """Tell whether the built-in profile *name* may know *url*; too often rather than too seldom."""
    if any(key.startswith(variables_of(name)) for key in config.environ):
        return True
    text = _text_of(name)
    domain = ".".join(origin.host.split(".")[-2:])
    if domain in text:
        return True
    segments = [f"/{each.lower()}" for each in urlsplit(url).path.split("/") if each]
    lines = _URLS.findall(text)
    known = sum(each in text for each in segments)
    return known >= TELLING or any(each in line for line in lines for each in segments)


def _text_of(name: str) -> str:
    """Return the text of a built-in profile and of those that it extends, in small letters."""
    text = (BUILTIN / f"{name}.yaml").read_text("utf-8")
    base = _EXTENDS.search(text)
    return text.lower() + (_text_of(base[1]) if base else "")


def variables_of(name: str) -> str:
    """Return how the environment variables of the profile *name* begin."""
    return f"OPWATCH_{name.upper().replace('-', '_').replace('.', '_')}_"
