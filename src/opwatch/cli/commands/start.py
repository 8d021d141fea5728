"""``opwatch start``: send the request that starts an operation, and wait for it."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from opwatch.cli.app import settings
from opwatch.cli.run_options import WaitOptions, with_wait_options

if TYPE_CHECKING:
    from opwatch.session.plan import StartRequest

app = typer.Typer(**settings())

STDIN: Final = "@-"
LARGEST: Final = 64 * 1024 * 1024
"""Bytes of a body that is sent."""


@app.command(name="start")
@with_wait_options
def start(
    *,
    method: Annotated[str, typer.Argument(metavar="METHOD", help="The HTTP method, such as POST.")],
    path: Annotated[
        str, typer.Argument(metavar="PATH", help="A path behind the base URL, or a whole URL.")
    ],
    data: Annotated[
        str | None,
        typer.Option(
            "--data",
            "-d",
            metavar="TEXT|@FILE|@-",
            help="The body; JSON unless a Content-Type header says otherwise.",
        ),
    ] = None,
    header: Annotated[
        list[str] | None,
        typer.Option(
            "--header", "-H", metavar="'NAME: VALUE'", help="A header to send; repeatable."
        ),
    ] = None,
    idempotency_key: Annotated[
        str | None,
        typer.Option(
            "--idempotency-key",
            metavar="KEY",
            help="Send this Idempotency-Key, and the request again when its answer is lost.",
        ),
    ] = None,
    no_wait: Annotated[
        bool,
        typer.Option(
            "--no-wait", metavar="", help="Print the reference of what was started, and exit 0."
        ),
    ] = False,
    options: WaitOptions,
) -> None:
    """Start an operation with the profile's credential, and wait as 'wait' does.

    A request that was refused exits with 4 (401, 403) or 6; so does one whose
    answer was lost, and it says that the operation may have been started.
    """
    from opwatch.cli.starting import run_start

    def starting() -> StartRequest:
        from opwatch.domain.errors import UsageError
        from opwatch.session.plan import StartRequest
        from opwatch.session.start import parse_headers

        if data == STDIN and options.token_stdin:
            raise UsageError("standard input cannot be both the token and the body")
        key = [] if idempotency_key is None else [f"Idempotency-Key: {idempotency_key}"]
        return StartRequest(
            method.upper(), path, parse_headers([*(header or ()), *key]), read_body(data)
        )

    if no_wait and (options.result or options.download is not None):
        raise typer.BadParameter("--no-wait leaves no result to fetch")
    command = options.command("start")
    raise typer.Exit(run_start(command, starting, options.policy(), waits=not no_wait))


def read_body(data: str | None) -> bytes | None:
    """Return the body that *data* stands for.

    Raises:
        UsageError: its file cannot be read, or is too large.
    """
    from opwatch.domain.errors import UsageError

    if data is None or not data.startswith("@"):
        return None if data is None else os.fsencode(data)
    try:
        if data == STDIN:
            body = sys.stdin.buffer.read(LARGEST + 1)
        else:
            with Path(data[1:]).open("rb") as file:
                body = file.read(LARGEST + 1)
    except OSError as problem:
        raise UsageError(f"cannot read {data[1:]}: {problem.strerror}") from problem
    if len(body) > LARGEST:
        raise UsageError(f"{data[1:]} is larger than {LARGEST // 1024**2} MiB")
    return body
