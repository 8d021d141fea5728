"""The version, baked in so that printing it costs no metadata lookup."""

__version__ = "0.1.0"
