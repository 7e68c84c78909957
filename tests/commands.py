"""Run a command to its end, or to its deadline, with all that it started."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

LAST_WORDS_SECONDS = 2.0


def run(
    command: Sequence[str | Path],
    cwd: Path,
    *,
    seconds: float = 600,
    env: Mapping[str, str] | None = None,
) -> subprocess.CompletedProcess[str]:
    """The exit status, and as ``stdout`` all that was written. `env` is the whole environment.

    Nothing outlives it: a pipe that a left-over grandchild holds open would be read for ever. After
    `seconds` everything is sent SIGABRT, at which pytest writes where it stood, and then SIGKILL.
    """
    with tempfile.TemporaryFile() as written:
        process = subprocess.Popen(
            command,
            cwd=cwd,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=written,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGABRT)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(LAST_WORDS_SECONDS)
            written.seek(0, os.SEEK_END)
            written.write(f"\nnot ended after {seconds:.0f} s\n".encode())
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        written.seek(0)
        output = written.read().decode(errors="replace")
    return subprocess.CompletedProcess(command, process.returncode, output)


def tool(*command: str, cwd: Path) -> None:
    """Run a checker that is installed next to this Python; what it says is the failure."""
    program = shutil.which(command[0], path=str(Path(sys.executable).parent))
    assert program, f"{command[0]} is not installed here"
    done = run([program, *command[1:]], cwd, seconds=60)
    assert done.returncode == 0, done.stdout
