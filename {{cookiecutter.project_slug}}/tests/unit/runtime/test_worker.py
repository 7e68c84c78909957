"""The production server around a small application: signals, drain, bounds, several workers."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from {{cookiecutter.package_name}}.runtime import (
    gunicorn_server,
    serve,
    server_settings,
    servers,
)
from {{cookiecutter.package_name}}.settings import PACKAGE

from ...support.raw_http import connect as send
from ...support.raw_http import read_all
from ...support.waiting import eventually
from .worker_app import LOGGERS

DRAIN = 10.0
REQUEST = "GET %s HTTP/1.1\r\nHost: test\r\n\r\n"
ROOT = Path(__file__).parents[3]
SCRIPT = f"""
import {PACKAGE}.__main__  # as every program of this service begins
import os
from {serve.__name__} import ServeOptions
from {server_settings.__name__} import ServerSettings
from {servers.__name__} import serve_production
serve_production(ServeOptions(
    app="tests.unit.runtime.worker_app:create_app",
    name="worker-test",
    host="127.0.0.1",
    port=int(os.environ["PORT"]),
    server=ServerSettings(web_concurrency=int(os.environ["WORKERS"]), max_connections=100),
    frame_limit=1000,
    drain_seconds=float(os.environ["DRAIN_SECONDS"]),
    log_level="info",
    log_format="json",
))
"""


class Running:
    def __init__(self, process: subprocess.Popen[bytes], output: Path, port: int) -> None:
        self.process = process
        self.url = f"http://127.0.0.1:{port}"
        self._output = output

    def output(self) -> str:
        return self._output.read_text()

    def get(self, path: str = "/", timeout: float = 10) -> str:
        return httpx.get(self.url + path, timeout=timeout).text

    def is_up(self) -> bool:
        try:
            return bool(self.get(timeout=1))
        except httpx.HTTPError:
            return False

    def stop(self, sig: signal.Signals = signal.SIGTERM) -> float:
        """Send a signal and wait for the end; returns how many seconds it took."""
        began = time.monotonic()
        self.process.send_signal(sig)
        self.process.wait(30)
        return time.monotonic() - began


@contextmanager
def running(
    directory: Path, workers: int = 1, drain: float = DRAIN, **environ: str
) -> Iterator[Running]:
    port = serve.claim_port("127.0.0.1", 0)
    output = directory / "output"
    environ |= {"PORT": str(port), "WORKERS": str(workers), "DRAIN_SECONDS": str(drain)}
    with output.open("wb") as file:
        process = subprocess.Popen(
            [sys.executable, "-c", SCRIPT],
            env=os.environ | environ,
            cwd=ROOT,
            stdout=file,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    service = Running(process, output, port)
    try:
        yield service
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)  # the workers too
        process.wait()


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Running]:
    with running(tmp_path) as service:
        eventually(service.is_up, 30)
        yield service


def lines(output: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in output.splitlines() if line.startswith("{")]


def test_sigterm_drains_closes_and_ends(service: Running) -> None:
    with connect(service.url.replace("http", "ws")) as socket:
        assert service.stop() < DRAIN
        with pytest.raises(ConnectionClosed):
            socket.recv(timeout=1)
    assert service.process.returncode == 0
    output = service.output()
    positions = [output.index(word) for word in ("draining now", "drained now", "closed now")]
    assert positions == sorted(positions)
    assert "Traceback" not in output
    assert {line["level"] for line in lines(output)} == {"info"}


def test_a_request_under_way_is_answered(service: Running) -> None:
    with send(service.url, REQUEST % "/slow") as connection:
        eventually(lambda: "asked for /slow" in service.output())
        service.stop()
        assert read_all(connection).startswith(b"HTTP/1.1 200 OK")


def test_what_never_ends_is_cut_off_in_time(service: Running) -> None:
    with send(service.url, REQUEST % "/hang") as connection:
        eventually(lambda: "asked for /hang" in service.output())
        assert service.stop() < DRAIN
        assert service.process.returncode == 0
        assert b" 200 " not in read_all(connection)
    assert "Traceback" not in service.output()


def test_a_second_signal_ends_it_at_once(tmp_path: Path) -> None:
    with running(tmp_path, drain=60, DRAIN_TAKES="40") as service:
        eventually(service.is_up, 30)
        service.process.send_signal(signal.SIGTERM)
        eventually(lambda: "draining now" in service.output())
        time.sleep(1.1)
        assert service.stop(signal.SIGINT) < 20
        assert "drained now" not in service.output()
        assert "Traceback" not in service.output()


def test_ctrl_c_drains_although_it_arrives_twice(tmp_path: Path) -> None:
    with running(tmp_path, DRAIN_TAKES="1.5") as service:
        eventually(service.is_up, 30)
        worker = int(service.get())
        os.kill(worker, signal.SIGINT)
        service.stop(signal.SIGINT)
        assert "drained now" in service.output()


def test_frames_are_bounded_and_not_compressed(service: Running) -> None:
    with connect(service.url.replace("http", "ws"), compression="deflate") as socket:
        assert socket.protocol.extensions == []
        assert socket.response
        assert "server" not in socket.response.headers
        socket.send("42" + "x" * 998)
        assert socket.recv(timeout=5) == "heard"
        socket.send("42" + "x" * 999)
        with pytest.raises(ConnectionClosed) as closed:
            socket.recv(timeout=5)
        assert closed.value.rcvd
        assert closed.value.rcvd.code == 1009


def test_a_forged_forwarded_for_changes_nothing(service: Running) -> None:
    answer = httpx.get(service.url, headers={"X-Forwarded-For": "6.6.6.6"})
    assert answer.status_code == 200
    assert "6.6.6.6" not in service.output()


def test_a_failed_start_ends_the_service(tmp_path: Path) -> None:
    with running(tmp_path, FAIL_START="1") as service:
        assert service.process.wait(30) == 3
        assert "no store" in service.output()
        assert "Traceback" not in service.output()


def test_every_line_is_json(service: Running) -> None:
    service.stop()
    own = ("draining now", "drained now", "closed now", "asked for /")
    found = [line for line in service.output().splitlines() if line not in own]
    assert {json.loads(line)["logger"] for line in found} >= LOGGERS


def test_several_workers_share_their_metrics(tmp_path: Path) -> None:
    with running(tmp_path, workers=2) as service:
        eventually(lambda: service.is_up() and 'chat"} 20.0' in service.get("/metrics"), 30)
        worker = int(service.get())
        os.kill(worker, signal.SIGKILL)
        # the dead one's share goes, and its successor's comes
        eventually(lambda: service.output().count("Booting worker") == 3)
        eventually(lambda: 'chat"} 20.0' in service.get("/metrics"), 20)
        shared = Path(service.get("/directory"))
        assert shared.is_dir()
        service.stop()
        assert not shared.exists()


def test_a_worker_does_not_outlive_its_gunicorn(service: Running) -> None:
    service.process.kill()
    service.process.wait()
    eventually(lambda: not service.is_up(), gunicorn_server.STUCK_AFTER)
