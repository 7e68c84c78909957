"""A service that starts again whenever its source changes, for development."""

from __future__ import annotations

import signal
import sys
from pathlib import Path

from watchfiles import PythonFilter, run_process

STOP_SECONDS = 3
"""Until a service that does not stop is killed."""


def serve_again_on_changes(package: str, directory: Path) -> None:
    """Run ``python -m package serve``, anew after each change of a Python file in `directory`.

    Returns when Ctrl-C is pressed.
    """
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background ignores it
    run_process(
        directory,
        target=f"{sys.executable} -m {package} serve",
        target_type="command",
        watch_filter=PythonFilter(),
        grace_period=0.5,
        sigint_timeout=STOP_SECONDS,
        sigkill_timeout=1,
    )
