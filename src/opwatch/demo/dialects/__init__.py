"""The dialects that the demo server speaks, one module each.

All live side by side on one port, under the real paths of their APIs: none
collides with another, so none has a prefix, and a reference that is a path
looks like the provider's own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from opwatch.demo.dialects.azure_async import AzureAsync
from opwatch.demo.dialects.azure_location import AzureLocation
from opwatch.demo.dialects.azure_operation_location import AzureOperationLocation
from opwatch.demo.dialects.azure_provisioning import AzureProvisioning
from opwatch.demo.dialects.bentley import Bentley
from opwatch.demo.dialects.fullstory import FullStory
from opwatch.demo.dialects.github import GitHub
from opwatch.demo.dialects.google import Google
from opwatch.demo.dialects.ogc import Ogc
from opwatch.demo.dialects.osb import Osb
from opwatch.demo.dialects.powerplatform import PowerPlatform
from opwatch.demo.dialects.prefect import Prefect
from opwatch.demo.dialects.sap import Sap
from opwatch.demo.dialects.seismic import Seismic
from opwatch.demo.dialects.shopify import Shopify

if TYPE_CHECKING:
    from opwatch.demo.dialect import Dialect

DIALECTS: Final[tuple[Dialect, ...]] = (
    PowerPlatform(),
    Bentley(),
    Seismic(),
    FullStory(),
    Sap(),
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
