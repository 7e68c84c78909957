"""The commands that start a service, as processes: what they refuse, and how they stop."""

import json
import os
import secrets
import signal
import subprocess
import sys
from pathlib import Path

import httpx
from websockets.sync.client import connect

from {{cookiecutter.package_name}}.settings import PACKAGE

from ..support.ports import free_port
from ..support.service import OWN, START_TIMEOUT
from ..support.waiting import eventually

BAD = {"PORT": "http", "APP_JWT_SECRET": "s3cr3t-short", "APP_HISTORY": "1"}


def environ(**variables: str) -> dict[str, str]:
    inherited = {k: v for k, v in os.environ.items() if not k.startswith(OWN)}
    inherited.pop("REDIS_URL", None)
    return {**inherited, "APP_JWT_SECRET": secrets.token_urlsafe(48), **variables}


def test_wrong_settings_end_it_before_it_listens(tmp_path: Path) -> None:
    check_wrong_settings(tmp_path, PACKAGE, "serve")


def check_wrong_settings(directory: Path, *command: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", *command],
        env=environ(**BAD),
        cwd=directory,
        capture_output=True,
        text=True,
        timeout=START_TIMEOUT,
        check=False,
    )
    assert done.returncode == 2
    assert "PORT must be" in done.stderr
    assert "APP_JWT_SECRET is shorter" in done.stderr
    assert "APP_HISTORY is not a setting" in done.stderr
    assert "s3cr3t" not in done.stdout + done.stderr
    assert "Traceback" not in done.stderr


def test_the_development_server_prints_its_address_and_stops_at_ctrl_c(tmp_path: Path) -> None:
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    log = tmp_path / "log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", PACKAGE, "serve", "--reload"],
            env=environ(APP_ENV="development", PORT=str(port)),
            cwd=tmp_path,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        eventually(lambda: is_live(url), START_TIMEOUT)
        assert f"Open {url}" in log.read_text()
        answer = httpx.post(f"{url}/dev/token", json={"user": "ada", "scope": "chat"})
        with connect(f"ws://127.0.0.1:{port}/socket.io/?EIO=4&transport=websocket") as socket:
            socket.recv(timeout=10)
            socket.send("40/chat," + json.dumps({"token": answer.json()["token"]}))
            assert str(socket.recv(timeout=10)).startswith("40/chat,")
            os.killpg(process.pid, signal.SIGINT)  # as a terminal does
            process.wait(10)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
    assert "Traceback" not in log.read_text()


def is_live(url: str) -> bool:
    try:
        return httpx.get(f"{url}/healthz", timeout=1).is_success
    except httpx.HTTPError:
        return False
