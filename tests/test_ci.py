"""ci=github and ci=gitlab: valid, pinned, with little permission, and their steps do what they say.

`make lint` and `make test` are carried out for every row of the matrix (tests/test_matrix.py), what
`docker build` does in tests/test_deploy.py; the rest here, each once with something to find.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml
from baking import CHOICES
from commands import run, tool
from filelock import FileLock

pytestmark = pytest.mark.xdist_group("test_ci")

STEPS = {"make lint", "make check-contract", "make scan", "make sbom", "make audit", "make test"}
BUILD = "docker build --tag realtime-service ."
RELEASE = ".github/workflows/release.yml"
PUBLISHED = "published image"


def load(project: Path, name: str) -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((project / name).read_text("utf-8"))
    return loaded


@pytest.mark.parametrize("deploy", CHOICES["deploy"])
def test_github_is_sound(deploy: str, baked: Callable[..., Path]) -> None:
    project = baked(deploy=deploy)
    for schema, name in (
        ("github-workflows", "workflows/ci.yml"),
        ("dependabot", "dependabot.yml"),
    ):
        tool(
            "check-jsonschema",
            "--builtin-schema",
            f"vendor.{schema}",
            f".github/{name}",
            cwd=project,
        )
    tool("zizmor", "--offline", "--quiet", "--persona", "auditor", ".github", cwd=project)
    jobs = load(project, ".github/workflows/ci.yml")["jobs"].values()
    steps = [step for job in jobs for step in job["steps"]]
    assert {step["run"] for step in steps if "run" in step} == steps_for(deploy)
    assert (project / RELEASE).exists() == (deploy != "none")
    if deploy != "none":
        schema = "vendor.github-workflows"
        tool("check-jsonschema", "--builtin-schema", schema, RELEASE, cwd=project)
        steps += [step for job in load(project, RELEASE)["jobs"].values() for step in job["steps"]]
    assert all(re.search(r"@[0-9a-f]{40}$", step["uses"]) for step in steps if "uses" in step)


@pytest.mark.parametrize("deploy", CHOICES["deploy"])
@pytest.mark.parametrize("database", CHOICES["database"])
def test_gitlab_is_sound(deploy: str, database: str, baked: Callable[..., Path]) -> None:
    project = baked(ci="gitlab", deploy=deploy, database=database)
    for schema, name in (("gitlab-ci", ".gitlab-ci.yml"), ("renovate", "renovate.json")):
        tool("check-jsonschema", "--builtin-schema", f"vendor.{schema}", name, cwd=project)
    pipeline = load(project, ".gitlab-ci.yml")
    jobs = {name: job for name, job in pipeline.items() if "stage" in job}
    assert (jobs.pop(PUBLISHED, None) is None) == (deploy == "none")
    assert {line for job in jobs.values() for line in job["script"]} == steps_for(deploy)
    assert [job["stage"] in pipeline["stages"] for job in jobs.values()] == [True] * len(jobs)
    assert ("services" in jobs["tests"]) == (database == "postgresql")


def steps_for(deploy: str) -> set[str]:
    return STEPS if deploy == "none" else {*STEPS, BUILD}


@pytest.mark.parametrize("ci", ["github", "gitlab"])
@pytest.mark.parametrize("python", CHOICES["python_version"])
def test_tests_run_on_every_python_from_the_oldest(
    ci: str, python: str, baked: Callable[..., Path]
) -> None:
    project = baked(ci=ci, python_version=python)
    if ci == "github":
        matrix = load(project, ".github/workflows/ci.yml")["jobs"]["test"]["strategy"]["matrix"]
        tested = matrix["python"]
    else:
        tested = load(project, ".gitlab-ci.yml")["tests"]["parallel"]["matrix"][0]["PYTHON"]
    assert tested == [
        v for v in reversed(CHOICES["python_version"]) if int(v[2:]) >= int(python[2:])
    ]


@pytest.fixture(scope="module")
def project(installed: Callable[..., Path]) -> Path:
    """A git repository, with its dependencies; for these tests alone."""
    project = installed(ci="gitlab", queue="none", database="none", package_name="team_chat")
    with FileLock(f"{project}.lock"):
        if not (project / ".git").exists():
            for words in (["init", "--quiet"], ["add", "--all"]):
                assert run(["git", *words], project).returncode == 0
    return project


def make(project: Path, *words: str) -> tuple[int, str]:
    done = run(["make", *words], project, seconds=300)
    return done.returncode, done.stdout


@pytest.mark.slow
def test_contract_is_what_the_source_says(project: Path) -> None:
    status, output = make(project, "check-contract")
    assert status == 0, f"make contract brings the template's own up to date\n{output}"
    events = project / "contract/events.ts"
    kept = events.read_text("utf-8")
    try:
        events.write_text(kept.replace("room", "rooms", 1), encoding="utf-8")
        status, output = make(project, "check-contract")
        assert status
        assert "make contract, and commit it" in output
    finally:
        events.write_text(kept, encoding="utf-8")


@pytest.mark.slow
def test_scan_finds_a_key(project: Path) -> None:
    status, output = make(project, "scan")
    assert status == 0, output
    leak = project / "leak.txt"
    leak.write_text("AKIA" + "Z7" * 8 + "\n")
    try:
        assert run(["git", "add", "leak.txt"], project).returncode == 0
        status, output = make(project, "scan")
        assert status
        assert "leak.txt" in output
    finally:
        run(["git", "rm", "--quiet", "--force", "leak.txt"], project)


@pytest.mark.slow
def test_sbom_lists_what_the_service_is_made_of(project: Path) -> None:
    status, output = make(project, "sbom")
    assert status == 0, output
    document = json.loads((project / "build/sbom.json").read_text("utf-8"))
    assert document["bomFormat"] == "CycloneDX"
    names = {component["name"] for component in document["components"]}
    assert {"flask", "python-socketio", "msgspec"} <= names
    assert "pytest" not in names, "a development tool"


@contextmanager
def vulnerabilities(known: dict[str, str]) -> Iterator[str]:
    """The address of a service like osv.dev that knows these: from package to identifier."""

    class Answer(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            names = [query["package"]["name"] for query in asked["queries"]]
            self.answer(
                {"results": [{"vulns": [{"id": known[n]}]} if n in known else {} for n in names]}
            )

        def do_GET(self) -> None:
            self.answer({"id": self.path.rpartition("/")[2], "modified": "2026-01-01T00:00:00Z"})

        def answer(self, document: object) -> None:
            body = json.dumps(document).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None: ...

    server = HTTPServer(("127.0.0.1", 0), Answer)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


@pytest.mark.slow
def test_audit_fails_for_what_is_known_and_for_no_answer(project: Path) -> None:
    with vulnerabilities({}) as url:
        status, output = make(project, "audit", f"ARGS=--service-url {url}")
        assert status == 0, output
    with vulnerabilities({"flask": "TEST-2026-0001"}) as url:
        status, output = make(project, "audit", f"ARGS=--service-url {url}")
        assert status
    status, _ = make(project, "audit", "ARGS=--service-url http://127.0.0.1:9")
    assert status, "no answer is no clean bill"
