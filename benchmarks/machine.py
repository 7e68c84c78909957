"""What a result depends on and does not say by itself."""

from __future__ import annotations

import json
import os
import platform
import shutil
import subprocess
from pathlib import Path
from typing import Any

_BUILD = (
    "import json, platform, sysconfig; print(json.dumps([platform.python_version(),"
    " '--enable-optimizations' in (sysconfig.get_config_var('CONFIG_ARGS') or '')]))"
)


def describe(node: Path | None, python: str) -> dict[str, Any]:
    """The machine, without its name and without a date.

    :param python: the interpreter that serves. Whether it says of itself that it was built with
        ``--enable-optimizations``, as those of Docker's images and of uv do, is told: one that was
        not can be half as fast. (Debian's is optimized and does not say so.)
    """
    asked = subprocess.run([python, "-c", _BUILD], capture_output=True, text=True, check=True)
    version, optimized = json.loads(asked.stdout)
    return {
        "cores": len(os.sched_getaffinity(0)),
        "processor": _processor(),
        "kernel": platform.release().partition("-")[0],
        "python": version,
        "python_optimized": optimized,
        "node": _version(node) if node else None,
        "pinned": can_pin(),
    }


def can_pin() -> bool:
    """Whether server and load generator can each have a core of their own."""
    return shutil.which("taskset") is not None and len(os.sched_getaffinity(0)) > 1


def cores() -> tuple[int, int]:
    """One for the servers and one for the load generator; the first is often the busier."""
    usable = sorted(os.sched_getaffinity(0))
    return usable[-1], usable[0]


def pinned(core: int) -> list[str]:
    """What to put before a command so that it stays on `core`."""
    return ["taskset", "-c", str(core)] if can_pin() else []


def load_average() -> float:
    """Of the last minute: programs that want a core."""
    return round(os.getloadavg()[0], 2)


def _processor() -> str:
    try:
        text = Path("/proc/cpuinfo").read_text()
    except OSError:
        return platform.machine()
    names = [line.partition(":")[2].strip() for line in text.splitlines() if "model name" in line]
    return names[0] if names else platform.machine()


def _version(node: Path) -> str:
    done = subprocess.run([node, "--version"], capture_output=True, text=True, check=True)
    return done.stdout.strip().removeprefix("v")
