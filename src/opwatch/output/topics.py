"""``opwatch help TOPIC``: pages of the documentation, which ship with the program.

Decides which pages are topics, and how one looks at a terminal. Elsewhere it is the
Markdown itself.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

TOPICS: Final[Mapping[str, str]] = {
    "exit-codes": "what each exit code means, and which of several wins",
    "profiles": "write a profile for your own API",
    "json": "what --json and --jsonl print, with recipes for jq",
    "ci": "wait in a CI job",
}
"""The topics, each a page of that name, and what it is about."""
# The wheel has the pages here (pyproject.toml); a checkout has them where they are written.
_PLACES: Final = (
    Path(__file__).parent / "pages",
    Path(__file__).resolve().parents[3] / "docs",
)


def page_of(topic: str) -> str:
    """Return the page about *topic*, as Markdown.

    Raises:
        KeyError: it is no topic.
    """
    if topic not in TOPICS:
        raise KeyError(topic)
    found = [place / f"{topic}.md" for place in _PLACES]
    return next(each for each in found if each.is_file()).read_text(encoding="utf-8")


def rendered(page: str, *, width: int, color: bool) -> str:
    """Return *page*, which is Markdown, as it is read at a terminal of *width* columns."""
    from rich.console import Console  # noqa: PLC0415, seldom needed
    from rich.markdown import Markdown  # noqa: PLC0415, seldom needed

    console = Console(
        width=width,
        force_terminal=True,
        color_system="standard" if color else None,
        no_color=not color,
        highlight=False,
        _environ={},
    )
    with console.capture() as captured:
        console.print(Markdown(page, hyperlinks=False))
    return captured.get()
