"""What a tag sets off in a generated project: an image that is signed, and tells its origin.

The steps of both pipelines are carried out one by one, in a shell, with a docker and a cosign that
write down what they are asked for: there is no container engine here, and no registry.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from baking import bake

DIGEST = "sha256:" + "5" * 64
OF_OTHERS = "sha256:" + "a" * 64
DOCKER = f"""#!/bin/sh
echo "docker $*" >> "$CALLS"
case "$*" in
login*) cat >> "$CALLS"; echo >> "$CALLS" ;;
inspect*) printf 'elsewhere/app@sha256:0\\n%s@{DIGEST}\\n' "${{4%:*}}" ;;
*imagetools*) test -z "$REFUSE" || {{ echo 'no such image' >&2; exit 1; }}
    printf 'Name:      %s\\nMediaType: x\\nDigest:    {OF_OTHERS}\\n' "$4" ;;
esac
"""
COSIGN = """#!/bin/sh
echo "cosign $*" >> "$CALLS"
test -z "$5" || cp "$5" "$CALLS.$3"
"""
GITHUB = {
    "TOKEN": "t0ken",
    "GITHUB_ACTOR": "ada",
    "GITHUB_REPOSITORY": "Ada-Ltd/Chat",
    "GITHUB_REF_NAME": "v1.2.3",
}
GITLAB = {
    "CI_REGISTRY": "registry.example",
    "CI_REGISTRY_USER": "ci",
    "CI_REGISTRY_PASSWORD": "t0ken",
    "CI_REGISTRY_IMAGE": "registry.example/ada/chat",
    "CI_COMMIT_TAG": "v1.2.3",
    "CI_COMMIT_REF_NAME": "v1.2.3",
    "CI_COMMIT_SHA": "c" * 40,
    "CI_PROJECT_URL": "https://git.example/ada/chat",
    "CI_SERVER_URL": "https://git.example",
    "CI_RUNNER_ID": "7",
    "CI_JOB_NAME": "published image",
    "CI_JOB_URL": "https://git.example/ada/chat/-/jobs/1",
    "CI_JOB_STARTED_AT": "2026-01-01T00:00:00Z",
}


class Shell:
    """Runs the lines of a job in one shell, as a runner does."""

    def __init__(self, project: Path, folder: Path) -> None:
        self._project = project
        self._calls = folder / "calls"
        self._calls.touch()
        programs = folder / "bin"
        programs.mkdir()
        for name, text in {"docker": DOCKER, "cosign": COSIGN, "apk": "#!/bin/sh\n"}.items():
            (programs / name).write_text(text)
            (programs / name).chmod(0o755)
        self._env = {**os.environ, "CALLS": str(self._calls), "REFUSE": ""}
        self._env["PATH"] = f"{programs}:{os.environ['PATH']}"

    def run(self, *lines: str, **env: str) -> subprocess.CompletedProcess[str]:
        script = "set -eu\n" + "\n".join(lines)
        return subprocess.run(
            ["sh", "-c", script],
            cwd=self._project,
            env={**self._env, **env},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def calls(self) -> list[str]:
        return self._calls.read_text().splitlines()

    def signed(self, kind: str) -> dict[str, Any]:
        """What cosign was given to sign."""
        found: dict[str, Any] = json.loads(Path(f"{self._calls}.{kind}").read_text())
        return found


@pytest.fixture
def job(tmp_path: Path) -> Callable[..., tuple[Path, Shell]]:
    def make(**answers: str) -> tuple[Path, Shell]:
        project = bake(tmp_path / "project", False, **answers)
        (project / "build").mkdir()
        (project / "build/sbom.json").write_text('{"bomFormat": "CycloneDX"}')
        return project, Shell(project, tmp_path)

    return make


def test_github_publishes_and_attests(job: Callable[..., tuple[Path, Shell]]) -> None:
    project, shell = job()
    workflow = yaml.safe_load((project / ".github/workflows/release.yml").read_text("utf-8"))
    assert workflow["permissions"] == {}
    assert workflow[True] == {"push": {"tags": ["v*"]}}  # YAML reads "on" as a truth value
    publish = workflow["jobs"]["publish"]
    assert publish["permissions"] == {
        "attestations": "write",
        "contents": "read",
        "id-token": "write",
        "packages": "write",
    }
    lines = [step["run"] for step in publish["steps"] if "run" in step]
    assert lines.pop(0) == "make sbom"  # tests/test_ci.py does that
    output = project / "build/output"
    done = shell.run(*lines, GITHUB_OUTPUT=str(output), **GITHUB)
    assert done.returncode == 0, done.stderr
    assert shell.calls()[:4] == [
        "docker login ghcr.io --username ada --password-stdin",
        "t0ken",
        "docker build --tag ghcr.io/ada-ltd/chat:v1.2.3 .",
        "docker push ghcr.io/ada-ltd/chat:v1.2.3",
    ]
    assert output.read_text() == f"name=ghcr.io/ada-ltd/chat\ndigest={DIGEST}\n"
    attested = [step["with"] for step in publish["steps"] if "attest" in step.get("uses", "")]
    assert len(attested) == 2
    for subject in attested:
        assert subject["subject-name"] == "${{ steps.image.outputs.name }}"
        assert subject["subject-digest"] == "${{ steps.image.outputs.digest }}"
        assert subject["push-to-registry"] is True
    assert attested[1]["sbom-path"] == "build/sbom.json"


def test_gitlab_publishes_and_signs(job: Callable[..., tuple[Path, Shell]]) -> None:
    project, shell = job(ci="gitlab")
    pipeline = yaml.safe_load((project / ".gitlab-ci.yml").read_text("utf-8"))
    publish = pipeline["published image"]
    assert publish["rules"] == [{"if": "$CI_COMMIT_TAG =~ /^v/"}]
    assert publish["id_tokens"] == {"SIGSTORE_ID_TOKEN": {"aud": "sigstore"}}
    assert publish["variables"]["COSIGN_YES"] == "true"
    assert {"if": "$CI_COMMIT_TAG"} in pipeline["workflow"]["rules"]
    done = shell.run(*publish["before_script"], *publish["script"], **GITLAB)
    assert done.returncode == 0, done.stderr
    image = f"registry.example/ada/chat@{DIGEST}"
    assert [call for call in shell.calls() if call.startswith("cosign")] == [
        f"cosign sign {image}",
        f"cosign attest --type slsaprovenance1 --predicate build/provenance.json {image}",
        f"cosign attest --type cyclonedx --predicate build/sbom.json {image}",
    ]
    assert shell.signed("cyclonedx") == {"bomFormat": "CycloneDX"}
    provenance = shell.signed("slsaprovenance1")
    [source] = provenance["buildDefinition"]["resolvedDependencies"]
    assert source["digest"] == {"gitCommit": "c" * 40}
    assert provenance["buildDefinition"]["buildType"].startswith("https://git.example/ada/chat/")
    assert provenance["runDetails"]["builder"]["id"] == "https://git.example/-/runners/7"


def test_provenance_is_not_made_up(job: Callable[..., tuple[Path, Shell]]) -> None:
    _, shell = job(ci="gitlab")
    done = shell.run("python3 scripts/provenance.py", CI_PROJECT_URL="https://git.example/x")
    assert done.returncode == 1
    assert "'CI_COMMIT_SHA' is not set" in done.stderr


@pytest.mark.parametrize("words", ["", "IMAGE=x", "TAG=v1"])
def test_publishing_needs_to_know_where(words: str, job: Callable[..., tuple[Path, Shell]]) -> None:
    _, shell = job()
    done = shell.run(f"make publish {words}")
    assert done.returncode
    assert "make publish IMAGE=" in done.stderr
    assert shell.calls() == []


@pytest.mark.parametrize("deploy", ["compose", "kubernetes"])
def test_images_are_pinned(deploy: str, job: Callable[..., tuple[Path, Shell]]) -> None:
    project, shell = job(deploy=deploy, database="postgresql")

    def texts() -> dict[Path, str]:
        paths = [project / "Dockerfile", *sorted(project.rglob("*.yaml"))]
        return {path: path.read_text("utf-8") for path in paths}

    before = texts()
    done = shell.run("make pin", REFUSE="1")
    assert done.returncode
    assert "no such image" in done.stderr
    assert texts() == before, "all or none"
    done = shell.run("make pin")
    assert done.returncode == 0, done.stderr
    after = texts()
    pinned = "".join(after.values())
    assert f"FROM python:3.13-slim-trixie@{OF_OTHERS} AS base" in pinned
    assert f"image: valkey/valkey:9-alpine@{OF_OTHERS}" in pinned
    assert f"image: postgres:18-alpine@{OF_OTHERS}" in pinned
    assert "image: realtime-service\n" in pinned, "the project's own"
    assert pinned.replace(f"@{OF_OTHERS}", "") == "".join(before.values())
    assert shell.run("make pin").returncode == 0
    assert texts() == after, "again: the same"
