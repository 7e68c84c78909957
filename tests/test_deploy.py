"""The files around the source: package metadata, Makefile, image, Compose file.

Each is checked by a tool of its own. The Dockerfile's steps are carried out one by one in a clean
directory, and its command is then started from there, with the environment the Compose file sets.
"""

from __future__ import annotations

import ast
import os
import re
import signal
import subprocess
import sys
import time
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jwt
import pytest
import yaml
from baking import CHOICES, bake, interpreters
from commands import tool
from dockerfile_steps import Build, Image
from serving import free_port, make, redis_url

COMBINATIONS: dict[str, dict[str, Any]] = {
    "default": {},
    "postgresql": {"database": "postgresql", "license": "Apache-2.0", "python_version": "3.12"},
    "memory": {
        "queue": "none",
        "database": "none",
        "license": "Proprietary",
        "python_version": "3.11",
    },
}
TARGETS = {
    "assets",
    "check-contract",
    "contract",
    "doctor",
    "format",
    "install",
    "lint",
    "run",
    "serve",
    "test",
    "token",
}
INSTALL_TIMEOUT = 300
START_TIMEOUT = 120
DRAIN_TIMEOUT = 60


@pytest.fixture(params=COMBINATIONS)
def project(request: pytest.FixtureRequest, baked: Callable[..., Path]) -> Path:
    return baked(**COMBINATIONS[request.param])


@pytest.fixture
def bare(baked: Callable[..., Path]) -> Path:
    return baked(deploy="none", ci="none", license="BSD-3-Clause")


def metadata(project: Path) -> dict[str, Any]:
    return tomllib.loads((project / "pyproject.toml").read_text("utf-8"))


def compose(project: Path) -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((project / "compose.yaml").read_text("utf-8"))
    return loaded


def test_package_metadata_is_valid(project: Path) -> None:
    tool("validate-pyproject", "pyproject.toml", cwd=project)


def imported_packages(project: Path) -> set[str]:
    """The third-party packages that the source imports, by import name."""
    trees = [ast.parse(path.read_bytes()) for path in project.glob("src/**/*.py")]
    nodes = [node for tree in trees for node in ast.walk(tree)]
    whole = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    parts = {
        node.module or "" for node in nodes if isinstance(node, ast.ImportFrom) and not node.level
    }
    return {name.partition(".")[0] for name in whole | parts} - sys.stdlib_module_names


def test_declares_what_it_imports(project: Path) -> None:
    """And none of the stores that this combination does not use."""
    distributions = {"dotenv": "python-dotenv", "engineio": "python-engineio", "jwt": "pyjwt"}
    distributions |= {
        "socketio": "python-socketio",
        "werkzeug": "flask",
        "asgiref": "flask",
        "jinja2": "flask",
    }
    imported = {
        distributions.get(name, name.replace("_", "-")) for name in imported_packages(project)
    }
    described = metadata(project)["project"]
    declared = {re.split(r"[][><; ]", line)[0] for line in described["dependencies"]}
    extra = {line.partition("-")[0] for line in described["optional-dependencies"]["tracing"]}
    assert extra == {"opentelemetry"}
    assert imported - extra <= declared
    assert {"redis", "sqlalchemy", "alembic"} & declared <= imported


def test_license(project: Path, bare: Path) -> None:
    names = {metadata(path)["project"]["license"]: path for path in (project, bare)}
    opening = {
        "MIT": "MIT License",
        "Apache-2.0": "Apache License",
        "BSD-3-Clause": "BSD 3-Clause License",
        "LicenseRef-Proprietary": "All rights reserved",
    }
    for name, path in names.items():
        assert opening[name] in (path / "LICENSE").read_text("utf-8")[:200]


def test_make_has_the_targets(project: Path) -> None:
    done = subprocess.run(["make", "help"], cwd=project, capture_output=True, text=True, check=True)
    listed = {line.split()[0] for line in done.stdout.splitlines()}
    assert listed >= TARGETS
    assert ("migrate" in listed) == (project / "migrations").is_dir()


def test_unchosen_files_are_absent(bare: Path) -> None:
    for name in (
        "Dockerfile",
        ".dockerignore",
        "compose.yaml",
        "deploy",
        ".github",
        ".gitlab-ci.yml",
    ):
        assert not (bare / name).exists()
    assert "secrets:" not in (bare / "Makefile").read_text("utf-8")


def test_example_environment_names_real_settings(project: Path) -> None:
    """Every name in it, also those commented out, stands in the README's table of settings."""
    names = re.findall(r"^(?:# )?([A-Z_]+)=", (project / ".env.example").read_text("utf-8"), re.M)
    readme = (project / "README.md").read_text("utf-8")
    assert len(names) >= 2
    assert not [name for name in names if f"`{name}`" not in readme]


def test_dockerfile_is_sound(project: Path) -> None:
    tool("hadolint", "Dockerfile", cwd=project)


def test_compose_file_is_sound(project: Path) -> None:
    tool("check-jsonschema", "--builtin-schema", "vendor.compose-spec", "compose.yaml", cwd=project)
    for name, service in compose(project)["services"].items():
        assert service["read_only"], name
        assert service["cap_drop"] == ["ALL"], name
        assert "no-new-privileges:true" in service["security_opt"], name
        assert all(port.startswith("127.0.0.1:") for port in service.get("ports", ())), name


def test_pre_commit_hooks_are_sound(project: Path) -> None:
    tool("pre-commit", "validate-config", ".pre-commit-config.yaml", cwd=project)


@pytest.fixture(scope="module", params=["default", "memory"])
def built(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, Image]:
    """A project with its secrets, and its image."""
    pythons = interpreters()
    answers = COMBINATIONS[request.param]
    version = answers.get("python_version", CHOICES["python_version"][0])
    if version not in pythons:
        pytest.skip(f"there is no Python {version} here")
    source = bake(tmp_path_factory.mktemp("source"), **answers)
    make(source, "secrets")
    build = Build(source, tmp_path_factory.mktemp("image"), pythons)
    return source, build.run((source / "Dockerfile").read_text("utf-8"))


def compose_environment(project: Path, image: Image, service: str) -> dict[str, str]:
    """What the Compose file sets for a service, with its mounts pointing to where they are here."""
    values = compose(project)["services"][service]["environment"]
    unset = {
        name: re.sub(r"\$\{\w+:-((?:[^{}]|\{[^}]*\})*)\}", r"\1", str(value))
        for name, value in values.items()
    }
    plain = {name: re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", value) for name, value in unset.items()}
    return {
        name: value.replace("/run/secrets", str(project / "deploy/secrets")).replace(
            "/data", image.here("/data")
        )
        for name, value in plain.items()
    }


def files(root: Path) -> dict[str, int]:
    return {
        str(path): path.stat().st_mtime_ns
        for path in root.rglob("*")
        if path.is_file() and root / "data" not in path.parents
    }


@pytest.mark.slow
def test_image_carries_what_it_needs_and_no_more(built: tuple[Path, Image]) -> None:
    project, image = built
    package = metadata(project)["tool"]["uv"]["build-backend"]["module-name"]
    [installed] = image.root.glob(f"app/.venv/lib/python*/site-packages/{package}")
    assert (installed / "web/static/vendor/socket.io.esm.min.js").is_file()
    assert list((installed / "web/templates").glob("*.html"))
    assert not list(image.root.rglob("pytest")), "development tools in the image"
    assert not (image.root / "app/src").exists()
    assert not (image.root / "usr/local/bin/uv").exists()
    secret = (project / "deploy/secrets/jwt_secret").read_bytes()
    assert not [
        path for path in image.root.rglob("*") if path.is_file() and secret in path.read_bytes()
    ]
    user, _, group = image.user.partition(":")
    assert user.isdigit()
    assert group.isdigit()
    assert int(user) > 0


@pytest.mark.slow
def test_image_serves_and_stops_in_order(built: tuple[Path, Image], tmp_path: Path) -> None:
    """Migrates, passes its own health check, writes nothing outside its volume, and drains."""
    project, image = built
    services = compose(project)["services"]
    env = compose_environment(project, image, "app") | {
        "HOST": "127.0.0.1",
        "PORT": str(free_port()),
    }
    with redis_url() as url:
        if "REDIS_URL" in env:
            env["REDIS_URL"] = url
        if "migrate" in services:
            migrate = image.start(tuple(services["migrate"]["command"]), env)
            assert migrate.wait(START_TIMEOUT) == 0
        before = files(image.root)
        log = tmp_path / "log"
        with log.open("w") as output:
            server = image.start(image.command, {**env, "TMPDIR": str(tmp_path)}, output)
        try:
            wait_until_healthy(image, env, log)
        finally:
            server.send_signal(signal.SIGTERM)
            status = server.wait(DRAIN_TIMEOUT)
    assert status == 0, log.read_text()
    assert "Traceback" not in log.read_text()
    assert files(image.root) == before


def wait_until_healthy(image: Image, env: dict[str, str], log: Path) -> None:
    deadline = time.monotonic() + START_TIMEOUT
    while image.start(image.health, env).wait(START_TIMEOUT) != 0:
        assert time.monotonic() < deadline, log.read_text()
        time.sleep(0.2)


@pytest.mark.slow
def test_health_check_fails_without_a_server(built: tuple[Path, Image]) -> None:
    _, image = built
    probe = image.start(image.health, {"PORT": str(free_port())})
    assert probe.wait(10) != 0


@pytest.mark.slow
def test_token_is_all_that_make_token_prints(tmp_path: Path) -> None:
    """Also on a fresh checkout, where it first installs; the shell's own USER does not count."""
    project = bake(tmp_path, queue="none", database="none", python_version="3.11")
    (project / ".env").unlink()
    for words, user in ((["USER=grace"], "grace"), ([], "ada")):
        done = subprocess.run(
            ["make", "token", "SCOPE=chat admin", *words],
            cwd=project,
            env={**os.environ, "USER": "somebody"},
            stdout=subprocess.PIPE,
            text=True,
            timeout=INSTALL_TIMEOUT,
        )
        assert done.returncode == 0
        assert done.stdout.count("\n") == 1
        claims = jwt.decode(done.stdout.strip(), options={"verify_signature": False})
        assert (claims["sub"], claims["scope"]) == (user, "chat admin")
