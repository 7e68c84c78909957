"""Generate projects for the tests, and list the combinations worth generating."""

from __future__ import annotations

import itertools
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Container, Iterator
from pathlib import Path

from cookiecutter.main import cookiecutter

REPOSITORY = Path(__file__).resolve().parent.parent
TEMPLATE = REPOSITORY / "{{cookiecutter.project_slug}}"
QUESTIONS: dict[str, object] = json.loads((REPOSITORY / "cookiecutter.json").read_text("utf-8"))
IMPOSSIBLE = {
    frozenset({("jobs", "dramatiq"), ("queue", "none")}),
    frozenset({("async_mode", "eventlet"), ("scraper", "selenium")}),
}
"""Pairs that are refused."""
CHOICES: dict[str, list[str]] = {
    option: value
    for option, value in QUESTIONS.items()
    if isinstance(value, list) and not option.startswith("_")
}


def bake(output: Path, overwrite: bool = False, **answers: object) -> Path:
    """Generate a project below ``output`` in this process; returns its directory."""
    output.mkdir(parents=True, exist_ok=True)
    config = output / ".cookiecutterrc"
    folders = {name: str(output / f".{name}") for name in ("cookiecutters_dir", "replay_dir")}
    config.write_text(json.dumps(folders))
    try:
        project = cookiecutter(
            str(REPOSITORY),
            no_input=True,
            extra_context=answers,
            output_dir=str(output),
            config_file=str(config),
            overwrite_if_exists=overwrite,
        )
    finally:
        config.unlink()
    return Path(project)


def copy_template(target: Path) -> Path:
    """What generates, without what tools left in it: a template that a test may change."""
    ignore = shutil.ignore_patterns("__pycache__", ".*_cache", "vendor", "node_modules")
    for name in ("hooks", TEMPLATE.name):
        shutil.copytree(REPOSITORY / name, target / name, ignore=ignore)
    for name in ("cookiecutter.json", ".gitignore"):
        shutil.copy2(REPOSITORY / name, target / name)
    return target


def run_cookiecutter(
    output: Path, *words: str, template: Path = REPOSITORY
) -> subprocess.CompletedProcess[str]:
    """Run the command a person runs, in ``output``."""
    output.mkdir(parents=True, exist_ok=True)
    return subprocess.run(
        [str(Path(sys.executable).parent / "cookiecutter"), str(template), *words],
        cwd=output,
        env={**os.environ, "PWD": str(output), "HOME": str(output.parent)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def pairwise(choices: dict[str, list[str]]) -> list[dict[str, str]]:
    """Combinations in which every two values of different options meet at least once.

    Greedy and deterministic: each row starts from the first pair that has not met, and takes for
    every other option the value that lets the most further pairs meet.
    """
    options = list(choices)
    missing = dict.fromkeys(
        ((a, x), (b, y))
        for a, b in itertools.combinations(options, 2)
        for x in choices[a]
        for y in choices[b]
        if frozenset({(a, x), (b, y)}) not in IMPOSSIBLE
    )
    rows = []
    while missing:
        row = dict(next(iter(missing)))
        for option in options:
            if option not in row:
                possible = [v for v in choices[option] if goes_with(row, option, v)]
                row[option] = max(possible, key=lambda v: gain(row, option, v, missing))
        for pair in itertools.combinations([(option, row[option]) for option in options], 2):
            missing.pop(pair, None)
        rows.append({option: row[option] for option in options})
    return rows


def goes_with(row: dict[str, str], option: str, value: str) -> bool:
    """Whether ``option=value`` is possible with what the row already has."""
    return all(frozenset({cell, (option, value)}) not in IMPOSSIBLE for cell in row.items())


def gain(row: dict[str, str], option: str, value: str, missing: Container[object]) -> int:
    """How many missing pairs ``option=value`` makes with what the row already has."""
    cell = (option, value)
    return sum((other, cell) in missing or (cell, other) in missing for other in row.items())


def files(project: Path) -> Iterator[Path]:
    """Every file of a generated project but the untracked ``.env``, as relative paths."""
    for path in sorted(project.rglob("*")):
        if path.is_file() and path.name != ".env":
            yield path.relative_to(project)


def interpreters(*, pyenv_last: bool = False) -> dict[str, str]:
    """Python version → an interpreter that really runs: from PATH, or pyenv's own directories.

    pyenv's shims stand on PATH also for versions that then refuse to run.

    :param pyenv_last: take another where there is one. Unless told otherwise pyenv builds without
        optimization, and what such a Python runs takes up to twice as long.
    """
    found: dict[str, str] = {}
    this = f"3.{sys.version_info.minor}"
    for version in sorted({*CHOICES["python_version"], this}, key=lambda v: int(v[2:])):
        named = [Path(folder) / f"python{version}" for folder in os.get_exec_path()]
        if pyenv_last:
            named.sort(key=lambda path: ".pyenv" in path.parts)
        pyenv = sorted((Path.home() / ".pyenv/versions").glob(f"{version}.*/bin/python"))
        for path in [*named, *pyenv, Path(sys.executable)]:
            if path.is_file() and (real := real_path(path, version)):
                found[version] = real
                break
    return found


def real_path(python: Path, version: str) -> str | None:
    """Where an interpreter of this version really is; ``None`` if it is not, or does not run."""
    code = "import sys, os; print('%d.%d' % sys.version_info[:2], os.path.realpath(sys.executable))"
    try:
        done = subprocess.run([python, "-c", code], capture_output=True, text=True, timeout=10)
    except (OSError, subprocess.TimeoutExpired):
        return None
    found, _, path = done.stdout.strip().partition(" ")
    return path if done.returncode == 0 and found == version else None
