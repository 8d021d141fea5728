"""Wait for long-running API operations, and say truthfully how they ended.

``watch`` is an async iterator of events, ``get`` one look; see ``docs/python.md``.
They are loaded when they are first used: the command line need not pay for them.
"""

from __future__ import annotations

from opwatch.version import __version__

TYPE_CHECKING = False  # typing is a third of the time of --version
if TYPE_CHECKING:
    from typing import Any

    from opwatch.python import get, watch

__all__ = ["__version__", "get", "watch"]


def __getattr__(name: str) -> Any:
    if name in {"get", "watch"}:
        from opwatch import python  # noqa: PLC0415, see above

        return getattr(python, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
