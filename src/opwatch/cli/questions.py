"""Questions to a person at the terminal.

Decides that nobody is asked unless all three streams are terminals.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Sequence


def has_person() -> bool:
    """Tell whether a person can be asked: all three streams are terminals."""
    from opwatch.output.streams import is_terminal

    return is_terminal(sys.stdin) and is_terminal(sys.stdout) and is_terminal(sys.stderr)


def choose(question: str, among: Sequence[str]) -> str:
    """Return the one of *among* that a person names or abbreviates; nothing for no answer."""
    while answer := ask(question):
        meant = [each for each in among if each.startswith(answer.lower())]
        exact = [each for each in among if each == answer]
        if exact or len(meant) == 1:
            return (exact or meant)[0]
    return ""


def ask(question: str) -> str:
    """Return what a person answers to *question*, without the space around it."""
    try:
        answer: str = click.prompt(question, default="", show_default=False, err=True)
    except click.Abort as problem:
        raise KeyboardInterrupt from problem
    return answer.strip()
