"""The dialects of the five APIs that ``opwatch demo`` watches, one module each.

All are served on one port, under the real paths of their APIs: none
collides with another, so none has a prefix, and a reference that is a path
looks like the provider's own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from opwatch.demo.dialects.bentley import Bentley
from opwatch.demo.dialects.fullstory import FullStory
from opwatch.demo.dialects.powerplatform import PowerPlatform
from opwatch.demo.dialects.sap import Sap
from opwatch.demo.dialects.seismic import Seismic

if TYPE_CHECKING:
    from opwatch.demo.dialect import Dialect

DIALECTS: Final[tuple[Dialect, ...]] = (
    PowerPlatform(),
    Bentley(),
    Seismic(),
    FullStory(),
    Sap(),
)
