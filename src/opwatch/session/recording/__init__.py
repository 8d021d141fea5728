"""A run written down while it goes on, and driven again from what was written."""
