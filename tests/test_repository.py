"""The template repository's own workflows, issue forms and release."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml
from baking import REPOSITORY
from commands import tool

GITHUB = REPOSITORY / ".github"
WORKFLOWS = sorted((GITHUB / "workflows").glob("*.yml"))
FORMS = sorted(
    set((GITHUB / "ISSUE_TEMPLATE").glob("*.yml")) - {GITHUB / "ISSUE_TEMPLATE/config.yml"}
)


def load(path: Path) -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load(path.read_text("utf-8"))
    return loaded


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_workflow_is_valid_pinned_and_asks_for_little(path: Path) -> None:
    tool(
        "check-jsonschema", "--builtin-schema", "vendor.github-workflows", str(path), cwd=REPOSITORY
    )
    workflow = load(path)
    assert workflow["permissions"] == {}
    for job in workflow["jobs"].values():
        assert "permissions" in job
        called = [step["uses"] for step in job["steps"] if "uses" in step]
        assert all(re.search(r"@[0-9a-f]{40}$", use) for use in called)


def test_workflows_have_nothing_to_find() -> None:
    tool("zizmor", "--offline", "--quiet", "--persona", "auditor", ".github", cwd=REPOSITORY)


def test_forms_are_valid() -> None:
    for schema, paths in {
        "github-issue-forms": FORMS,
        "github-issue-config": [GITHUB / "ISSUE_TEMPLATE/config.yml"],
        "dependabot": [GITHUB / "dependabot.yml"],
    }.items():
        names = [str(path) for path in paths]
        tool("check-jsonschema", "--builtin-schema", f"vendor.{schema}", *names, cwd=REPOSITORY)
    assert len(FORMS) == 3


def test_what_workflows_run_is_there() -> None:
    text = "\n".join(path.read_text("utf-8") for path in WORKFLOWS)
    named = re.findall(r"(?:tests|\.ci)/[\w./]+", text)
    assert named
    assert [name for name in named if not (REPOSITORY / name.rstrip(".")).exists()] == []
    targets = set(re.findall(r"make (\w+)", text))
    makefile = (REPOSITORY / "Makefile").read_text("utf-8")
    assert targets
    assert all(f"\n{target}:" in makefile for target in targets)


def notes(tag: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(REPOSITORY / ".ci/release_notes.py"), tag]
    return subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)


def test_release_notes_are_the_changelog_s() -> None:
    pyproject = tomllib.loads((REPOSITORY / "pyproject.toml").read_text("utf-8"))
    done = notes(f"v{pyproject['project']['version']}")
    assert done.returncode == 0
    assert done.stdout.startswith("### ")
    assert "## [" not in done.stdout.replace("### ", "")


def test_a_tag_of_another_version_is_no_release() -> None:
    done = notes("v99.0.0")
    assert done.returncode == 1
    assert "the tag says 99.0.0" in done.stderr


@pytest.mark.xdist_group("grouped")
def test_tests_that_share_what_is_dear_stay_together(request: pytest.FixtureRequest) -> None:
    """xdist tells groups by what stands after an @; without it each worker makes all fixtures."""
    if not getattr(request.config.option, "loadgroup", False):
        pytest.skip("tests are not spread over workers in this run")
    assert request.node.nodeid.endswith("@grouped")
