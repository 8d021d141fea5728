"""Data as YAML that a person likes to read.

Decides what is written without quotes: what every reader of YAML reads back as
the same text.
"""

from __future__ import annotations

import json
import re
from textwrap import wrap
from typing import TYPE_CHECKING, Any, Final

from opwatch.profiles.yaml.parser import core_scalar

if TYPE_CHECKING:
    from collections.abc import Iterator

_PLAIN: Final = re.compile(
    r"[A-Za-z_/][A-Za-z0-9_./-]*(?: [A-Za-z0-9_./-]+)*|https?://[A-Za-z0-9_./:-]+", re.ASCII
)

_PATH: Final = re.compile(r"/[A-Za-z0-9_./{}-]*", re.ASCII)


def flow(value: Any) -> str:
    """Return *value* in YAML's flow style."""
    if isinstance(value, dict):
        pairs = (f"{scalar(key)}: {flow(each)}" for key, each in value.items())
        return "{" + ", ".join(pairs) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(flow(each) for each in value) + "]"
    return scalar(value) if isinstance(value, str) else json.dumps(value)


def scalar(text: str) -> str:
    """Return *text* as a YAML scalar that is read back as this very text."""
    if text and _PLAIN.fullmatch(text) and isinstance(core_scalar(text), str):
        return text
    if not text.isprintable() or ("'" in text and '"' not in text and "\\" not in text):
        return json.dumps(text, ensure_ascii=not text.isprintable())
    return "'" + text.replace("'", "''") + "'"


def path_scalar(text: str) -> str:
    """Return *text*, a path with parameters, as a YAML scalar that stands alone on its line."""
    return text if _PATH.fullmatch(text) else scalar(text)


def fold(key: str, text: str, *, indent: int, width: int) -> Iterator[str]:
    """Yield ``key: text``, over several lines that YAML folds into one if *text* is long.

    A text with a ``#``, or with a line of its own, is not folded: it might change.
    """
    whole = f"{' ' * indent}{key}: {scalar(text)}"
    words = " ".join(text.split())
    if len(whole) <= width or not words.isprintable() or "#" in text:
        yield whole
        return
    yield f"{' ' * indent}{key}: >-"
    margin = " " * (indent + 2)
    yield from wrap(words, width, initial_indent=margin, subsequent_indent=margin,
                    break_long_words=False, break_on_hyphens=False)  # fmt: skip


def as_comment(text: str) -> str:
    """Return *text* for a comment: one line, whatever it holds."""
    return text if text.isprintable() else json.dumps(text)
