r"""How each CI system wants to be told of a group of lines and of a problem, and of which.

Decides the syntax and the escaping. Texts are clean before they come here: one line, no
control character, no command of any system (``text/clean.py``). Sources:

- GitHub: https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands,
  and what its runner unescapes: ``ActionCommand.cs`` of actions/runner.
- GitLab: https://docs.gitlab.com/ci/jobs/job_logs/#create-custom-collapsible-sections
- Azure: https://learn.microsoft.com/azure/devops/pipelines/scripts/logging-commands, and
  ``Command.cs`` of its agent, which decodes ``%0A`` but knows no way to write ``%``.
- Buildkite: https://buildkite.com/docs/pipelines/configure/managing-log-output
- TeamCity: https://www.jetbrains.com/help/teamcity/service-messages.html#Escaped+Values

Decides also which operations are reported, how severely, and how many: GitHub shows ten
annotations of a step, and more than that is a flood anywhere.
"""

from __future__ import annotations

import re
import secrets
from collections import Counter
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from opwatch.domain.outcome import PRECEDENCE, Outcome
from opwatch.output.ci import System
from opwatch.output.text.clean import Show, leading
from opwatch.output.text.sentences import display_name, ended_badly, ending_sentence
from opwatch.output.text.styles import page_of
from opwatch.output.text.summary import counted
from opwatch.output.text.words import OUTCOMES

if TYPE_CHECKING:
    from opwatch.domain.events import Finished
    from opwatch.domain.operation import Operation

MOST: Final = 10


class Severity(StrEnum):
    """How bad a problem is: a warning lets the run succeed."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Annotation:
    """A line for the overview. Its texts are clean; *link* is the operation's page, or empty."""

    severity: Severity
    title: str
    text: str
    link: str = ""


def annotations_of(event: Finished, show: Show) -> list[Annotation]:
    """Return the problems of a run, the worst first, at most ``MOST``.

    Where the run succeeds all the same, with ``--any`` for one, they are warnings: an error
    message may fail a build whose exit code is 0.
    """
    bad = [each for each in event.operations if ended_badly(each)]
    bad.sort(key=lambda each: PRECEDENCE.index(each.counted_as))
    severity = Severity.ERROR if event.verdict.code else Severity.WARNING
    found = [_annotation(each, severity, show) for each in bad]
    warned = (each for each in event.operations if _has_warnings(each))
    found += [_annotation(each, Severity.WARNING, show) for each in warned]
    if len(found) <= MOST:
        return found
    words = ", ".join(counted(Counter(each.counted_as for each in bad[MOST - 1 :])))
    many = f"{len(found) - MOST + 1:,} more"
    last = Annotation(severity, many, f"{many}: {words or 'succeeded with warnings'}")
    return [*found[: MOST - 1], last]


def _has_warnings(operation: Operation) -> bool:
    reading = operation.reading
    is_partial = reading is not None and reading.partial
    return is_partial and operation.outcome is Outcome.SUCCEEDED and not ended_badly(operation)


def _annotation(operation: Operation, severity: Severity, show: Show) -> Annotation:
    word = OUTCOMES[operation.counted_as]
    return Annotation(
        severity,
        f"{display_name(operation, show)} {word}",
        ending_sentence(operation, show),
        page_of(operation, show),
    )


class Plain:
    """A log without groups. The time of each mark is in whole seconds since 1970."""

    def open(self, title: str, when: int) -> str | None:  # noqa: ARG002, what others need
        """Return the line that opens the group of *title*."""
        return None

    def close(self, title: str, when: int, *, is_good: bool) -> str | None:  # noqa: ARG002
        """Return the line that closes it; *title* is how the run went."""
        return None

    def report(self, annotation: Annotation) -> str:
        """Return the line about *annotation*."""
        return f"opwatch {annotation.severity}: {_with_link(annotation)}"


class GitHub(Plain):
    """Workflow commands."""

    def open(self, title: str, when: int) -> str:  # noqa: ARG002
        """Return ``::group::``."""
        return f"::group::{github_data(title)}"

    def close(self, title: str, when: int, *, is_good: bool) -> str:  # noqa: ARG002
        """Return ``::endgroup::``."""
        return "::endgroup::"

    def report(self, annotation: Annotation) -> str:
        """Return an annotation."""
        text = github_data("\n".join(filter(None, (annotation.text, annotation.link))))
        return f"::{annotation.severity} title={github_property(annotation.title)}::{text}"


@dataclass(frozen=True, slots=True)
class GitLab(Plain):
    """Sections that can be collapsed; *name* has to be unique in the job."""

    name: str

    def open(self, title: str, when: int) -> str:
        """Return the marker of the section and its header."""
        return f"\x1b[0Ksection_start:{when}:{self.name}\r\x1b[0K{title}"

    def close(self, title: str, when: int, *, is_good: bool) -> str:  # noqa: ARG002
        """Return the marker of its end."""
        return f"\x1b[0Ksection_end:{when}:{self.name}\r\x1b[0K"


class Azure(Plain):
    """Logging commands."""

    def open(self, title: str, when: int) -> str:  # noqa: ARG002
        """Return the head of a group."""
        return f"##[group]{title}"

    def close(self, title: str, when: int, *, is_good: bool) -> str:  # noqa: ARG002
        """Return its end."""
        return "##[endgroup]"

    def report(self, annotation: Annotation) -> str:
        """Return an issue of the task."""
        return (
            f"##vso[task.logissue type={annotation.severity}]{azure_data(_with_link(annotation))}"
        )


class Buildkite(Plain):
    """Headings, which end where the next begins; the last is open if something went wrong."""

    def open(self, title: str, when: int) -> str:  # noqa: ARG002
        """Return a heading."""
        return f"--- {title}"

    def close(self, title: str, when: int, *, is_good: bool) -> str:  # noqa: ARG002
        """Return the heading of the result."""
        return f"{'---' if is_good else '+++'} {title}"


class TeamCity(Plain):
    """Service messages."""

    def open(self, title: str, when: int) -> str:  # noqa: ARG002
        """Return the begin of a block."""
        return f"##teamcity[blockOpened name='opwatch' description='{teamcity_value(title)}']"

    def close(self, title: str, when: int, *, is_good: bool) -> str:  # noqa: ARG002
        """Return its end."""
        return "##teamcity[blockClosed name='opwatch']"

    def report(self, annotation: Annotation) -> str:
        """Return a build problem, which fails the build; a warning is a message only."""
        text = teamcity_value(_with_link(annotation))
        if annotation.severity is Severity.ERROR:
            return f"##teamcity[buildProblem description='{text}']"
        return f"##teamcity[message text='{text}' status='WARNING']"


def dialect_of(system: System) -> Plain:
    """Return the dialect of *system*."""
    match system:
        case System.GITHUB:
            return GitHub()
        case System.GITLAB:
            return GitLab(f"opwatch_{secrets.token_hex(4)}")
        case System.AZURE:
            return Azure()
        case System.BUILDKITE:
            return Buildkite()
        case System.TEAMCITY:
            return TeamCity()
        case System.AUTO | System.NONE:
            return Plain()


def _with_link(annotation: Annotation) -> str:
    return leading(f"{annotation.text} ({annotation.link})" if annotation.link else annotation.text)


# -- escaping ------------------------------------------------------------------------

_GITHUB: Final = str.maketrans({"%": "%25", "\r": "%0D", "\n": "%0A"})
_GITHUB_PROPERTY: Final = _GITHUB | str.maketrans({":": "%3A", ",": "%2C"})
_TEAMCITY: Final = str.maketrans(
    {"|": "||", "'": "|'", "[": "|[", "]": "|]", "\n": "|n", "\r": "|r"}
)
_AZURE_BREAK: Final = re.compile(r"%(?=0[AD])", re.IGNORECASE)


def github_data(text: str) -> str:
    """Return *text* as the message of a workflow command."""
    return text.translate(_GITHUB)


def github_property(text: str) -> str:
    """Return *text* as the value of a property of a workflow command."""
    return text.translate(_GITHUB_PROPERTY)


def azure_data(text: str) -> str:
    """Return *text* as the message of a logging command: no line break can come out of it."""
    return _AZURE_BREAK.sub("% ", text)


def teamcity_value(text: str) -> str:
    """Return *text* as the value of an attribute of a service message, in ASCII."""
    return "".join(each if each.isascii() else _utf16(each) for each in text.translate(_TEAMCITY))


def _utf16(char: str) -> str:
    units = char.encode("utf-16-be", "surrogatepass").hex().upper()
    return "".join(f"|0x{units[at : at + 4]}" for at in range(0, len(units), 4))
