"""Fixtures that several test files share."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from baking import bake
from filelock import FileLock
from serving import make


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes minutes comes first and what takes a second last: so all workers end together."""
    items.sort(
        key=lambda item: [item.get_closest_marker(name) is None for name in ("long", "slow")]
    )


@pytest.fixture(scope="session")
def baked(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """A project generated with these answers; shared, so read only."""
    projects: dict[tuple[tuple[str, str], ...], Path] = {}

    def get(**answers: str) -> Path:
        key = tuple(sorted(answers.items()))
        if key not in projects:
            projects[key] = bake(tmp_path_factory.mktemp("baked"), False, **answers)
        return projects[key]

    return get


@pytest.fixture(scope="session")
def installed(
    baked: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory
) -> Callable[..., Path]:
    """Such a project with its dependencies and browser libraries, once for all workers."""
    base = tmp_path_factory.getbasetemp()
    # without workers, what is above is kept for other runs, of another state of the template
    shared = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "installed"

    def get(**answers: str) -> Path:
        project = shared / "-".join(f"{option}={answers[option]}" for option in sorted(answers))
        shared.mkdir(exist_ok=True)
        with FileLock(f"{project}.lock"):
            if not (project / ".venv/.installed").exists():
                shutil.copytree(baked(**answers), project, dirs_exist_ok=True)
                make(project, "assets", "install")
        return project

    return get
