"""The tests in a browser, in a process of their own.

Where eventlet has patched the standard library, Playwright's greenlets never come back at its end.
"""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


def test_in_a_process_without_patches() -> None:
    command = [sys.executable, "-m", "pytest", "-o", "addopts=-ra", "tests/browser"]
    assert subprocess.run(command, cwd=ROOT, timeout=1800, check=False).returncode == 0
