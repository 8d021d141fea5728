"""The example of docs/fault-servers.md does what the page says."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_the_example_of_the_fault_servers_ends_as_it_says(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "fault-servers.md").read_text(encoding="utf-8")
    script = re.findall(r"```python\n(.*?)```", page, re.DOTALL)[0]
    script = script.replace('"tests"', repr(str(ROOT / "tests")))

    done = subprocess.run(  # noqa: S603, our own example
        [sys.executable, "-c", script],
        env={"PATH": os.environ["PATH"], "HOME": str(tmp_path)},
        cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip

    assert done.stdout.splitlines()[-1] in page.replace("`", ""), done.stderr
    assert done.stdout.endswith("exit 0, 4 requests\n")
