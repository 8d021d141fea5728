from __future__ import annotations

from inherited import heed_signals

heed_signals()
