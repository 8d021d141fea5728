"""What outlives a run: the journal of runs and operations, in one file of the user's own.

A verdict never depends on it. Whatever fails here costs one line, and the run goes on.
"""
