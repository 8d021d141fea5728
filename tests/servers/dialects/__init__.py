"""Every dialect that a test can watch: the five of ``opwatch demo``, and the rest here.

The rest are the standards, and the APIs whose way of polling is their own. None has
a path of another, so one ``DemoServer(ALL_DIALECTS)`` serves them all.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from opwatch.demo.dialects import DIALECTS
from servers.dialects.azure_async import AzureAsync
from servers.dialects.azure_location import AzureLocation
from servers.dialects.azure_operation_location import AzureOperationLocation
from servers.dialects.azure_provisioning import AzureProvisioning
from servers.dialects.github import GitHub
from servers.dialects.google import Google
from servers.dialects.ogc import Ogc
from servers.dialects.osb import DEMO_USER, Osb
from servers.dialects.prefect import Prefect
from servers.dialects.shopify import Shopify

if TYPE_CHECKING:
    from opwatch.demo.dialect import Dialect

__all__ = ["ALL_DIALECTS", "DEMO_USER", "PROFILES", "STARTING_BODIES"]

ALL_DIALECTS: Final[tuple[Dialect, ...]] = (
    *DIALECTS,
    Google(),
    AzureAsync(),
    AzureLocation(),
    AzureProvisioning(),
    AzureOperationLocation(),
    Osb(),
    Ogc(),
    GitHub(),
    Shopify(),
    Prefect(),
)
PROFILES: Final = tuple(dialect.profile for dialect in ALL_DIALECTS)
STARTING_BODIES: Final = {each.profile: each.starting_body for each in (GitHub, Shopify)}
"""What the starting call of a profile carries; of all others it is empty."""
