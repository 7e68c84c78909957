"""What the README promises first: one command from a checkout to a running service."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import subprocess
import time
from pathlib import Path

import httpx
import pytest
from baking import REPOSITORY
from serving import free_port

START_SECONDS = 300


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("make") is None, reason="there is no make here")
def test_make_demo_serves(tmp_path: Path) -> None:
    port = free_port()
    environ = {**os.environ, "TMPDIR": str(tmp_path), "PORT": str(port)}
    log = tmp_path / "log"
    with log.open("w") as output:
        demo = subprocess.Popen(
            ["make", "demo"],
            cwd=REPOSITORY,
            env=environ,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        wait_for(f"http://127.0.0.1:{port}/healthz", demo, log)
        page = httpx.get(f"http://127.0.0.1:{port}/")
        assert page.status_code == 200
        assert page.headers["content-type"].startswith("text/html")
    finally:
        os.killpg(demo.pid, signal.SIGTERM)
        # The signal may strike uvicorn's reloader while it holds the lock that its handler wants.
        with contextlib.suppress(subprocess.TimeoutExpired):
            demo.wait(10)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(demo.pid, signal.SIGKILL)
        demo.wait()
    written = log.read_text()
    assert re.search(rf"generated in {re.escape(str(tmp_path))}/demo-\w+/realtime-service", written)
    assert f"http://127.0.0.1:{port}" in written


def wait_for(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        assert process.poll() is None, log.read_text()
        try:
            if httpx.get(url, timeout=2).status_code == 200:
                return
        except httpx.HTTPError:
            time.sleep(0.2)
    raise AssertionError(f"nothing answers at {url}:\n{log.read_text()}")
