"""The process: from its arguments to its exit code, and out at once.

Decides that nothing can hold the process back once its code is known: a
resolver or a keyring that hangs in a thread is left behind. And that even a
program that could not be loaded never exits with 1, which is "failed".
"""

from __future__ import annotations

import gc
import io
import os
import sys

from opwatch.version import __version__

TYPE_CHECKING = False  # that of typing costs a fifth of a TAB
if TYPE_CHECKING:
    from typing import Any, Final, NoReturn

# Of the table in domain/outcome.py, which may be what could not be loaded.
BUG: Final = 70
UNWRITABLE: Final = 74
PIPE_CLOSED: Final = 141
REASONS: Final = {129: "hangup", 130: "interrupted", 143: "terminated"}


def main() -> NoReturn:
    """Run the command line and leave with its exit code."""
    # What is imported lives to the end: to look through it for garbage, again and again,
    # is a sixth of the time of a command. The command collects when it begins to work.
    gc.disable()
    arguments = sys.argv[1:]
    if arguments in (["--version"], ["-V"]):
        # Answered before anything is imported: it is asked by scripts, often.
        _tell(f"opwatch {__version__}\n")
    if arguments[:1] in (["--version"], ["-V"]) and arguments[1:] in (["--verbose"], ["-v"]):
        from opwatch.output.commands.versions import versions  # noqa: PLC0415, as above

        _tell(versions())
    if arguments[:1] == ["__complete"]:
        _tell(_completions(arguments[1:]))
    _leave_on_signals(arguments)
    _write_whole()
    leave(_run(arguments))


class _Patient(io.FileIO):
    """A file that waits for room where it was told not to, as a process of Node's is told."""

    def write(self, data: Any, /) -> int:
        while (written := super().write(data)) is None:
            import select  # noqa: PLC0415, hardly anyone needs it

            select.select((), (self,), ())
        return written


def _write_whole() -> None:
    """Have the output take a whole text, however it is set up.

    ``PYTHONUNBUFFERED`` takes its buffer away. Python then hands a text to the system in one
    call, and asks nobody how much of it was taken: what a full disk or a reader who left cut
    off would be lost without an error. And a pipe that is not to block (O_NONBLOCK is set for
    all processes that share it) fails when its reader is slow.
    """
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        try:
            number = stream.fileno()
            # Of Windows, os.get_blocking knows pipes only, since 3.12.
            is_patient = os.name == "nt" or os.get_blocking(number)
            is_whole = is_patient and not isinstance(stream.buffer, io.RawIOBase)
        except (AttributeError, OSError, ValueError):
            continue  # there is none, or it is no file
        if not is_whole:
            whole = io.TextIOWrapper(
                io.BufferedWriter(_Patient(number, "wb", closefd=False)),
                encoding=stream.encoding,
                errors=stream.errors,
                line_buffering=True,
            )
            setattr(sys, name, whole)


def _leave_on_signals(arguments: list[str]) -> None:
    """Leave at once on a signal that comes while the command is being loaded.

    An exception in the middle of an import ends as anything: nothing has been written or
    sent so far, so nothing needs to be cleared up. The command has its own handlers.
    """
    import signal  # noqa: PLC0415, the fast paths need not pay for it

    def receive(number: int, _frame: object) -> None:
        code = 128 + number
        try:
            if {"--json", "--jsonl"} & set(arguments):
                os.write(1, _document(arguments[0], code).encode())
        finally:
            os._exit(code)

    receive.while_loading = True  # type: ignore[attr-defined]
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):  # Windows has no HUP
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) not in {signal.SIG_IGN, None}:
            signal.signal(number, receive)


def _document(command: str, code: int) -> str:
    """Return the document of a command that ended with *code* before it began."""
    from datetime import UTC, datetime  # noqa: PLC0415, nobody may ever need it
    from json import dumps  # noqa: PLC0415, nobody may ever need it

    document = {
        "format": 1,
        "command": command,
        "profile": None,
        "exit_code": code,
        "exit_reason": REASONS[code],
        "started_at": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "elapsed_seconds": 0.0,
        "summary": {"total": 0},
        "operations": [],
        "warnings": [],
        "fix": [],
        "resume": None,
        "problem": REASONS[code],
    }
    return dumps(document) + "\n"


def _run(arguments: list[str]) -> int:
    try:
        from opwatch.cli.app import run  # noqa: PLC0415, the fast paths need not pay for it

        return run(arguments)
    except BaseException as problem:  # noqa: BLE001, the command line has a net of its own above this
        try:
            sys.stderr.write(f"opwatch: cannot be loaded: {type(problem).__name__}\n")
        finally:
            leave(BUG)


def _completions(words: list[str]) -> str:
    """Return what a TAB may offer: the first of *words* is `=` and what is typed already.

    The `=` keeps an empty word, which some shells do not pass on. A broken configuration is
    not told of here.
    """
    try:
        from opwatch.cli.completion.words import complete  # noqa: PLC0415, only for a TAB

        return complete(words[0][1:], words[1:], os.environ)
    except Exception:  # noqa: BLE001, a shell that waits for words has no use for an error
        return ""


def _tell(text: str) -> NoReturn:
    """Write *text* to standard output and leave."""
    try:
        if sys.stdout is not None:
            sys.stdout.buffer.write(text.encode())
            sys.stdout.flush()
    except BrokenPipeError:
        leave(PIPE_CLOSED)
    except OSError:
        leave(UNWRITABLE)
    leave(0)


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
