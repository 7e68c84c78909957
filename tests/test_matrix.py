"""Every pair of choices meets in a project that is formatted, linted, typed, layered and green."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from baking import CHOICES, bake, interpreters, pairwise
from filelock import FileLock

FOUND = interpreters()
# A project runs on its oldest Python or a newer one.
RUNNABLE = {
    minimum: next((v for v in FOUND if int(v[2:]) >= int(minimum[2:])), None)
    for minimum in CHOICES["python_version"]
}
ROWS = pairwise(CHOICES | {"python_version": [v for v in RUNNABLE if RUNNABLE[v]]})
LONG_PACKAGE = "a_package_name_of_exactly_forty_letters_"
EXTREMES = [
    {
        "package_name": LONG_PACKAGE,
        "project_slug": "x",
        "python_version": ROWS[0]["python_version"],
    },
    {
        "project_name": "Ünï \"quoted\" \\ 'chat' 🎉 ${x} $(x)",
        "description": "\"\"\" ''' \\N{BULLET} %s {0} <b> # " + "é" * 240,
        "author_name": 'O\'Brien, "Al" \\ Ætt',
        "project_slug": "hostile-texts",
        "database": "none",
        "queue": "none",
        "python_version": ROWS[0]["python_version"],
    },
]
COMBINATIONS = [*ROWS, *EXTREMES]
IDS = [*("-".join(row.values()) for row in ROWS), "longest-package", "hostile-texts"]
STEP_SECONDS = 900


def cache_directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Kept between runs where the Makefile says so, else shared by the workers of this run."""
    named = os.environ.get("TEMPLATE_CACHE")
    return Path(named) if named else tmp_path_factory.getbasetemp().parent / "environments"


@pytest.fixture(scope="session")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Python version → a project with all options, installed with its browser assets."""
    cache = cache_directory(tmp_path_factory)

    def get(version: str) -> Path:
        project = cache / f"everything-{version}/everything"
        project.parent.mkdir(parents=True, exist_ok=True)
        done = project.parent / f"done-{os.environ.get('PYTEST_XDIST_TESTRUNUID', os.getpid())}"
        with FileLock(project.parent / "lock"):
            if not done.exists():
                answers = {"project_slug": "everything", "database": "postgresql"}
                bake(project.parent, overwrite=True, **answers, python_version=version)
                install = ["make", "install", "assets"]
                failure = run(install, project, UV_PYTHON=FOUND[version])
                assert not failure, failure
                for old in project.parent.glob("done-*"):
                    old.unlink()
                done.touch()
        return project

    return get


def run(command: list[str], project: Path, **environ: str) -> str:
    """Run a step; returns its whole output if it fails, else nothing."""
    done = subprocess.run(
        command,
        cwd=project,
        env={**os.environ, **environ},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=STEP_SECONDS,
    )
    return f"{' '.join(command)}\n{done.stdout}" if done.returncode else ""


@pytest.fixture(params=COMBINATIONS, ids=IDS)
def combination(
    request: pytest.FixtureRequest, tmp_path: Path, environment: Callable[[str], Path]
) -> Iterator[tuple[Path, Path]]:
    """A fresh project, and the ``bin`` directory of its environment."""
    version = RUNNABLE[request.param.get("python_version", CHOICES["python_version"][0])]
    assert version is not None
    everything = environment(version)
    project = bake(tmp_path, **request.param)
    package = next(path for path in (project / "src").iterdir() if path.is_dir())
    vendor = "web/static/vendor"
    shutil.copytree(next((everything / "src").glob(f"*/{vendor}")), package / vendor)
    yield project, everything / ".venv/bin"
    shutil.rmtree(project)


def test_some_interpreter_is_there() -> None:
    assert FOUND, "no Python from 3.11 on was found"
    every = [minimum for minimum in RUNNABLE if RUNNABLE[minimum]]
    assert len(ROWS) == len(pairwise(CHOICES)) if len(every) == len(RUNNABLE) else ROWS
    print(f"\n{len(COMBINATIONS)} combinations on Python {', '.join(FOUND)}")


@pytest.mark.slow
def test_a_project_passes_its_own_checks(
    combination: tuple[Path, Path], environment: Callable[[str], Path], worker_id: str
) -> None:
    project, tools = combination
    started = time.monotonic()
    cache = project.parent.parent / f"mypy-{worker_id}"
    environ = {"PYTHONPATH": "src", "PYTHONDONTWRITEBYTECODE": "1"}
    environ["PATH"] = f"{tools}{os.pathsep}{os.environ['PATH']}"
    steps = (
        ["ruff", "format", "--no-cache", "--check", "."],
        ["ruff", "check", "--no-cache", "."],
        ["mypy", "--strict", "--cache-dir", str(cache)],
        ["lint-imports", "--no-cache"],
        ["python", "-m", "pytest", "-q", "-p", "no:cacheprovider"],
    )
    failures = [run([str(tools / step[0]), *step[1:]], project, **environ) for step in steps]
    assert not any(failures), "\n".join(failures)
    print(f"\n{project.name}: {time.monotonic() - started:.0f} s")
