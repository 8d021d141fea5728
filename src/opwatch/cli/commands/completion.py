"""``opwatch completion``: the completion script of a shell."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from opwatch.cli.app import settings

app = typer.Typer(**settings())


@app.command(name="completion")
def completion(
    shell: Annotated[str, typer.Argument(metavar="bash|zsh|fish|powershell", show_default=False)],
) -> None:
    """Print the completion script of a shell.

    For example: opwatch completion bash > ~/.local/share/bash-completion/completions/opwatch
    """
    from opwatch.cli.completion.shells import SHELLS
    from opwatch.cli.completion.tree import read_tree
    from opwatch.output.streams import Sink

    if shell not in SHELLS:
        raise typer.BadParameter(f"{shell!r} is not one of {', '.join(SHELLS)}")
    sink = Sink(sys.stdout)
    sink.write(SHELLS[shell][1](read_tree()))
    sink.flush()
