"""deploy=compose: a real nginx with the generated configuration, before a generated service."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
import socketio
import yaml
from baking import bake
from serving import START_SECONDS, STOP_SECONDS, Served, free_port, served

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("test_nginx")]

SECONDS = 10.0
"""For an answer that should come at once."""


def find_nginx() -> str:
    """Debian puts it where only root's PATH leads. CI may not go without."""
    found = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")
    if not found and os.environ.get("CI"):
        pytest.fail("there is no nginx; .ci/run installs it")
    if not found:
        pytest.skip("there is no nginx here (on Debian: apt-get install nginx)")
    return found


def write_configuration(project: Path, folder: Path, port: int, service: str, **other: str) -> Path:
    """The project's own, with addresses and directories of this machine.

    :param other: text that stands in it, and what to put there.
    """
    text = (project / "deploy/nginx/nginx.conf").read_text("utf-8")
    for there, here in {
        "listen 8080;": f"listen 127.0.0.1:{port};",
        "server app:8000 ": f"server {service.removeprefix('http://')} ",
        "/tmp/": f"{folder}/",  # noqa: S108
        "worker_processes auto;": "worker_processes 1;",
        "worker_rlimit_nofile 65536;": "",
        "worker_connections 16384;": "worker_connections 256;",
        **other,
    }.items():
        assert there in text, there
        text = text.replace(there, here)
    path = folder / "nginx.conf"
    path.write_text(text, encoding="utf-8")
    return path


@contextmanager
def proxied(service: Served, project: Path, folder: Path, **other: str) -> Iterator[str]:
    """The address of an nginx in front of the service."""
    port = free_port()
    configuration = write_configuration(project, folder, port, service.url, **other)
    words = [find_nginx(), "-p", folder, "-e", folder / "error.log", "-c", configuration]
    log = folder / "nginx.log"
    # root's nginx would serve as nobody, who may not write here
    directives = "daemon off;" + (" user root;" if os.geteuid() == 0 else "")
    with log.open("wb") as output:
        process = subprocess.Popen(
            [*map(str, words), "-g", directives], stdout=output, stderr=output
        )
    url = f"http://127.0.0.1:{port}"
    try:
        deadline = time.monotonic() + START_SECONDS
        while not answers(url):
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.05)
        yield url
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(STOP_SECONDS)


def answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/healthz", timeout=3).status_code == 200
    except httpx.TransportError:
        return False


@pytest.fixture(scope="module")
def described(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return bake(tmp_path_factory.mktemp("described"), False, deploy="compose")


@pytest.fixture
def service(installed: Callable[..., Path], tmp_path: Path) -> Iterator[Served]:
    project = installed(async_mode="asgi", queue="none", database="none")
    env = {"APP_TRUSTED_PROXIES": "1", "APP_RATE_HTTP": "30/3600s:30"}
    with served(project, tmp_path, env) as service:
        yield service


@pytest.fixture
def url(service: Served, described: Path, tmp_path: Path) -> Iterator[str]:
    folder = tmp_path / "nginx"
    folder.mkdir()
    with proxied(service, described, folder) as url:
        yield url


def client(
    url: str, namespace: str, token: str, **handlers: Callable[..., None]
) -> socketio.Client:
    made = socketio.Client(reconnection=False)
    for event, handler in handlers.items():
        made.on(event, handler, namespace=namespace)
    made.connect(
        url,
        auth={"token": token},
        namespaces=[namespace],
        transports=["websocket"],
        wait_timeout=SECONDS,
    )
    return made


def bearer(service: Served, user: str, scope: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {service.token(user, scope=scope)}"}


def test_chat_passes(service: Served, url: str) -> None:
    heard = threading.Event()
    ada = client(url, "/chat", service.token("ada"), message=lambda _: heard.set())
    bob = client(url, "/chat", service.token("bob"))
    try:
        for person in (ada, bob):
            joined = person.call("join", {"room": "lobby"}, namespace="/chat", timeout=SECONDS)
            assert joined["ok"], joined
        said = {"room": "lobby", "text": "hello", "id": "one"}
        assert bob.call("message", said, namespace="/chat", timeout=SECONDS)["ok"]
        assert heard.wait(SECONDS)
    finally:
        ada.disconnect()
        bob.disconnect()


def publish(service: Served, url: str, price: float) -> None:
    done = httpx.post(
        f"{url}/api/v1/ticks",
        json={"ticks": [{"symbol": "ACME", "price": price}]},
        headers=bearer(service, "desk", "feed:write"),
        timeout=SECONDS,
    )
    assert done.status_code == 202, done.text


def test_the_feed_passes_as_socket_and_as_stream(service: Served, url: str) -> None:
    """Each event of a stream arrives while the stream is open: nothing is held back."""
    heard = threading.Event()
    desk = client(
        url, "/feed", service.token("eve", scope="feed:read"), ticks=lambda _: heard.set()
    )
    try:
        wanted = {"symbols": ["ACME"]}
        assert desk.call("subscribe", wanted, namespace="/feed", timeout=SECONDS)["ok"]
        reader = httpx.Client(timeout=SECONDS, headers=bearer(service, "eve", "feed:read"))
        with reader, reader.stream("GET", f"{url}/api/v1/feed/stream?symbols=ACME") as stream:
            assert stream.headers["content-type"].startswith("text/event-stream")
            lines = stream.iter_lines()
            for price in (101.5, 102.5):
                publish(service, url, price)
                line = next(line for line in lines if line.startswith("data:"))
                assert json.loads(line[5:])["ticks"][0]["price"] == price
        assert heard.wait(SECONDS)
    finally:
        desk.disconnect()


def test_a_stream_of_ticks_passes_as_it_comes(service: Served, url: str) -> None:
    """A line is heard of while the body that brings it is still being sent."""
    heard = threading.Event()
    desk = client(
        url, "/feed", service.token("eve", scope="feed:read"), ticks=lambda _: heard.set()
    )

    def lines() -> Iterator[bytes]:
        yield b'{"symbol": "BOLT", "price": 1}\n'
        assert heard.wait(SECONDS)
        yield b'{"symbol": "BOLT", "price": 2}\n'

    try:
        wanted = {"symbols": ["BOLT"]}
        assert desk.call("subscribe", wanted, namespace="/feed", timeout=SECONDS)["ok"]
        headers = bearer(service, "desk", "feed:write") | {"Content-Type": "application/x-ndjson"}
        address = f"{url}/api/v1/ticks/stream"
        done = httpx.post(address, content=lines(), headers=headers, timeout=2 * SECONDS)
        assert (done.status_code, done.json()) == (202, {"accepted": 2})
        long = b"\n" * (3 << 20)
        assert httpx.post(address, content=long, headers=headers, timeout=SECONDS).is_success
    finally:
        desk.disconnect()


def test_the_client_s_address_counts(service: Served, url: str) -> None:
    """Limits count the address that nginx sees, whatever the client says it is."""

    def status(address: str, said: str) -> int:
        transport = httpx.HTTPTransport(local_address=address)
        headers = bearer(service, "ada", "chat") | {"X-Forwarded-For": said}
        with httpx.Client(transport=transport, headers=headers, timeout=SECONDS) as one:
            return one.get(f"{url}/api/v1/rooms/lobby/messages").status_code

    seen = [status("127.0.0.2", f"192.0.2.{n}") for n in range(31)]
    assert seen == [200] * 30 + [429]
    assert status("127.0.0.3", "127.0.0.2") == 200


def test_what_is_kept_from_the_public(service: Served, url: str) -> None:
    assert httpx.get(f"{url}/metrics", timeout=SECONDS).status_code == 404
    assert httpx.get(f"{service.url}/metrics", timeout=SECONDS).status_code == 200
    passed = httpx.post(f"{url}/api/v1/ticks", content=b"x" * 1_000_000, timeout=SECONDS)
    assert passed.json()["code"] == "token_missing", "a body that it has to put into a file"
    large = httpx.post(f"{url}/api/v1/ticks", content=b"x" * (1 << 20) + b"x", timeout=SECONDS)
    assert large.status_code == 413
    assert "server" in large.headers
    assert not re.search(r"\d", large.headers["server"]), "its version"


def test_an_address_has_only_so_many_connections(
    service: Served, described: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "nginx"
    folder.mkdir()
    fewer = {"limit_conn address 500;": "limit_conn address 2;"}
    with proxied(service, described, folder, **fewer) as url:
        token = service.token("ada")
        opened = [client(url, "/chat", token) for _ in range(2)]
        try:
            assert httpx.get(f"{url}/healthz", timeout=SECONDS).status_code == 429
        finally:
            for one in opened:
                one.disconnect()


def test_a_drain_reaches_the_clients(service: Served, url: str) -> None:
    """Told when to come back, closed in order; meanwhile nginx says that it is unready."""
    told, ended = threading.Event(), threading.Event()
    ada = client(
        url,
        "/chat",
        service.token("ada"),
        server_draining=lambda _: told.set(),
        disconnect=lambda *_: ended.set(),
    )
    service.process.send_signal(signal.SIGTERM)
    assert told.wait(SECONDS)
    assert ended.wait(STOP_SECONDS)
    assert service.process.wait(STOP_SECONDS) == 0
    assert "Traceback" not in service.output()
    assert httpx.get(f"{url}/readyz", timeout=SECONDS).status_code == 502
    ada.disconnect()


def test_it_waits_longer_than_a_ping(described: Path) -> None:
    text = (described / "deploy/nginx/nginx.conf").read_text("utf-8")
    [socketio] = re.findall(r"location ~ [^{]*socket[^{]*{([^}]*)}", text)
    waits = {name: int(s) for name, s in re.findall(r"proxy_(read|send)_timeout (\d+)s;", socketio)}
    assert set(waits) == {"read", "send"}
    assert min(waits.values()) > 25 + 20


def test_compose_leads_to_it(described: Path) -> None:
    """The ports, the file and the name of the service are those of compose.yaml."""
    services = yaml.safe_load((described / "compose.yaml").read_text("utf-8"))["services"]
    text = (described / "deploy/nginx/nginx.conf").read_text("utf-8")
    [listen] = re.findall(r"listen (\d+);", text)
    [(host, port)] = re.findall(r"server (\w+):(\d+) ", text)
    assert services["nginx"]["ports"][0].endswith(f":{listen}")
    assert f"PORT={port}" in (described / "Dockerfile").read_text("utf-8")
    assert host in services
    assert "ports" not in services[host], "a way around the proxy"
    [volume] = services["nginx"]["volumes"]
    assert (described / volume.partition(":")[0]).is_file()
