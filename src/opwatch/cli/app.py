"""Which commands there are, and how a command line becomes an exit code.

Decides that a command's module is imported when the command is used, not
before: ``--help`` and completion cost no more than the names.
"""

from __future__ import annotations

import sys
from contextlib import suppress
from importlib import import_module
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer
from typer.core import TyperCommand, TyperGroup
from typer.exceptions import TyperException

from opwatch.domain.outcome import ExitCode
from opwatch.version import __version__

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

COMMANDS: Final[Mapping[str, tuple[str, str]]] = {
    "get": ("opwatch.cli.commands.get", "Look at operations once."),
    "wait": ("opwatch.cli.commands.wait", "Wait until operations have ended."),
    "start": ("opwatch.cli.commands.start", "Start an operation, and wait for it."),
    "profile": (
        "opwatch.cli.commands.profile",
        "List, show, check, explain and write provider profiles.",
    ),
    "auth": ("opwatch.cli.commands.auth", "Keep, show and try the credentials of profiles."),
    "demo": ("opwatch.cli.commands.demo", "Watch the operations of a server on this machine."),
    "completion": ("opwatch.cli.commands.completion", "Print the completion script of a shell."),
}
WATCHING: Final = frozenset({"get", "wait", "start"})
"""Commands that load more when they run, and then have handlers of signals."""
EPILOG: Final = (
    "Exit codes of get and wait: 0 succeeded, 1 failed, 2 usage, 3 cancelled, 4 denied, "
    "5 not found, 6 unknown, 8 pending (get only), 124 timed out, 130 interrupted. "
    "With several, the worst counts: see docs/exit-codes.md."
)


class Group(TyperGroup):
    """A group that shows its help where no command is given, and ends with 2."""

    def parse_args(self, ctx: Any, args: list[str]) -> Any:
        """Show the help if there is nothing in *args*."""
        if args or ctx.resilient_parsing:
            return super().parse_args(ctx, args)
        typer.echo(ctx.get_help(), err=True)
        raise typer.Exit(ExitCode.USAGE)


class LazyGroup(Group):
    """A group whose commands are in modules that are imported when asked for."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        # Only the names, for the parser to suggest the nearest of them.
        self.commands = dict.fromkeys(COMMANDS, TyperCommand(None))

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002, typer's signature
        """Return the names of all commands, in the order of the help."""
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ARG002, typer's signature
        """Return the command *cmd_name*, its module imported now."""
        if cmd_name not in COMMANDS:
            return None
        module = import_module(COMMANDS[cmd_name][0])
        if cmd_name not in WATCHING:
            _end_loading()
        return typer.main.get_command(module.app)

    def format_commands(self, ctx: Any, formatter: Any) -> None:  # noqa: ARG002, typer's signature
        """Write the names and their help without importing a command."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])


def _end_loading() -> None:
    """Give signals back to Python: a command may have asked for a secret without an echo."""
    import signal

    for number in (signal.SIGINT, signal.SIGTERM, getattr(signal, "SIGHUP", signal.SIGTERM)):
        if getattr(signal.getsignal(number), "while_loading", False):
            is_int = number == signal.SIGINT
            signal.signal(number, signal.default_int_handler if is_int else signal.SIG_DFL)


def settings(**more: Any) -> dict[str, Any]:
    """Return how every typer application of this room is set up, and *more*."""
    return {
        "add_completion": False,
        "rich_markup_mode": None,
        "pretty_exceptions_enable": False,
        "context_settings": {"help_option_names": ["-h", "--help"], "max_content_width": 100},
        **more,
    }


app = typer.Typer(
    cls=LazyGroup,
    help="Wait for long-running API operations, and exit with a code that a script can trust.",
    epilog=EPILOG,
    **settings(),
)


@app.callback()
def root(
    *,
    version: Annotated[
        bool, typer.Option("--version", "-V", help="Print the version and exit.", metavar="")
    ] = False,
) -> None:
    """Take the options that stand before a command."""
    if version:
        sys.stdout.write(f"opwatch {__version__}\n")
        raise typer.Exit


def run(arguments: Sequence[str]) -> int:
    """Carry out *arguments* and return the exit code; nothing is raised."""
    try:
        code = app(list(arguments), prog_name="opwatch", standalone_mode=False)
    except BaseException as problem:  # noqa: BLE001, the last net: 70, never 1
        return _code_of(problem, as_json=bool({"--json", "--jsonl"} & set(arguments)))
    return code if isinstance(code, int) else 0


def _code_of(problem: BaseException, *, as_json: bool) -> int:
    """Report *problem*, which ended a command, and return the exit code."""
    from opwatch.cli.exit import end_of
    from opwatch.domain.errors import PipeClosedError, UsageError
    from opwatch.output.errors import LINE
    from opwatch.output.streams import OF_WRITING, write_failure
    from opwatch.output.text.clean import PLAIN

    match problem:
        case TyperException():
            # The parser knows the usage line and the nearest option; those of its exceptions
            # that reach here can show both. What was typed is not shown as it is.
            problem.message = PLAIN(problem.message, LINE)
            with suppress(OSError, SystemExit):
                getattr(problem, "show", str)()
            usage = UsageError(problem.format_message())
            return end_of(usage, as_json=as_json, reported=True)
        case SystemExit():
            # This is how the parser leaves when the reader of its help has left.
            return end_of(PipeClosedError(str(problem)), as_json=False)
        case OSError() if problem.errno in OF_WRITING:
            return end_of(write_failure(problem), as_json=as_json)
        case _:
            return end_of(problem, as_json=as_json)
