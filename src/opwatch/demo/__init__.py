"""A loopback server that speaks the dialects of the built-in providers.

The ``demo`` command and the tests watch its operations through the real code
path. It serves fake operations to this machine only, on a port of its own.
"""

from opwatch.demo.dialect import DEMO_TOKEN
from opwatch.demo.dialects.osb import DEMO_USER
from opwatch.demo.jobs import Started, Truth
from opwatch.demo.scenario import DemoOperation, scenario
from opwatch.demo.script import Hitch, Script
from opwatch.demo.server import PROFILES, DemoServer, Opening, Seen

__all__ = [
    "DEMO_TOKEN",
    "DEMO_USER",
    "PROFILES",
    "DemoOperation",
    "DemoServer",
    "Hitch",
    "Opening",
    "Script",
    "Seen",
    "Started",
    "Truth",
    "scenario",
]
