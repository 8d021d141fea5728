"""What a step of GitHub Actions leaves for the steps behind it and for its reader.

Decides which outputs there are, and that none can be forged: each is between two lines that
are drawn by chance for it (``$GITHUB_OUTPUT`` takes any text between them).
https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands
"""

from __future__ import annotations

import secrets
from typing import Final

OUTPUT_FILE: Final = "GITHUB_OUTPUT"
SUMMARY_FILE: Final = "GITHUB_STEP_SUMMARY"
LARGEST_OUTPUT: Final = 400_000
"""Characters: all outputs of a job may take 1 MB, each character counted as two bytes."""


def outputs(*, exit_code: int, summary: str, json: str) -> str:
    """Return the outputs of a step; a document too large for one is left out."""
    values = {
        "exit-code": str(exit_code),
        "summary": summary,
        "json": json.rstrip("\n") if len(json) <= LARGEST_OUTPUT else "",
    }
    return "".join(_output(name, value) for name, value in values.items())


def _output(name: str, value: str) -> str:
    delimiter = f"opwatch_{secrets.token_hex(16)}"
    return f"{name}<<{delimiter}\n{value}\n{delimiter}\n"
