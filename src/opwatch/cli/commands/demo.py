"""``opwatch demo``: the real wait, against a server on this machine."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from contextlib import ExitStack
from itertools import cycle
from typing import Annotated, Final

from opwatch.cli import options as opt
from opwatch.cli.parameters import command, option
from opwatch.demo import DEMO_TOKEN, DemoOperation, DemoServer, scenario
from opwatch.domain.auth import HeaderAuth, Scheme
from opwatch.domain.errors import UsageError
from opwatch.domain.operation import Operation
from opwatch.domain.outcome import ExitCode, Policy
from opwatch.engine import stay
from opwatch.output.commands.demo import write_check, write_invitation, write_opening
from opwatch.output.terminal import Style
from opwatch.profiles import bind_profile, load_config, load_profile
from opwatch.session.plan import Plan, make_plan

PACE: Final = 0.7
"""Seconds between two polls of the demo: its operations last seconds, not minutes."""
SERVED_SCALE: Final = 5.0
OF_THE_TERMINAL: Final = (
    *("TERM", "TERM_PROGRAM", "TMUX", "VTE_VERSION", "WT_SESSION", "ConEmuANSI"),
    *("NO_COLOR", "CI"),
)
"""What the demo reads of the environment: how to show it, and no credential or proxy."""


@command(
    "demo",
    examples=[
        ("opwatch demo", "watch eight operations: a minute at most"),
        ("opwatch demo --serve --port 8080", "keep the server up, and print commands to try"),
    ],
)
def app(
    *,
    serve: Annotated[
        bool, option("--serve", help="Keep the server up, and print commands to try.")
    ] = False,
    port: Annotated[
        int, option("--port", min=0, max=65535, help="The port of the server; 0 takes a free one.")
    ] = 0,
    progress: Annotated[Style, option("--progress", help="How progress is shown.")] = Style.AUTO,
    no_color: opt.NoColor = False,
) -> int:
    """Watch eight operations of five APIs, served from this machine.

    Needs no account and no network. One operation fails, so the wait would exit
    with 1; the demo itself exits with 0 if every outcome is what its server did.
    """
    with ExitStack() as stack:
        try:
            server = stack.enter_context(DemoServer(port=port))
        except OSError as problem:
            reason = os.strerror(problem.errno) if problem.errno else str(problem)
            raise UsageError(
                f"cannot listen on port {port} of this machine: {reason}",
                hint="choose another with --port; 0 takes a free one",
            ) from problem
        if serve:
            _serve(server)
            return 0
        return _watch(server, progress, no_color=no_color)


def _watch(server: DemoServer, style: Style, *, no_color: bool) -> int:
    """Run the wait of the demo, hold its outcomes against the truth; return the exit code."""
    from opwatch.cli.run_options import RunOptions
    from opwatch.cli.runner import run_watch
    from opwatch.cli.view import View
    from opwatch.session.context import RunContext

    seen: list[Operation] = []
    operations = scenario(server)
    terminal = {name: os.environ[name] for name in OF_THE_TERMINAL if name in os.environ}
    context = RunContext(token_from_stdin=DEMO_TOKEN, catch_signals=True, environ=terminal)
    options = RunOptions(progress=style, no_color=no_color)
    view = View("demo", options, context, collect=seen.extend)
    write_opening(sys.stderr, len(operations))
    code = run_watch(lambda: (_plan(server, operations, Policy(interval=PACE)), context), view)
    if code not in {ExitCode.SUCCEEDED, ExitCode.FAILED}:
        return code
    truth = {(each.profile, each.id): each.state.value for each in server.truth()}
    found = {(each.target.profile, each.id): each.outcome for each in seen}
    right = sum(found.get(key) == state for key, state in truth.items())
    write_check(sys.stderr, code, right, len(truth))
    return ExitCode.SUCCEEDED if right == len(truth) else ExitCode.BUG


def _plan(server: DemoServer, operations: tuple[DemoOperation, ...], policy: Policy) -> Plan:
    config = load_config(None, {})
    lanes = []
    for name in dict.fromkeys(each.profile for each in operations):
        definition = load_profile(name, config)
        members = [each for each in operations if each.profile == name]
        profile = bind_profile(definition, dict(members[0].params), base_url=server.base_url)
        targets = [profile.target(each.reference, each.params) for each in members]
        lanes.append((profile, targets))
    return make_plan(lanes, policy)


def _shown_as(scheme: Scheme) -> str:
    """Return the header by which *scheme* shows a token that is in a shell's variable."""
    header = scheme if isinstance(scheme, HeaderAuth) else HeaderAuth(())
    return f"{header.name}: " + header.template.replace("{secret}", "$OPWATCH_TOKEN")


def _serve(server: DemoServer) -> None:
    """Print what to try, and stay until a signal comes."""
    operations = scenario(server, scale=SERVED_SCALE)
    profiles = _plan(server, operations, Policy()).profiles
    write_invitation(
        sys.stdout,
        count=len(server.profiles),
        base_url=server.base_url,
        environ={"OPWATCH_TOKEN": DEMO_TOKEN.reveal(), "OPWATCH_BASE_URL": server.base_url},
        watches=[
            ["opwatch", command, *_words(each.profile, _beside(each)), each.reference]
            for command, each in zip(cycle(["wait", "get"]), operations, strict=False)
        ],
        pipes=[
            (["curl", "-si", "-X", *server.starting(name)], _shown_as(profile.auth), name)
            for name, profile in profiles.items()
        ],
        starts=[_start_command(server, name) for name in server.profiles],
    )
    stay()


def _beside(operation: DemoOperation) -> Mapping[str, str]:
    """Return the parameters that the reference leaves out: a path or a URL has them all."""
    return operation.params if operation.reference == operation.id else {}


def _words(profile: str, params: Mapping[str, str]) -> list[str]:
    """Return the options that choose *profile* with *params*."""
    return ["-p", profile, *(word for it in params.items() for word in ("--param", "=".join(it)))]


def _start_command(server: DemoServer, profile: str) -> list[str]:
    method, url = server.starting(profile)
    return ["opwatch", "start", "-p", profile, method, url.removeprefix(server.base_url)]
