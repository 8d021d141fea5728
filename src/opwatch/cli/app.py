"""Which commands there are, and how a command line becomes an exit code.

Decides that a command's module is imported when the command is used, not
before: ``--help`` and completion cost no more than the names.
"""

from __future__ import annotations

import sys
from contextlib import suppress
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

import click

from opwatch.cli.parameters import Group
from opwatch.version import __version__

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

COMMANDS: Final[Mapping[str, str]] = {
    "get": "Look at operations once.",
    "wait": "Wait until operations have ended.",
    "start": "Start an operation, and wait for it.",
    "replay": "Drive a recorded run again, and explain it.",
    "profile": "List, show, check, explain and write provider profiles.",
    "auth": "Keep, show and try the credentials of profiles.",
    "history": "Show past runs, and how to go on with them.",
    "config": "Show which files are read, and where yours go.",
    "demo": "Watch the operations of a server on this machine.",
    "completion": "Print the completion script of a shell.",
    "help": "Show all options of a command, or explain a topic.",
}
"""The commands, each the ``app`` of a module of its name, and what each does."""
WATCHING: Final = frozenset({"get", "wait", "start"})
"""Commands that load more when they run, and then have handlers of signals."""
EPILOG: Final = "Topics: opwatch help exit-codes|profiles|json|ci"


class LazyGroup(Group):
    """A group whose commands are in modules that are imported when asked for."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        # Only the names, for the parser to suggest the nearest of them.
        self.commands = {name: click.Command(name, help=text) for name, text in COMMANDS.items()}

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002, click's signature
        """Return the command *cmd_name*, its module imported now."""
        if cmd_name not in COMMANDS:
            return None
        module = import_module(f"opwatch.cli.commands.{cmd_name}")
        if cmd_name not in WATCHING:
            _end_loading()
        found: click.Command = module.app
        return found

    def rows(self, ctx: click.Context) -> list[tuple[str, str]]:  # noqa: ARG002, as above
        """Return the names and their help without importing a command."""
        return list(COMMANDS.items())


def _end_loading() -> None:
    """Give signals back to Python: a command may have asked for a secret without an echo."""
    import gc
    import signal

    gc.enable()

    for number in (signal.SIGINT, signal.SIGTERM, getattr(signal, "SIGHUP", signal.SIGTERM)):
        if getattr(signal.getsignal(number), "while_loading", False):
            is_int = number == signal.SIGINT
            signal.signal(number, signal.default_int_handler if is_int else signal.SIG_DFL)


def _version(ctx: click.Context, _param: click.Parameter, value: bool) -> None:  # noqa: FBT001, click's signature
    if value and not ctx.resilient_parsing:
        sys.stdout.write(f"opwatch {__version__}\n")
        ctx.exit()


app = LazyGroup(
    name="opwatch",
    help="Wait for long-running API operations; exit with a code that a script can trust.",
    epilog=EPILOG,
    examples=[
        ("opwatch demo", "watch eight operations of a server on this machine"),
        ("opwatch wait -p fullstory EXPORT_ID", "wait for one, and exit 0 once it has succeeded"),
    ],
    params=[
        click.Option(
            ["--version", "-V"],
            is_flag=True,
            is_eager=True,
            expose_value=False,
            callback=_version,
            help="Print the version and exit; with --verbose, what it runs on.",
        )
    ],
)


def run(arguments: Sequence[str]) -> int:
    """Carry out *arguments* and return the exit code; nothing is raised."""
    try:
        # Not ``main``, which would make Ctrl-C and a closed pipe something else.
        with app.make_context("opwatch", list(arguments)) as context:
            code = app.invoke(context)
    except click.exceptions.Exit as leaving:
        return leaving.exit_code
    except BaseException as problem:  # noqa: BLE001, the last net: 70, never 1
        return _code_of(problem, arguments)
    return code if isinstance(code, int) else 0


def _code_of(problem: BaseException, arguments: Sequence[str]) -> int:
    """Report *problem*, which ended the command of *arguments*, and return the exit code."""
    from opwatch.cli.exit import end_of
    from opwatch.domain.errors import UsageError
    from opwatch.output.errors import LINE
    from opwatch.output.streams import OF_WRITING, write_failure
    from opwatch.output.text.clean import PLAIN

    as_json = bool({"--json", "--jsonl"} & set(arguments))
    command = arguments[0] if arguments and arguments[0] in COMMANDS else "opwatch"
    match problem:
        case click.ClickException():
            # What was typed is not shown as it is; the parser shows the usage line above it.
            message = PLAIN(_message(problem), LINE)
            with suppress(OSError):
                click.UsageError(message, getattr(problem, "ctx", None)).show()
            return end_of(UsageError(message), as_json=as_json, reported=True)
        case OSError() if problem.errno in OF_WRITING:
            return end_of(write_failure(problem), as_json=as_json, command=command)
        case _:
            return end_of(problem, as_json=as_json, command=command)


def _message(problem: click.ClickException) -> str:
    """Return what *problem* says, with the nearest word that is known, not all that are near."""
    if isinstance(problem, click.NoSuchOption | click.NoSuchCommand) and problem.possibilities:
        return f"{problem.message} Did you mean {problem.possibilities[0]!r}?"
    return problem.format_message()
