"""Completion scripts for shells, from the tree of the commands."""
