"""What a person or a program is shown, and every word of it.

Decides how events and outcomes look: live bars, lines, JSON, JSON Lines,
tables, JUnit. Remote text leaves the model only through ``clean``. The room is
cheap to import, and draws without a library: no library's live display keeps its place
when a terminal changes its size.
"""
