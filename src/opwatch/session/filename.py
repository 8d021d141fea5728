"""What a downloaded file is called.

Decides which part of a server's proposal is taken (RFC 6266 §4.3): its last path
component, without anything hidden, special to a file system, or leading to a
dotfile. A server chooses a name, never a place.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final
from urllib.parse import unquote_to_bytes

LONGEST: Final = 150
"""Bytes of a name. File systems take 255; a number and a working suffix must fit as well."""
FALLBACK: Final = "result"
_PARAMETER: Final = re.compile(
    r';\s*(filename\*?)\s*=\s*("(?:[^"\\]|\\.)*"|[^;"\s]*)', re.IGNORECASE
)
_EXTENDED: Final = re.compile(r"(utf-8|iso-8859-1)'[a-z0-9-]*'(.*)", re.IGNORECASE | re.DOTALL)
_SPECIAL: Final = re.compile(r'[<>:"|?*/\\]+')
# Windows opens a device by these names, whatever follows the first dot.
_DEVICE: Final = re.compile(r"(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(\..*)?", re.IGNORECASE)


def proposed(disposition: str | None) -> str:
    """Return the file name that a Content-Disposition header proposes, empty for none.

    ``filename*`` (RFC 8187) goes before ``filename``, whose bytes are taken for
    UTF-8 where they can be. The name is the server's own: see ``safe_name``.
    """
    found: dict[str, str] = {}
    for key, value in _PARAMETER.findall(disposition or ""):
        found.setdefault(key.lower(), value)
    return _extended(found.get("filename*", "")) or _plain(found.get("filename", ""))


def safe_name(name: str) -> str:
    """Return the last path component of *name*, safe to create, empty if nothing is left."""
    last = re.split(r"[/\\]", name)[-1]
    seen = "".join(char for char in last if unicodedata.category(char)[0] != "C")
    # A name that begins with a dash would be an option to whoever writes "*".
    text = unicodedata.normalize("NFC", _SPECIAL.sub("_", seen)).rstrip(" .").lstrip(" .-")
    if _DEVICE.fullmatch(text):
        text = f"_{text}"
    return _shortened(text)


def named_after(identity: str) -> str:
    """Return a file name made of an operation's *identity*, which may be a URL or a path."""
    return safe_name(_SPECIAL.sub("_", identity)) or FALLBACK


def numbered(name: str, number: int) -> str:
    """Return the *number*-th alternative to *name*: ``a-1.json.gz``; 0 is *name* itself."""
    if not number:
        return name
    stem, dot, suffix = name.partition(".")
    return f"{stem}-{number}{dot}{suffix}"


def _extended(value: str) -> str:
    match = _EXTENDED.fullmatch(value.strip('"'))
    return unquote_to_bytes(match[2]).decode(match[1], "replace") if match else ""


def _plain(value: str) -> str:
    text = re.sub(r"\\(.)", r"\1", value[1:-1]) if value.startswith('"') else value
    try:
        return text.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return text


def _shortened(name: str) -> str:
    """Return *name* in at most LONGEST bytes, its suffix kept where it is one."""
    if len(name.encode()) <= LONGEST:
        return name
    stem, dot, suffix = name.rpartition(".")
    if not stem or len(suffix.encode()) > LONGEST // 4:
        stem, dot, suffix = name, "", ""
    room = LONGEST - len((dot + suffix).encode())
    return stem.encode()[:room].decode("utf-8", "ignore").rstrip(" .") + dot + suffix
