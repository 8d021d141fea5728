from __future__ import annotations

from hypothesis import settings

from inherited import heed_signals

heed_signals()

# The same examples at each run, so that a change is judged by what it changes; and no example
# is measured by the clock. The nightly job looks for new ones: --hypothesis-profile=random.
settings.register_profile("repeatable", derandomize=True, deadline=None)
settings.register_profile("random", deadline=None)
settings.load_profile("repeatable")
