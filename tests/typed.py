"""Command lines of opwatch as a shell would hand them over, parsed by the real parser."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from opwatch.cli.app import app
from opwatch.profiles import load_config, load_profile

if TYPE_CHECKING:
    from collections.abc import Container, Iterator, Sequence

OWN: Final = frozenset({"my-api", "mine", "copies", "jobs", "schedules"})
"""Profiles that the documentation writes, or that config.example.yaml has."""
_BEFORE: Final = frozenset({"if", "then", "do", "while", "until", "!", "time", "xargs", "exec"})
_ENDS: Final = frozenset("|&;()")


def commands(script: str) -> Iterator[list[str]]:
    """Yield the arguments of each `opwatch …` in *script*, which is for a POSIX shell."""
    text = "\n".join(map(_without_comment, script.replace("\\\n", " ").splitlines()))
    text = re.sub(r"(?<=\s)\d(?=[<>])", "", text)  # the number of what is redirected
    lexer = shlex.shlex(text, posix=True, punctuation_chars="();<>|&\n")
    lexer.whitespace, lexer.commenters = " \t\r", ""
    lexer.whitespace_split = True
    command: list[str] = []
    for word in [*lexer, ";"]:
        if set(word) <= _ENDS | {"\n"}:
            yield from _arguments(command)
            command = []
        else:
            command.append(word)


def _without_comment(line: str) -> str:
    for hash_ in re.finditer(r"(?:^|\s)#", line):
        before = line[: hash_.start()]
        if not before.count("'") % 2 and not before.count('"') % 2:
            return before
    return line


def _arguments(command: Sequence[str]) -> Iterator[list[str]]:
    words = iter(command)
    for word in words:
        if Path(word).name == "opwatch":
            yield list(_without_redirections(words))
            return
        if word not in _BEFORE and not re.match(r"\w+=", word):
            return


def _without_redirections(words: Iterator[str]) -> Iterator[str]:
    for word in words:
        if set(word) & set("<>"):
            next(words, None)
        else:
            yield word


def parsed(words: Sequence[str], *, own: Container[str] = OWN) -> click.Context:
    """Return the context in which *words* would be carried out.

    Raises:
        click.ClickException: they are not a command line of opwatch.
        opwatch.domain.errors.UsageError: the profile is neither built in nor of *own*.
    """
    rest = list(words)
    command: click.Command = app
    context = click.Context(app, info_name="opwatch")
    while isinstance(command, click.Group) and rest and not rest[0].startswith("-"):
        below = command.get_command(context, rest.pop(0))
        if below is None:
            raise click.UsageError(f"no such command: {' '.join(words)}")
        command, context = below, click.Context(below, info_name=below.name, parent=context)
    try:
        context = command.make_context(command.name, rest, parent=context.parent)
    except click.exceptions.Exit:  # --help, --version
        return context
    _hold_profile(context, own)
    return context


def _hold_profile(context: click.Context, own: Container[str]) -> None:
    given = context.params.get("profile") or context.params.get("name") or ()
    for name in [given] if isinstance(given, str) else given:
        if context.command.name == "new" or name in own:
            continue
        spec = load_profile(name, load_config(None, {}, folder=Path("/nowhere"))).spec
        unknown = {each.partition("=")[0] for each in context.params.get("param") or ()}
        if unknown - set(spec.params):
            raise click.UsageError(f"{name} has no parameter {unknown - set(spec.params)}")
