"""``opwatch completion``: the completion script of a shell."""

from __future__ import annotations

import sys
from typing import Annotated

import click

from opwatch.cli.parameters import argument, command


@command(
    "completion",
    examples=[
        (
            "opwatch completion bash > ~/.local/share/bash-completion/completions/opwatch",
            "for bash",
        ),
        ("opwatch completion fish > ~/.config/fish/completions/opwatch.fish", "for fish"),
    ],
)
def app(
    shell: Annotated[str, argument(metavar="bash|zsh|fish|powershell")],
) -> int:
    """Print the completion script of a shell.

    For example: opwatch completion bash > ~/.local/share/bash-completion/completions/opwatch
    """
    from opwatch.cli.completion.shells import SHELLS
    from opwatch.output.streams import Sink

    if shell not in SHELLS:
        raise click.BadParameter(f"{shell!r} is not one of {', '.join(SHELLS)}")
    sink = Sink(sys.stdout)
    sink.write(SHELLS[shell][1])
    sink.flush()
    return 0
