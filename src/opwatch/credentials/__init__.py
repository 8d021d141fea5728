"""The credentials room."""
