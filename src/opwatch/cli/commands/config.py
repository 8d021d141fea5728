"""``opwatch config``: which files are read, in which order, and where one's own go."""

from __future__ import annotations

import os
import sys

from opwatch.cli import options as opt
from opwatch.cli.parameters import command


@command(
    "config",
    examples=[
        ("opwatch config", "where to put a profile of your own"),
        ("opwatch config --json | jq -r .profiles.path", "the folder, for a script"),
    ],
)
def app(*, config: opt.ConfigFile = None, as_json: opt.AsJson = False) -> int:
    """Show which files are read, in which order, and where to put your own.

    Exit code 2 if one of them is broken, or is refused because others may write to it.
    """
    from opwatch.cli.selection import warn_of_misspelt_variables
    from opwatch.domain.errors import UsageError
    from opwatch.output.commands.config import Places, places_document, places_facts
    from opwatch.output.errors import write_error
    from opwatch.output.formats.sheet import write_facts, write_json
    from opwatch.profiles import load_config, place_of_config

    path, named_by = place_of_config(config, os.environ)
    names: tuple[str, ...] = ()
    default, problem = None, None
    try:
        known = load_config(config, os.environ)
        warn_of_misspelt_variables(os.environ, known.names)
        names = tuple(name for name in known.names() if known.is_users(name))
        default = known.default_profile
    except UsageError as each:
        problem = each
    places = Places(
        path, named_by, default, names, is_read=problem is None and path.exists(), problem=problem
    )
    if as_json:
        write_json(sys.stdout, places_document(places))
    else:
        write_facts(sys.stdout, places_facts(places))
    if problem is None:
        return 0
    write_error(sys.stderr, problem)
    return 2
