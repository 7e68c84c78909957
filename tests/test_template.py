"""The template's own source: plain Python, no logic in it, short files."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from baking import REPOSITORY, TEMPLATE

PACKAGE = "{{cookiecutter.package_name}}"


def template_files() -> list[Path]:
    """What git has or would take; outside a checkout, everything."""
    command = ["git", "ls-files", "-co", "--exclude-standard", "-z", "--", str(TEMPLATE)]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True)
    names = done.stdout.split("\0") if done.returncode == 0 else []
    found = [REPOSITORY / name for name in names if name] or list(TEMPLATE.rglob("*"))
    return sorted(path for path in found if path.is_file())


PYTHON = [path for path in template_files() if path.suffix == ".py"]


@pytest.mark.parametrize("path", PYTHON, ids=lambda path: str(path.relative_to(TEMPLATE)))
def test_python_holds_no_jinja_but_the_package_name(path: Path) -> None:
    text = path.read_text("utf-8")
    assert "{%" not in text, "options own whole files; there is no logic in Python"
    relative = path.relative_to(TEMPLATE)
    if relative.parts[0] in ("src", "tests", ".generator"):
        return  # copied without rendering
    text = text.replace(PACKAGE, "package")
    assert not [mark for mark in ("{{", "{%", "{#") if mark in text], "cookiecutter would render it"


@pytest.mark.parametrize("path", PYTHON, ids=lambda path: str(path.relative_to(TEMPLATE)))
def test_no_python_file_is_long(path: Path) -> None:
    limit = 400 if path.relative_to(TEMPLATE).parts[0] == "tests" else 300
    assert len(path.read_text("utf-8").splitlines()) <= limit


def test_no_file_is_named_like_what_git_ignores() -> None:
    debris = {"__pycache__", ".mypy_cache", ".ruff_cache", "node_modules", "vendor"}
    assert not [path for path in template_files() if debris & set(path.parts)]
