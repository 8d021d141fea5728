"""Which profile each reference on a command line is for: ``-p A id1 -p B id2``.

Decides that a reference belongs to the ``-p`` before it, and so do ``--param`` and
``--base-url``; with a single ``-p`` it does not matter where it stands. And writes
operations as a command line again, each with the profile that it was asked about with.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain, pairwise
from typing import TYPE_CHECKING, Final

from opwatch.domain.command_line import (
    OF_PROFILE,
    behind_options,
    command_to_paste,
    params_to_paste,
    words_of_options,
)
from opwatch.domain.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from opwatch.cli.options import ProfileOptions
    from opwatch.domain.command_line import OptionWords
    from opwatch.domain.operation import Target
    from opwatch.profiles import ManifestEntry

STDIN: Final = "-"
ORDER: Final = "write each -p before what it is for:  -p A --param KEY=VALUE ID -p B ID"


@dataclass(frozen=True, slots=True)
class ReferenceGroup:
    """References, and what chooses the profile for them."""

    references: tuple[str, ...]
    profile: str | None = None
    params: tuple[str, ...] = ()
    base_url: str | None = None
    is_one_of_several: bool = False


def reference_groups(
    options: ProfileOptions, references: Sequence[str]
) -> tuple[ReferenceGroup, ...]:
    """Return *references* by the ``-p`` that they belong to.

    Raises:
        UsageError: with several, one stands before the first, or none behind one.
    """
    if sum(each.name == "profile" for each in options.placed) < 2:  # noqa: PLR2004, several
        given = tuple(options.param or ())
        return (ReferenceGroup(tuple(references), options.profile, given, options.base_url),)
    return tuple(_groups(options, tuple(references)))


def manifest_groups(
    options: ProfileOptions, entries: Iterable[ManifestEntry]
) -> tuple[ReferenceGroup, ...]:
    """Return *entries* of a manifest; what names no profile is for that of *options*."""
    return tuple(
        ReferenceGroup(
            each.references,
            each.profile or options.profile,
            (
                *(() if each.profile else options.param or ()),
                *(f"{key}={value}" for key, value in each.params.items()),
            ),
            each.base_url or (None if each.profile else options.base_url),
            is_one_of_several=True,
        )
        for each in entries
    )


def _groups(options: ProfileOptions, references: tuple[str, ...]) -> Iterator[ReferenceGroup]:
    placed = options.placed
    starts = [index for index, each in enumerate(placed) if each.name == "profile"]
    if starts[0] > 0 or placed[0].after > 0:
        what = references[0] if placed[starts[0]].after else f"--{placed[0].name}"
        message = f"with several -p, {what.replace('_', '-')!r} stands before the first of them"
        raise UsageError(message, hint=ORDER)
    is_for_all = not any(each.name == "base_url" for each in placed)
    for start, end in pairwise([*starts, len(placed)]):
        name, after = placed[start].value, placed[start].after
        until = placed[end].after if end < len(placed) else len(references)
        if after == until:
            raise UsageError(f"-p {name} is followed by no reference", hint=ORDER)
        own = placed[start + 1 : end]
        urls = [each.value for each in own if each.name == "base_url"]
        yield ReferenceGroup(
            references[after:until],
            name,
            tuple(each.value for each in own if each.name == "param"),
            urls[-1] if urls else options.base_url if is_for_all else None,
            is_one_of_several=True,
        )


# -- the command that waits for the same ----------------------------------------------


def wait_command(targets: Sequence[Target], further: OptionWords) -> str:
    """Return the command that waits for *targets*; *further* options are of the whole run."""
    groups: dict[OptionWords, list[Target]] = {}
    for each in targets:
        groups.setdefault(_of_profile(each.options), []).append(each)
    of_run = tuple(each for each in targets[0].options if each[0] not in OF_PROFILE)
    of_run += further
    if len(groups) == 1:
        ((key, found),) = groups.items()
        return command_to_paste("wait", key + of_run, *_words_of(found))
    if () not in groups:
        # Behind "--" there is no further option, so that group comes last.
        ordered = sorted(groups.items(), key=lambda group: _has_dash(group[1]))
        words = ((*words_of_options(key), *_words_of(found)) for key, found in ordered)
        return command_to_paste("wait", of_run, *chain.from_iterable(words))
    # A URL that finds its own profile cannot stand behind the -p of another.
    return "; ".join(
        command_to_paste("wait", key + of_run, *_words_of(found)) for key, found in groups.items()
    )


def _words_of(targets: Sequence[Target]) -> list[str]:
    shared = set.intersection(*(set(each.initial.params.items()) for each in targets))
    params = words_of_options(params_to_paste(dict(sorted(shared))))
    return [*params, *behind_options(each.reference for each in targets)]


def _of_profile(options: OptionWords) -> OptionWords:
    return tuple(each for each in options if each[0] in OF_PROFILE)


def _has_dash(targets: Sequence[Target]) -> bool:
    return any(each.reference.startswith("-") for each in targets)
