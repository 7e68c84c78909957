"""The command line: what it refuses, what it prints, and that it starts and stops."""

import os
import secrets
import signal
import socket
import subprocess
import sys
from pathlib import Path

import httpx
import jwt
import pytest

from ..support.client import connect
from ..support.service import PACKAGE, Service, free_port
from ..unit.runtime.serving import eventually

SECRET = secrets.token_urlsafe(48)
START = 40.0
BAD = {"PORT": "http", "APP_JWT_SECRET": "s3cr3t-short", "APP_PING": "1"}


def environ(**variables: str) -> dict[str, str]:
    inherited = {k: v for k, v in os.environ.items() if not k.startswith(("APP_", "DATABASE_"))}
    inherited.pop("REDIS_URL", None)
    return {**inherited, "APP_ENV": "test", "APP_JWT_SECRET": SECRET, **variables}


def run(directory: Path, *arguments: str, **variables: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", *arguments],
        env=environ(**variables),
        cwd=directory,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize(
    "command",
    [
        [PACKAGE, "serve"],
        [PACKAGE, "serve", "--reload"],
        [PACKAGE, "token", "--user", "ada"],
        ["uvicorn", "--factory", f"{PACKAGE}.app:create_app", "--port", "0"],
    ],
    ids=" ".join,
)
def test_wrong_settings_end_it_before_it_listens(tmp_path: Path, command: list[str]) -> None:
    done = run(tmp_path, *command, **BAD)
    assert done.returncode == 2
    assert "PORT must be" in done.stderr
    assert "APP_JWT_SECRET is shorter" in done.stderr
    assert "APP_PING is not a setting of this service; did you mean" in done.stderr
    assert "s3cr3t" not in done.stdout + done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("reload", [[], ["--reload"]], ids=["serve", "reload"])
def test_an_address_in_use(tmp_path: Path, reload: list[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        done = run(tmp_path, PACKAGE, "serve", *reload, PORT=port)
    assert done.returncode == 1
    assert f"cannot serve on 127.0.0.1:{port}: Address already in use" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_host_that_is_not_here(tmp_path: Path) -> None:
    done = run(tmp_path, PACKAGE, "serve", HOST="192.0.2.1")
    assert done.returncode == 1
    assert "cannot serve on 192.0.2.1:8000" in done.stderr


def test_a_token_is_all_that_is_printed(tmp_path: Path, service: Service) -> None:
    arguments = ["--user", "ada", "--scope", "chat admin", "--lifetime", "60", "--rooms", "a-*, b"]
    done = run(tmp_path, PACKAGE, "token", *arguments, APP_JWT_SECRET=service.secret)
    assert (done.returncode, done.stderr, done.stdout.count("\n")) == (0, "", 1)
    token = done.stdout.strip()
    claims = jwt.decode(token, options={"verify_signature": False})
    assert (claims["sub"], claims["scope"], claims["rooms"]) == ("ada", "chat admin", ["a-*", "b"])
    assert 59 <= claims["exp"] - claims["iat"] <= 61
    with connect(service.url, token) as client:
        assert client.call("join", {"room": "a-1"})["ok"]


def test_no_token_without_a_key_to_sign_it(tmp_path: Path) -> None:
    keys = {"APP_JWT_ALGORITHMS": "RS256", "APP_JWT_JWKS_URL": "https://issuer.example/keys"}
    done = run(tmp_path, PACKAGE, "token", "--user", "ada", **keys)
    assert done.returncode == 1
    assert done.stdout == ""
    assert "APP_JWT_JWKS_URL" in done.stderr


@pytest.mark.parametrize("user", ["", "a\nb", "x" * 256])
def test_no_token_for_an_impossible_user(tmp_path: Path, user: str) -> None:
    assert run(tmp_path, PACKAGE, "token", "--user", user).returncode == 2


def test_the_contract_is_written(tmp_path: Path) -> None:
    done = run(tmp_path, PACKAGE, "contract", "--out", "here")
    assert done.returncode == 0, done.stderr
    names = {path.name for path in (tmp_path / "here").iterdir()}
    assert names == {"asyncapi.json", "openapi.json", "events.ts"}
    assert len(done.stdout.splitlines()) == 3


def test_the_doctor_names_what_is_wrong(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        done = run(tmp_path, PACKAGE, "doctor", PORT=port, APP_ALLOWED_ORIGINS="https://a.example")
    assert done.returncode == 1
    assert f"problem  port: 127.0.0.1:{port}: Address already in use" in done.stdout
    assert "ok       settings: for test" in done.stdout
    assert "ok       origins: https://a.example" in done.stdout
    assert SECRET not in done.stdout + done.stderr
    assert "Traceback" not in done.stderr


def test_the_doctor_lists_wrong_settings(tmp_path: Path) -> None:
    done = run(tmp_path, PACKAGE, "doctor", **BAD)
    assert done.returncode == 1
    assert "problem  settings: PORT must be" in done.stdout
    assert "problem  settings: APP_JWT_SECRET is shorter" in done.stdout
    assert "s3cr3t" not in done.stdout + done.stderr


def test_the_development_server_prints_its_address_and_stops_at_ctrl_c(tmp_path: Path) -> None:
    url = f"http://127.0.0.1:{free_port()}"
    log = tmp_path / "log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", PACKAGE, "serve", "--reload"],
            env=environ(APP_ENV="development", PORT=url.rpartition(":")[2]),
            cwd=tmp_path,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        eventually(lambda: is_live(url), START)
        assert f"Open {url}" in log.read_text()
        answer = httpx.post(f"{url}/dev/token", json={"user": "ada", "scope": "chat"})
        with connect(url, answer.json()["token"]):
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
