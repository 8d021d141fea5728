"""What a person sees during a run, and at its end."""

from enum import StrEnum


class Style(StrEnum):
    """The displays to choose from (``--progress``)."""

    AUTO = "auto"
    BARS = "bars"
    LINES = "lines"
    NONE = "none"
