"""Wait for long-running API operations, and say truthfully how they ended.

The public API is ``opwatch.watch`` and ``opwatch.get``; see ``docs/python.md``.
"""

from opwatch.version import __version__

__all__ = ["__version__"]
