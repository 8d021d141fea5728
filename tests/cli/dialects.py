"""What each dialect needs, and which ways to its operations there are.

A way that is closed by the nature of a dialect is in ``CLOSED`` with the reason, and
with what the program says to whoever tries it. An end that a dialect has no word for
is in ``NO_WORD``.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from opwatch.domain.operation import State
from servers.dialects import PROFILES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from opwatch.demo import StartedJob


class Way(StrEnum):
    """How the program comes to know an operation."""

    ID = "bare id"
    PATH = "path"
    URL = "polling URL"
    PAGE = "web page"
    SPELLED = "id with its parameters"
    START = "start"
    PIPE = "pipe"
    KNOWN_URL = "URL alone, of a host that is known"
    STRANGE_URL = "URL alone, of any host"
    PIPE_ALONE = "pipe alone, of a host that is known"


STARTING: Final = (Way.START, Way.PIPE, Way.PIPE_ALONE)
"""These start an operation over HTTP; the others are told of one that runs."""


@dataclass(frozen=True)
class Spoken:
    """How a dialect is spoken to.

    *beside* are the parameters that go with a bare id, *to_pipe* those that no
    starting answer names. *bare*, *page* and *spelled* are templates of references.
    """

    beside: tuple[str, ...] = ()
    to_pipe: tuple[str, ...] = ()
    bare: str = "{id}"
    page: str = ""
    spelled: str = ""

    def reference(self, way: Way, job: StartedJob) -> str:
        """Return how *job* is named in this *way*."""
        templates = {
            Way.ID: self.bare,
            Way.PATH: job.path.replace("{", "{{"),
            Way.PAGE: self.page or "https://portal.example.com/operations/{number}",
            Way.SPELLED: self.spelled,
        }
        number = job.id.rpartition("/")[2]
        template = templates.get(way)
        return (
            job.url if template is None else template.format(**job.params, id=job.id, number=number)
        )


SPOKEN: Final[Mapping[str, Spoken]] = {
    "powerplatform": Spoken(beside=("environment_id={environment_id}",)),
    "bentley-schedules": Spoken(beside=("schedule_id={schedule_id}",)),
    "seismic-programs": Spoken(),
    "fullstory": Spoken(),
    "sap-service-manager": Spoken(
        beside=("resource_type={resource_type}", "resource_id={resource_id}"),
        spelled="{resource_type}/{resource_id}/operations/{id}",
    ),
    "google-lro": Spoken(),
    "azure-async": Spoken(),
    "azure-location": Spoken(),
    "azure-provisioning": Spoken(
        beside=("api_version={api_version}",), to_pipe=("api_version=2024-07-01",)
    ),
    "azure-operation-location": Spoken(
        beside=("api_version=2024-11-30",), bare="documentintelligence/operations/{id}"
    ),
    "osb": Spoken(beside=("operation={operation}",), to_pipe=("id={instance}",)),
    "ogc-processes": Spoken(),
    "github-actions": Spoken(
        beside=("owner={owner}", "repo={repo}"),
        page="https://github.com/{owner}/{repo}/actions/runs/{id}/job/77?pr=1#step:3:1",
        spelled="{owner}/{repo}/{id}",
    ),
    "shopify-bulk": Spoken(
        bare="{number}",
        spelled="gid://shopify/BulkOperation/{number}",
    ),
    "prefect": Spoken(
        page="https://app.prefect.cloud/account/a-1/workspace/w-1/runs/flow-run/{id}"
    ),
}


@dataclass(frozen=True)
class Closed:
    """Why there is no such way, the exit *code* of who tries it, and what is *said*."""

    why: str
    code: int
    said: tuple[str, ...]


_BY_URL_ONLY: Final = Closed(
    "the status URL is the only name that an operation has",
    2,
    ("names its operations by URLs only", "give the status URL of the starting answer"),
)
_NO_PAGE: Final = Closed(
    "no web page of this API is known",
    2,
    ("https://portal.example.com is not the profile's own", "choose the profile of that API"),
)
_ONE_URL: Final = Closed(
    "one URL serves all operations; the id is in the body",
    2,
    ("all operations share this URL", "give the operation's id"),
)
_ASKED_IN_VAIN: Final = Closed(
    "one URL serves all operations; the id is in the body",
    5,
    ("the API does not know it", "check the id and the profile"),
)
_NO_STATUS_URL: Final = Closed(
    "no header of the answer names a status URL",
    2,
    ("names no status URL, and no profile is given", "name the API's profile with -p"),
)
CLOSED: Final[Mapping[tuple[str, Way], Closed]] = {
    ("azure-async", Way.ID): _BY_URL_ONLY,
    ("azure-location", Way.ID): _BY_URL_ONLY,
    ("shopify-bulk", Way.PATH): _ONE_URL,
    ("shopify-bulk", Way.URL): _ONE_URL,
    ("shopify-bulk", Way.KNOWN_URL): _ASKED_IN_VAIN,
    ("shopify-bulk", Way.STRANGE_URL): _ASKED_IN_VAIN,
    ("fullstory", Way.STRANGE_URL): Closed(
        "the key is sent in a form of its own, which only the profile knows",
        4,
        ("refused the credential (HTTP 401)", "name its profile with -p"),
    ),
    ("sap-service-manager", Way.PIPE_ALONE): Closed(
        "the answer names a path and no host",
        2,
        ("names only the path '/v1/service_instances/", "name the API's profile with -p"),
    ),
    **{
        (profile, Way.PIPE_ALONE): _NO_STATUS_URL
        for profile in (
            "bentley-schedules",
            "seismic-programs",
            "fullstory",
            "google-lro",
            "azure-provisioning",
            "osb",
            "github-actions",
            "shopify-bulk",
            "prefect",
        )
    },
    **{(profile, Way.PAGE): _NO_PAGE for profile in PROFILES if not SPOKEN[profile].page},
}
NO_WORD: Final[Mapping[tuple[str, State], str]] = {
    ("bentley-schedules", State.CANCELLED): "the vendor's states are four, none of them this",
    ("seismic-programs", State.CANCELLED): "the vendor's text names none",
    ("fullstory", State.CANCELLED): "the vendor's states are three, none of them this",
    ("sap-service-manager", State.CANCELLED): "the vendor's states are four, none of them this",
    ("azure-location", State.CANCELLED): "the HTTP status is the state: there is none for it",
    ("osb", State.CANCELLED): "the specification has three states, none of them this",
}


def ways(profile: str) -> tuple[Way, ...]:
    """Return the ways that are open; not all APIs have parameters to spell with the id."""
    spelled = () if SPOKEN[profile].spelled else (Way.SPELLED,)
    return tuple(way for way in Way if (profile, way) not in CLOSED and way not in spelled)
