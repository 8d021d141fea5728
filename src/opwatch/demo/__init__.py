"""A loopback server that answers as the APIs of five built-in profiles do.

The ``demo`` command and the tests watch its operations through the real code
path. It serves fake operations to this machine only, on a port of its own.
"""

from opwatch.demo.dialect import DEMO_TOKEN
from opwatch.demo.jobs import Hitch, Script, StartedJob, Truth
from opwatch.demo.server import DemoOperation, DemoServer, scenario

__all__ = [
    "DEMO_TOKEN",
    "DemoOperation",
    "DemoServer",
    "Hitch",
    "Script",
    "StartedJob",
    "Truth",
    "scenario",
]
