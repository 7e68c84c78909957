"""Read every generated tree as a stranger would: complete, nothing left over, nothing dead."""

from __future__ import annotations

import ast
import functools
import io
import itertools
import re
import sys
import tokenize
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from baking import CHOICES, TEMPLATE, files, goes_with, pairwise
from packaging.requirements import Requirement

# One worker for all: they read the same generated projects.
pytestmark = pytest.mark.xdist_group("test_generated_tree")

COMBINATIONS = pairwise(CHOICES)
IDS = ["-".join(row.values()) for row in COMBINATIONS]
MANIFEST = tomllib.loads((TEMPLATE / ".generator/manifest.toml").read_text("utf-8"))

# Import name → distribution, where they differ.
DISTRIBUTIONS = {
    "bs4": "beautifulsoup4",
    "dotenv": "python-dotenv",
    "engineio": "python-engineio",
    "jwt": "pyjwt",
    "prometheus_client": "prometheus-client",
    "socketio": "python-socketio",
    "uvicorn_worker": "uvicorn-worker",
    "opentelemetry": "opentelemetry-sdk",
}
NOT_IMPORTED = {
    "gunicorn": "started by name",
    "httptools": "uvicorn parses HTTP with it",
    "lxml": "Beautiful Soup parses HTML with it",
    "psycopg": "SQLAlchemy's driver",
    "uvicorn": "started by name",
    "uvicorn-worker": "started by name",
    "uvloop": "uvicorn's loop",
    "websockets": "uvicorn's WebSocket protocol",
}
COME_ALONG = {"asgiref", "jinja2", "werkzeug"}  # flask[async]
COME_ALONG |= {"cryptography"}  # pyjwt[crypto]
WORDS_OF_AN_OPTION = {
    ("queue", "none"): "redis|valkey",
    ("database", "none"): "sqlalchemy|alembic|sqlite|postgres|psycopg|DATABASE_URL|migrations?/",
    ("database", "sqlite"): "postgres|psycopg",
    ("jobs", "none"): "dramatiq",
    ("dashboard", "none"): r"\bdash\b|plotly",
    ("scraper", "none"): "scraper|beautifulsoup|bs4|lxml|protego|selenium|chromedriver|urllib3",
    ("scraper", "beautifulsoup"): "selenium|chromedriver|urllib3",
    ("scraper", "selenium"): "beautifulsoup|bs4|lxml",
    ("deploy", "none"): r"docker|\bcompose\b|kube|kustom|nginx|prometheus\.io|grafana",
    ("deploy", "compose"): r"kube|kustom|ingress",
    ("deploy", "kubernetes"): r"\bcompose\b",
    ("ci", "none"): r"\.github|github actions|dependabot|gitlab",
    ("ci", "github"): "gitlab",
    ("ci", "gitlab"): r"\.github|github actions|dependabot",
}
# Where a word of an option that was not chosen may stand all the same.
MAY_SPEAK = re.compile(r"README\.md|docs/|package-lock\.json|LICENSE")


@pytest.fixture(params=COMBINATIONS, ids=IDS)
def project(request: pytest.FixtureRequest, baked: Callable[..., Path]) -> Path:
    return baked(**request.param)


def modules(project: Path) -> dict[str, Path]:
    """Dotted name → file of every module in src."""
    found = {}
    for path in (project / "src").rglob("*.py"):
        parts = path.relative_to(project / "src").with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def imports(path: Path, name: str) -> Iterator[str]:
    """The dotted names that the module ``name`` imports, relative ones resolved."""
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    for level, base, names in import_statements(path.read_text("utf-8")):
        parts = package.split(".")
        upper = [*parts[: len(parts) - level + 1], base] if level else [base]
        full = ".".join(upper).rstrip(".")
        yield from (full, *(f"{full}.{name}" for name in names))


@functools.cache
def import_statements(source: str) -> list[tuple[int, str, list[str]]]:
    """Level, module and names of each import; most files are the same in many projects."""
    found: list[tuple[int, str, list[str]]] = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found += [(0, alias.name, []) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            found.append((node.level, node.module or "", [alias.name for alias in node.names]))
    return found


def test_the_array_is_as_small_as_pairs_allow() -> None:
    missing = set()
    for (a, xs), (b, ys) in itertools.combinations(CHOICES.items(), 2):
        for x, y in itertools.product(xs, ys):
            met = any(row[a] == x and row[b] == y for row in COMBINATIONS)
            if not met and goes_with({a: x}, b, y):
                missing.add((a, x, b, y))
    assert not missing
    assert len(COMBINATIONS) == 23


def test_no_token_of_the_template_is_left(project: Path) -> None:
    for path in files(project):
        text = (project / path).read_text("utf-8", errors="replace")
        rendered_later = path.suffix in (".html", ".mako")
        tokens = r"cookiecutter\." if rendered_later else r"cookiecutter\.|\{%-? "
        assert not re.search(tokens, text), path
        assert "cookiecutter" not in str(path)


def test_nothing_of_the_generator_is_left(project: Path) -> None:
    assert not (project / ".generator").exists()
    suffixes = {name for variants in MANIFEST["variants"].values() for name in variants}
    left = [p for p in files(project) if p.stem.partition("__")[2] in suffixes and "__" in p.name]
    assert not left


def test_no_directory_is_empty(project: Path) -> None:
    assert not [path for path in project.rglob("*") if path.is_dir() and not any(path.iterdir())]


def test_no_package_holds_nothing_but_its_init(project: Path) -> None:
    for init in project.rglob("__init__.py"):
        others = [path for path in init.parent.iterdir() if path.name != "__pycache__"]
        assert len(others) > 1 or init.read_text("utf-8").strip(), f"{init.parent} is a shell"


def test_every_file_ends_with_one_newline_and_no_line_with_a_space(project: Path) -> None:
    for path in files(project):
        text = (project / path).read_text("utf-8")
        assert not text or (text.endswith("\n") and not text.endswith("\n\n")), path
        assert not re.search(r"[ \t]$", text, re.MULTILINE) or path.suffix == ".md", path
        if path.suffix != ".json":
            assert "\n\n\n\n" not in text, path


def test_every_module_is_used(project: Path) -> None:
    known = modules(project)
    top = next(name for name in known if "." not in name)
    others = [path for path in files(project) if path.parts[0] not in ("src", "tests")]
    mentions = "\n".join((project / path).read_text("utf-8", "replace") for path in others)
    alive = {f"{top}.app", f"{top}.__main__"}
    alive |= {name for name in known if re.search(rf"\b{re.escape(name)}\b", mentions)}
    waiting = list(alive)
    while waiting:
        name = waiting.pop()
        path = known[name]
        named = re.findall(r"[\"'](\w+(?:\.\w+)+)", path.read_text("utf-8"))
        relative = [f"{top}{part}" for part in re.findall(r"\}(\.\w+(?:\.\w+)+)", path.read_text())]
        for found in {*imports(path, name), *named, *relative}:
            for target in (found, found.rpartition(".")[0]):
                for upper in itertools.accumulate(target.split("."), "{}.{}".format):
                    if upper in known and upper not in alive:
                        alive.add(upper)
                        waiting.append(upper)
    assert set(known) - alive - {top} == set(), "imported by nothing that app or __main__ imports"


def test_what_is_imported_is_declared_and_what_is_declared_is_used(project: Path) -> None:
    pyproject = tomllib.loads((project / "pyproject.toml").read_text("utf-8"))
    declared = {Requirement(d).name.lower() for d in pyproject["project"]["dependencies"]}
    develop = {Requirement(d).name.lower() for d in pyproject["dependency-groups"]["dev"]}
    own = {path.name for path in (project / "src").iterdir()} | {"tests", "migrations"}
    tracing = pyproject["project"]["optional-dependencies"]["tracing"]
    optional = {Requirement(d).name.lower() for d in tracing}
    reloading = develop & {"watchfiles"}  # imported only where the source changes
    in_src = reloading | optional
    in_tests = develop | optional
    for folder, extra in (("src", in_src), ("migrations", set()), ("tests", in_tests)):
        sources = [path.read_text("utf-8") for path in (project / folder).rglob("*.py")]
        statements = [found for source in sources for found in import_statements(source)]
        roots = {base.split(".")[0] for level, base, _ in statements if not level}
        needed = {DISTRIBUTIONS.get(root, root) for root in roots - own - sys.stdlib_module_names}
        assert needed <= declared | extra | COME_ALONG, folder
        if folder == "src":
            assert declared - needed <= set(NOT_IMPORTED)
            bases = {base for level, base, _ in statements if not level}
            for name in optional:  # a namespace package of several distributions
                assert any(base.startswith(name.replace("-", ".")) for base in bases), name


def test_the_extra_is_imported_only_where_it_was_asked_for(project: Path) -> None:
    """Else a service without it would not start."""
    asked_for = {"opentelemetry", "traced"}
    for name, path in modules(project).items():
        if any(found.startswith("opentelemetry") for found in imports(path, name)):
            inside = ".runtime.tracing." in name and not name.endswith(".runtime.tracing")
            assert inside or name.rpartition(".")[2] in asked_for, name


def names(path: Path) -> str:
    """What a file names: all of its text, or for Python its identifiers, not its sentences."""
    text = path.read_text("utf-8", "replace")
    return identifiers(text) if path.suffix == ".py" else text


@functools.cache
def identifiers(source: str) -> str:
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    return "\n".join(token.string for token in tokens if token.type == tokenize.NAME)


def test_no_name_of_an_option_that_was_not_chosen(
    request: pytest.FixtureRequest, project: Path
) -> None:
    row = request.node.callspec.params["project"]
    for (option, value), words in WORDS_OF_AN_OPTION.items():
        if row[option] != value:
            continue
        for path in files(project):
            if MAY_SPEAK.search(str(path)):
                continue
            assert not re.search(words, str(path)), f"{path} with {option}={value}"
            found = re.findall(f"(?i).*(?:{words}).*", names(project / path))
            assert not found, f"{path} with {option}={value}"


@pytest.mark.parametrize(
    ("option", "value"), [(o, v) for o, values in CHOICES.items() for v in values[1:]]
)
def test_every_choice_changes_something(
    option: str, value: str, baked: Callable[..., Path]
) -> None:
    plain, other = baked(), baked(**{option: value})
    names = [*files(plain)], [*files(other)]
    assert names[0] != names[1] or any(
        (plain / path).read_bytes() != (other / path).read_bytes() for path in names[0]
    )


@pytest.mark.parametrize("option", ["project_name", "description", "author_name", "author_email"])
def test_every_text_is_used(option: str, baked: Callable[..., Path]) -> None:
    text = "zebra@quagga.example" if option == "author_email" else "Zebra Quagga"
    project = baked(**{option: text}, project_slug="zebra")
    assert any(text in (project / path).read_text("utf-8") for path in files(project))
