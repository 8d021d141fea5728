"""The lists of profiles that a TAB is answered from: written here, read by ``profiles.py``.

Decides what is offered at all: no parameter that a reference stands for, and no value that
a shell would take for more than one word.
"""

from __future__ import annotations

import re
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

from opwatch.cli.run_options import ID
from opwatch.output.text.clean import PLAIN

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from opwatch.profiles import Config

_WORD: Final = re.compile(r"[\w.:/@%+,-]+")
_LONGEST: Final = 80


def short(text: str) -> str:
    """Return the first sentence of *text*, short enough for a list beside the words."""
    text = PLAIN(text, 10 * _LONGEST).partition(". ")[0].rstrip(".")
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def profiles(names: Iterable[str], config: Config) -> tuple[str, bool]:
    """Return the list of the profiles *names*, and whether each could be read."""
    from opwatch.domain.errors import UsageError
    from opwatch.profiles import load_profile

    rows: list[str] = []
    broken = False
    for name in names:
        try:
            spec = load_profile(name, config).spec
        except UsageError:
            rows.append(f"profile {name}\t")
            broken = True
            continue
        rows.append(f"profile {name}\t{short(spec.title)}")
        for key, param in spec.params.items():
            if key != ID:
                choices = "|".join(each for each in param.choices if _WORD.fullmatch(each))
                rows.append(f"param {key}\t{choices}\t{short(param.help)}")
    return "".join(f"{row}\n" for row in rows), not broken


def own_profiles(path: str, environ: Mapping[str, str], *, is_named: bool) -> tuple[str, bool]:
    """Return the list of the profiles of the configuration at *path*, and whether it is whole.

    A configuration that cannot be read is not told of at a TAB: it has no names. The list
    is kept in a file, so a secret that a profile takes from *environ* is masked.
    """
    from opwatch.credentials import Redactor
    from opwatch.profiles import load_config

    redact = Redactor()
    redact.learn_environ(environ)
    # The profile that a variable names is looked up at each TAB.
    environ = {key: value for key, value in environ.items() if key != "OPWATCH_PROFILE"}
    named = Path(path) if is_named else None
    with suppress(Exception):
        config = load_config(named, environ, folder=Path(path).parent)
        own = [name for name in config.names() if config.is_users(name)]
        text, is_whole = profiles(own, config)
        return redact(f"default {config.default_profile or ''}\n{text}"), is_whole
    return "", False
