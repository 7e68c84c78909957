"""The generator's own logic, and its manifest held against the template."""

from __future__ import annotations

import itertools
import re
import tomllib
from pathlib import Path

import pytest
from baking import CHOICES, TEMPLATE
from shape import choose, holds, remove, shape, variant_path

MANIFEST = tomllib.loads((TEMPLATE / ".generator/manifest.toml").read_text("utf-8"))
PACKAGE = "{{cookiecutter.package_name}}"
NOT_IN_ALL = {
    "src/{package}/runtime/capacity.py",
    "src/{package}/adapters/database/postgresql.py",
    "src/{package}/runtime/patch.py",
    "src/{package}/runtime/raw_socket.py",
    "src/{package}/runtime/worker.py",
    "tests/support/database.py",
    "tests/support/table.py",
    "tests/unit/runtime/entry_app.py",
    "tests/unit/runtime/worker_app.py",
}
"""Files of which some projects have no variant."""


def tree(root: Path, *paths: str) -> Path:
    for path in paths:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(path)
    return root


def listing(root: Path) -> list[str]:
    return sorted(str(path.relative_to(root)) for path in root.rglob("*"))


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("", True),
        ("queue=redis", True),
        ("queue=none", False),
        ("database=none|sqlite", True),
        ("queue=redis database=postgresql", False),
        ("queue=redis database=postgresql|sqlite", True),
    ],
)
def test_a_condition_needs_every_word(condition: str, expected: bool) -> None:
    assert holds(condition, {"queue": "redis", "database": "sqlite"}) is expected


def test_a_condition_on_an_unknown_option_is_an_error() -> None:
    with pytest.raises(KeyError, match="colour"):
        holds("colour=blue", {"queue": "redis"})


def test_one_variant_may_hold() -> None:
    assert choose({"a": "queue=redis", "b": "queue=none"}, {"queue": "none"}) == "b"
    assert choose({"a": "queue=redis"}, {"queue": "none"}) is None
    with pytest.raises(ValueError, match="a, b"):
        choose({"a": "", "b": "queue=none"}, {"queue": "none"})


def test_variants_carry_their_name_before_the_suffix() -> None:
    assert variant_path(Path("a/b.py"), "x") == Path("a/b__x.py")
    assert variant_path(Path("LICENSE"), "Apache-2.0") == Path("LICENSE__Apache-2.0")


def test_directories_left_empty_go_too(tmp_path: Path) -> None:
    root = tree(tmp_path, "keep", "a/b/c/file", "d/file", "d/kept")
    remove(root / "a/b/c/file", root)
    remove(root / "d/file", root)
    assert listing(root) == ["d", "d/kept", "keep"]
    remove(root / "d", root)
    remove(root / "keep", root)
    assert root.is_dir()


def test_shape_drops_renames_and_removes_itself(tmp_path: Path) -> None:
    manifest = """
        debris = ["**/junk"]
        named = ["tests/*.py"]
        converted = ["src/**/*.py", "*.md"]
        [owned]
        "queue=redis" = ["src/{package}/redis.py", "redis.*"]
        "queue=none" = ["solo"]
        "queue=none ci=github" = ["both"]
        [variants."src/{package}/backends.py"]
        redis = "queue=redis"
        memory = "queue=none"
        [variants."src/{package}/scripts.py"]
        redis = "queue=redis"
    """
    names = ["redis", "backends__redis", "backends__memory", "scripts__redis", "app"]
    root = tree(tmp_path, *(f"src/pkg/{name}.py" for name in names))
    tree(root, "redis.conf", "solo/deep/file", "both", "a/junk", ".generator/shape.py")
    (root / ".generator/manifest.toml").write_text(manifest)
    tree(root, "tests/test_app.py").joinpath("tests/test_app.py").write_text(
        "from {{cookiecutter.package_name}}.app import f\nf('{{x}}')\n"
    )
    answers = {"package_name": "pkg", "queue": "none", "ci": "none", "async_mode": "gevent"}
    (root / "src/pkg/app.py").write_text("async def f(): ...\n")
    (root / "README.md").write_text("async:\n```python\n    async def f(): ...\n```\n")
    shape(root, answers)
    assert [name for name in listing(root) if (root / name).is_file()] == [
        "README.md",
        "solo/deep/file",
        "src/pkg/app.py",
        "src/pkg/backends.py",
        "tests/test_app.py",
    ]
    assert (root / "tests/test_app.py").read_text() == "from pkg.app import f\nf('{{x}}')\n"
    assert (root / "src/pkg/backends.py").read_text() == "src/pkg/backends__memory.py"
    assert not (root / "a").exists()
    assert (root / "src/pkg/app.py").read_text() == "def f(): ...\n"
    assert (root / "README.md").read_text() == "async:\n```python\n    def f(): ...\n```\n"


def patterns() -> list[str]:
    return [pattern for owned in MANIFEST["owned"].values() for pattern in owned]


@pytest.mark.parametrize("pattern", patterns())
def test_every_owned_path_is_in_the_template(pattern: str) -> None:
    assert list(TEMPLATE.glob(pattern.replace("{package}", "?{cookiecutter.package_name}?")))


@pytest.mark.parametrize("target", MANIFEST["variants"])
def test_every_variant_is_in_the_template_and_no_other(target: str) -> None:
    file = TEMPLATE / target.replace("{package}", PACKAGE)
    expected = {variant_path(file, name) for name in MANIFEST["variants"][target]}
    found = {path for path in file.parent.iterdir() if path.name.startswith(f"{file.stem}__")}
    assert found == expected
    assert not file.exists(), "the variant would overwrite it"


def test_every_variant_file_is_in_the_manifest() -> None:
    declared = {
        str(variant_path(Path(target.replace("{package}", PACKAGE)), name))
        for target, variants in MANIFEST["variants"].items()
        for name in variants
    }
    found = {
        str(path.relative_to(TEMPLATE))
        for path in TEMPLATE.rglob("*__*")
        if path.is_file()
        and re.fullmatch(r"(__main__|[^_].*)__[^_]+.*", path.stem)
        and "cache" not in str(path)
    }
    assert found == declared


def test_for_every_combination_one_variant_holds_where_the_file_is_wanted() -> None:
    options = list(CHOICES)
    for values in itertools.product(*CHOICES.values()):
        answers = dict(zip(options, values, strict=True))
        dropped = [
            path
            for condition, paths in MANIFEST["owned"].items()
            for path in paths
            if not holds(condition, answers)
        ]
        for target, variants in MANIFEST["variants"].items():
            chosen = choose(variants, answers)
            if any(target.startswith(f"{path}/") for path in dropped):
                continue  # with or without it, the file goes
            assert chosen or target in NOT_IN_ALL, (target, answers)


def test_conditions_name_options_and_values_that_exist() -> None:
    conditions = [*MANIFEST["owned"]]
    conditions += [c for variants in MANIFEST["variants"].values() for c in variants.values()]
    for word in " ".join(conditions).split():
        option, _, values = word.partition("=")
        assert set(values.split("|")) <= set(CHOICES[option])
        assert set(values.split("|")) != set(CHOICES[option]), f"{word} always holds"
