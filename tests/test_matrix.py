"""Every pair of choices meets in a project that is formatted, linted, typed, layered and green."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from baking import CHOICES, TEMPLATE, bake, files, interpreters, pairwise
from commands import run
from filelock import FileLock

FOUND = interpreters(pyenv_last=True)
# A project runs on its oldest Python or a newer one.
RUNNABLE = {
    minimum: next((v for v in FOUND if int(v[2:]) >= int(minimum[2:])), None)
    for minimum in CHOICES["python_version"]
}
ROWS = pairwise(CHOICES | {"python_version": [v for v in RUNNABLE if RUNNABLE[v]]})
EXTREMES = [
    {"package_name": "a_package_name_of_exactly_forty_letters_", "project_slug": "x"},
    {
        "project_name": "Ünï \"quoted\" \\ 'chat' 🎉 ${x} $(x)",
        "description": "\"\"\" ''' \\N{BULLET} %s {0} <b> # " + "é" * 240,
        "author_name": 'O\'Brien, "Al" \\ Ætt',
        "project_slug": "hostile-texts",
        "database": "none",
        "queue": "none",
    },
]
COMBINATIONS = [*ROWS, *({"python_version": ROWS[0]["python_version"]} | e for e in EXTREMES)]


SAME_SOURCE = {"quart": "asgi"}
"""Modes whose services, adapters and engine are those of another, as a test below says."""
SOURCE = "source"
"""Stands among options for what these are generated from."""


def answer(number: int, option: str) -> str:
    if option == SOURCE:
        mode = answer(number, "async_mode")
        return SAME_SOURCE.get(mode, mode)
    return COMBINATIONS[number].get(option, CHOICES[option][0])


def answers(number: int, options: list[str]) -> list[str]:
    return [answer(number, option) for option in options]


def has_been(number: int, options: list[str]) -> bool:
    """Whether a row before has the same answers to these."""
    return any(answers(before, options) == answers(number, options) for before in range(number))


def shows(number: int, *kinds: list[str]) -> bool:
    """Whether answers to one of these come for the first time."""
    return not all(has_been(number, options) for options in kinds)


MODE, STORES = ["async_mode"], ["queue", "database"]
WHOLE = {n for n in range(len(COMBINATIONS)) if shows(n, MODE, STORES, ["jobs"])}
"""Rows that show what they are over the wire as well: a mode, a way to keep data, jobs or none."""
FIRST = {n for n in range(len(COMBINATIONS)) if shows(n, MODE)}
"""Of these, the first row of a mode."""
ON_REDIS = "tests/unit/adapters/redis"
DEPENDS_ON = {
    "tests/unit/runtime": MODE,
    "tests/unit/runtime/engine": [SOURCE],
    "tests/unit/services": [SOURCE],
    "tests/unit/adapters/memory": [SOURCE],
    **{
        f"{ON_REDIS}/{path.name}": [SOURCE, "queue", *(["jobs"] if "jobs" in path.name else [])]
        for path in sorted((TEMPLATE / ON_REDIS).glob("test_*.py"))
    },
    "tests/unit/adapters/database": [SOURCE, "database"],
    "tests/unit/adapters/jobs": [SOURCE, "jobs"],
    "tests/unit/adapters/scraper": [SOURCE, "scraper"],
}
"""What tests depend on: they run where such answers come for the first time."""
OF_THE_MODE = (
    *("admin", "admin_shared", "bad_input", "drain", "handshake", "logs", "messagepack"),
    *("polling", "serve", "slow_reader", "stock", "tick_stream", "traces", "uvicorn"),
)


def over_the_wire(*but: str) -> list[str]:
    """All that is tried over the wire but this, as words for pytest."""
    return ["tests/wire", *(f"--ignore=tests/wire/test_{name}.py" for name in but)]


# The page is the same in every project: all its tests run once, and the whole way in every mode.
WITH_BROWSER = {"asgi"}
OF_THE_ENGINE = ("bad_input", "messagepack", "slow_reader", "stock")


def basis(number: int) -> list[str]:
    """The tests of a row, as words for pytest.

    What is of a mode alone is spread over its first rows, that none takes long: what the row knows
    over the wire, the protocols, the pages. Where a store comes for the first time, what keeps data
    is tried over the wire. Every row runs what depends on its choices, and the chat over the wire.
    """
    [mode] = answers(number, MODE)
    rows_before = sum(answers(row, MODE) == [mode] for row in range(number))
    ignored = [path for path, options in DEPENDS_ON.items() if has_been(number, options)]
    words = ["tests/unit", *(f"--ignore={path}" for path in ignored)]
    if number in FIRST:
        words += over_the_wire(*(OF_THE_ENGINE if mode in SAME_SOURCE else ()))
    elif number in WHOLE:
        words += over_the_wire(*OF_THE_MODE)
    else:
        words.append("tests/wire/test_chat.py")
    if rows_before == 1 and mode not in SAME_SOURCE:
        words.append("tests/conformance")
    if rows_before == 2 and mode in WITH_BROWSER:
        words.append("tests/browser")
    return words


# The dashboard is drawn where it comes to a mode for the first time, and a price is followed from
# where it comes from to the chart where a source, a mode or a way to keep data does.
DASHBOARD = "test_dashboard.py"
WHOLE_WAY = "test_whole_way.py"


def watched(number: int) -> list[str]:
    """The tests in a browser that the row runs of those that depend on its choices."""
    draws = answers(number, ["dashboard"]) == ["dash"]
    return [
        *([DASHBOARD] if draws and shows(number, ["dashboard", "async_mode"]) else []),
        *([WHOLE_WAY] if shows(number, MODE, STORES, ["scraper"]) else []),
    ]


def in_a_browser(number: int) -> list[str]:
    """The same as words for pytest. Eventlet's need processes of their own."""
    if COMBINATIONS[number].get("async_mode") == "eventlet":
        test = "tests/test_browser.py::test_in_a_process_without_patches"
        return [f"{test}[{file}]" for file in watched(number)]
    return [f"tests/browser/{file}" for file in watched(number)]


def selected(number: int) -> str:
    """What ``make test`` is given for a row."""
    words = basis(number)
    if COMBINATIONS[number].get("scraper", "none") != "none" and "tests/wire" not in words:
        words.append("tests/wire/test_scraper.py")
    return " ".join([*words, *in_a_browser(number)])


IDS = [*("-".join(row.values()) for row in ROWS), "longest-package", "hostile-texts"]
STEP_SECONDS = 1500
UNENDED = f"not ended after {STEP_SECONDS} s"


def failure_of(command: list[str], project: Path, **environ: str) -> str:
    """Run a step; returns all that it wrote if it fails, else nothing."""
    done = run(command, project, seconds=STEP_SECONDS, env={**os.environ, **environ})
    return f"{' '.join(command)}\n{done.stdout}" if done.returncode else ""


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Kept between runs where the Makefile says so, else shared by the workers of this run."""
    named = os.environ.get("TEMPLATE_CACHE")
    folder = Path(named) if named else tmp_path_factory.getbasetemp().parent / "cache"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.fixture(scope="session")
def vendor(cache: Path) -> Path:
    """The browser libraries of every project, fetched once."""
    recipe = [TEMPLATE / "package-lock.json", TEMPLATE / "scripts/assets.py"]
    key = hashlib.sha256(b"".join(path.read_bytes() for path in recipe)).hexdigest()
    fetched = cache / f"vendor-{key[:16]}"
    with FileLock(cache / "vendor.lock"):
        if not fetched.exists():
            project = bake(cache / "vendor-project", overwrite=True)
            failure = failure_of(["make", "assets"], project)
            assert not failure, failure
            shutil.move(next(project.glob("src/*/web/static/vendor")), fetched)
            shutil.rmtree(project.parent)
    return fetched


def interpreter(answers: dict[str, str]) -> str:
    """The version of Python that a project is tried on."""
    version = RUNNABLE[answers["python_version"]]
    assert version is not None
    return version


@pytest.fixture(
    params=[
        pytest.param(row, id=name, marks=[pytest.mark.long] if number in FIRST else [])
        for number, (row, name) in enumerate(zip(COMBINATIONS, IDS, strict=True))
    ]
)
def project(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, vendor: Path
) -> Iterator[Path]:
    """A fresh project, with the browser libraries in place.

    Rows of one Python that a worker runs stand in the same place one after the other, and each
    leaves its environment to the next: `make install` brings it in line, to the package, without
    compiling again what both have.
    """
    folder = tmp_path_factory.getbasetemp() / interpreter(request.param)
    project = bake(folder, **request.param)
    shutil.copytree(vendor, next(project.glob("src/*/web/static")) / "vendor")
    kept = folder / f"{project.name}-venv"
    if kept.exists():
        kept.rename(project / ".venv")
        (project / ".venv/.installed").unlink()
    yield project
    if (project / ".venv/.installed").exists():
        (project / ".venv").rename(kept)
    shutil.rmtree(project)


@pytest.fixture
def temporary() -> Iterator[str]:
    """A short path for what pytest keeps of a row: rows that cleaned up the same one at a time
    would be in each other's way, and the address of a Unix socket has 107 letters."""
    with tempfile.TemporaryDirectory() as folder:
        yield folder


def test_an_interpreter_is_there_and_every_pair_is_meant() -> None:
    assert FOUND, "no Python from 3.11 on was found"
    if all(RUNNABLE.values()):
        assert pairwise(CHOICES) == ROWS
        assert len(COMBINATIONS) == 25
        assert len(WHOLE) == 7


@pytest.mark.parametrize(
    ("database", "scraper"), [("sqlite", "beautifulsoup"), ("postgresql", "selenium")]
)
@pytest.mark.parametrize(("mode", "other"), SAME_SOURCE.items())
def test_a_source_that_is_tried_once_is_the_same(
    mode: str, other: str, database: str, scraper: str, baked: Callable[..., Path]
) -> None:
    more = {"queue": "redis", "jobs": "dramatiq", "database": database, "scraper": scraper}
    one, two = (baked(**more, async_mode=name) for name in (mode, other))
    alike = ("services", "adapters", "domain", "realtime", "runtime/engine")
    folders = [folder for name in alike for folder in one.glob(f"src/*/{name}")]
    folders += [one / "tests/unit/services", one / "tests/unit/adapters", one / "tests/support"]
    assert len(folders) == len(alike) + 3
    for folder in folders:
        there = two / folder.relative_to(one)
        assert contents(folder) == contents(there)


def contents(folder: Path) -> dict[Path, bytes]:
    return {file: (folder / file).read_bytes() for file in files(folder)}


@pytest.mark.slow
@pytest.mark.timeout(2.5 * STEP_SECONDS)
def test_a_project_passes_its_own_checks(
    project: Path, request: pytest.FixtureRequest, cache: Path, worker_id: str, temporary: str
) -> None:
    row = request.node.callspec.params["project"]
    version = interpreter(row)
    environ = {
        "UV_PYTHON": FOUND[version],
        "MYPY_CACHE_DIR": str(cache / f"mypy-{version}-{worker_id}"),
        "PYTEST_DEBUG_TEMPROOT": temporary,
    }
    spent = []
    failures = []
    tests = selected(COMBINATIONS.index(row))
    for step in (["install"], ["lint"], ["test", f"ARGS={tests}"]):
        started = time.monotonic()
        failure = failure_of(["make", *step], project, **environ)
        if failure and step[0] == "test" and UNENDED not in failure:
            # Two suites share the machine, and some tests wait for real time to pass: what failed
            # is run once more, and said. What fails twice, fails.
            print(f"once more: {[line for line in failure.splitlines() if line[:6] == 'FAILED']}")
            failure = failure_of(["make", "test", "ARGS=--last-failed"], project, **environ)
        failures.append(failure)
        spent.append(f"{step[0]} {time.monotonic() - started:.0f} s")
    print(f"Python {version}: {', '.join(spent)}")
    assert not any(failures), "\n".join(failures)
