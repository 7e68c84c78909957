"""The command line: what it prints, and what it refuses before anything starts."""

import secrets
import socket
from collections.abc import Callable
from pathlib import Path

import jwt
import pytest
from click.testing import CliRunner, Result

from {{cookiecutter.package_name}}.command_line import main
from {{cookiecutter.package_name}}.settings import PACKAGE

SECRET = secrets.token_urlsafe(48)
BAD = {"PORT": "http", "APP_JWT_SECRET": "s3cr3t-short", "APP_HISTORY": "1"}
KEYS = {"APP_JWT_ALGORITHMS": "RS256", "APP_JWT_JWKS_URL": "https://issuer.example/keys"}

Command = Callable[..., Result]


@pytest.fixture
def command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Command:
    """Runs a command with these settings and no others."""
    monkeypatch.chdir(tmp_path)
    for name in ("HOST", "PORT", "WEB_CONCURRENCY", "REDIS_URL", "DATABASE_URL"):
        monkeypatch.delenv(name, raising=False)

    def run(*arguments: str, **environ: str) -> Result:
        with monkeypatch.context() as patch:
            for name, text in {"APP_ENV": "test", "APP_JWT_SECRET": SECRET, **environ}.items():
                patch.setenv(name, text)
            return CliRunner().invoke(main, arguments)

    return run


@pytest.mark.parametrize("line", ["serve", "serve --reload", "token --user ada"])
def test_wrong_settings_are_all_named(command: Command, line: str) -> None:
    result = command(*line.split(), **BAD)
    assert result.exit_code == 2
    assert "PORT must be" in result.stderr
    assert "APP_JWT_SECRET is shorter" in result.stderr
    assert "did you mean APP_HISTORY_SIZE?" in result.stderr
    assert "s3cr3t" not in result.output
    assert result.stdout == ""


@pytest.mark.parametrize("line", ["serve", "serve --reload"])
def test_an_address_in_use(command: Command, line: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        result = command(*line.split(), PORT=port)
    assert result.exit_code == 1
    assert f"cannot serve on 127.0.0.1:{port}: Address already in use" in result.stderr


def test_a_host_that_is_not_here(command: Command) -> None:
    result = command("serve", HOST="192.0.2.1")
    assert result.exit_code == 1
    assert "cannot serve on 192.0.2.1:8000" in result.stderr


def test_a_token_is_all_that_is_printed(command: Command) -> None:
    arguments = ["--user", "ada", "--scope", "chat admin", "--lifetime", "60", "--rooms", "a-*, b"]
    result = command("token", *arguments)
    assert (result.exit_code, result.stderr, result.stdout.count("\n")) == (0, "", 1)
    claims = jwt.decode(result.stdout.strip(), SECRET, ["HS256"], audience=PACKAGE, issuer=PACKAGE)
    assert (claims["sub"], claims["scope"], claims["rooms"]) == ("ada", "chat admin", ["a-*", "b"])
    assert 59 <= claims["exp"] - claims["iat"] <= 61
    assert claims["jti"]


def test_no_token_without_a_key_to_sign_it(command: Command) -> None:
    result = command("token", "--user", "ada", **KEYS)
    assert (result.exit_code, result.stdout) == (1, "")
    assert "APP_JWT_JWKS_URL" in result.stderr


@pytest.mark.parametrize("user", ["", "a\nb", "x" * 256], ids=["empty", "newline", "long"])
def test_no_token_for_an_impossible_user(command: Command, user: str) -> None:
    result = command("token", "--user", user)
    assert (result.exit_code, result.stdout) == (2, "")


def test_the_contract_is_written(command: Command) -> None:
    result = command("contract", "--out", "here")
    assert result.exit_code == 0
    assert len(result.stdout.splitlines()) == 3
    names = {path.name for path in Path("here").iterdir()}
    assert names == {"asyncapi.json", "openapi.json", "events.ts"}


def test_the_doctor_names_what_is_wrong(command: Command) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        result = command("doctor", PORT=port, APP_ALLOWED_ORIGINS="https://a.example")
    assert result.exit_code == 1
    assert f"problem  port: 127.0.0.1:{port}: Address already in use" in result.stdout
    assert "ok       settings: for test" in result.stdout
    assert "ok       origins: https://a.example" in result.stdout
    assert SECRET not in result.output


def test_the_doctor_lists_wrong_settings(command: Command) -> None:
    result = command("doctor", **BAD)
    assert result.exit_code == 1
    assert "problem  settings: PORT must be" in result.stdout
    assert "problem  settings: APP_JWT_SECRET is shorter" in result.stdout
    assert "s3cr3t" not in result.output
