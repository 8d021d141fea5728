"""The process: from its arguments to its exit code, and out at once.

Decides that nothing can hold the process back once its code is known: a
resolver or a keyring that hangs in a thread is left behind.
"""

from __future__ import annotations

import os
import sys
from typing import NoReturn

from opwatch.version import __version__


def main() -> NoReturn:
    """Run the command line and leave with its exit code."""
    arguments = sys.argv[1:]
    if arguments in (["--version"], ["-V"]):
        # Answered before anything is imported: it is asked by scripts, often.
        sys.stdout.write(f"opwatch {__version__}\n")
        sys.exit(0)
    if arguments[:1] == ["__complete"]:
        from opwatch.profiles import load_config  # noqa: PLC0415, a TAB must not load the parser

        sys.stdout.write("".join(f"{name}\n" for name in load_config(None, os.environ).names()))
        sys.exit(0)
    from opwatch.cli.app import run  # noqa: PLC0415, the fast path above must not pay for it

    leave(run(arguments))


def leave(code: int) -> NoReturn:
    """End the process with *code*, whatever threads still do."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError, AttributeError):
            # What could not be written is in the code already, or nobody reads it.
            continue
    os._exit(code)


if __name__ == "__main__":
    main()
