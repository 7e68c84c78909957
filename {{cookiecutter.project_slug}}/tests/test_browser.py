"""The tests in a browser, in processes of their own.

Where eventlet has patched the standard library, Playwright's greenlets never come back at its end.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FILES = sorted(path.name for path in ROOT.glob("tests/browser/test_*.py"))
# The options in pyproject.toml bring the patches, and plugins that nobody asked for bring trouble.
OPTIONS = ("-o", "addopts=-ra", "-p", "pytest_timeout")
SECONDS = 900


@pytest.mark.timeout(SECONDS + 60)
@pytest.mark.parametrize("file", FILES)
def test_in_a_process_without_patches(file: str) -> None:
    command = [sys.executable, "-m", "pytest", *OPTIONS, f"tests/browser/{file}"]
    environ = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    done = subprocess.run(command, cwd=ROOT, env=environ, timeout=SECONDS, check=False)
    assert done.returncode == 0
