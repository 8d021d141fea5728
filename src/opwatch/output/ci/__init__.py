"""What a CI system is sent beside the log: its commands, its files, its masks.

Decides here which system reads the log: by the variable that each of them documents as always
set, unless ``--ci`` names one.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping


class System(StrEnum):
    """The choices of ``--ci``."""

    AUTO = "auto"
    NONE = "none"
    GITHUB = "github"
    GITLAB = "gitlab"
    AZURE = "azure"
    BUILDKITE = "buildkite"
    TEAMCITY = "teamcity"


# https://docs.github.com/en/actions/reference/workflows-and-actions/variables
# https://docs.gitlab.com/ci/variables/predefined_variables/
# https://learn.microsoft.com/azure/devops/pipelines/build/variables
# https://buildkite.com/docs/pipelines/configure/environment-variables
# https://www.jetbrains.com/help/teamcity/predefined-build-parameters.html
VARIABLES: Final = {
    "GITHUB_ACTIONS": System.GITHUB,
    "GITLAB_CI": System.GITLAB,
    "TF_BUILD": System.AZURE,
    "BUILDKITE": System.BUILDKITE,
    "TEAMCITY_VERSION": System.TEAMCITY,
}
_OFF: Final = frozenset({"", "0", "false"})


def system_of(choice: str, environ: Mapping[str, str]) -> System:
    """Return the system that *choice* names; for ``auto``, the one whose variable is set."""
    if choice != System.AUTO:
        return System(choice)
    for name, system in VARIABLES.items():
        if environ.get(name, "").lower() not in _OFF:
            return system
    return System.NONE
