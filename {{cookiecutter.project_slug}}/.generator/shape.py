"""Give a freshly rendered project the form that was chosen.

cookiecutter renders the template; :func:`shape` then drops what the answers do not ask for, gives
the chosen variant of a file its name, puts the package's name into the tests, brings
the source into the form of the async mode, and removes itself. Which file belongs to which answer
stands in ``manifest.toml``, what differs between the modes in ``forms.py``.
"""

from __future__ import annotations

import shutil
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

Answers = Mapping[str, Any]
"""Option → value, as cookiecutter passes them to its hooks."""

PACKAGE = b"{{cookiecutter.package_name}}"
"""What stands for the package's name in files that cookiecutter copies without rendering."""


def holds(condition: str, answers: Answers) -> bool:
    """Whether the answers satisfy ``"queue=redis database=sqlite|postgresql"``.

    Every word must hold; a word holds with any of its values.
    """
    for word in condition.split():
        option, _, values = word.partition("=")
        if answers[option] not in values.split("|"):
            return False
    return True


def matches(root: Path, pattern: str, answers: Answers) -> Iterator[Path]:
    """The paths that a pattern of the manifest names in this project."""
    yield from sorted(root.glob(pattern.replace("{package}", answers["package_name"])))


def variant_path(target: Path, name: str) -> Path:
    """``backends.py``, ``redis`` → ``backends__redis.py``."""
    return target.with_name(f"{target.stem}__{name}{target.suffix}")


def choose(variants: Mapping[str, str], answers: Answers) -> str | None:
    """The variant whose condition holds; ``None`` if none does.

    :raises ValueError: several do: the manifest is wrong.
    """
    chosen = [name for name, condition in variants.items() if holds(condition, answers)]
    if len(chosen) > 1:
        raise ValueError(f"several variants hold where one may: {', '.join(chosen)}")
    return chosen[0] if chosen else None


def remove(path: Path, root: Path) -> None:
    """Remove a file or a directory, and the directories above it that this leaves empty."""
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
    for parent in path.parents:
        if parent == root or any(parent.iterdir()):
            return
        parent.rmdir()


def name_package(path: Path, package: str) -> None:
    """Put the package's name into a file that was not rendered."""
    content = path.read_bytes()
    if PACKAGE in content:
        path.write_bytes(content.replace(PACKAGE, package.encode()))


def shape(root: Path, answers: Answers) -> None:
    """Shape the freshly rendered project at ``root``; its ``.generator`` is gone afterwards."""
    manifest = tomllib.loads((root / ".generator/manifest.toml").read_text(encoding="utf-8"))
    unwanted = [*manifest["debris"]]
    for condition, patterns in manifest["owned"].items():
        if not holds(condition, answers):
            unwanted += patterns
    for pattern in unwanted:
        for path in matches(root, pattern, answers):
            remove(path, root)
    for target, variants in manifest["variants"].items():
        file = root / target.replace("{package}", answers["package_name"])
        if chosen := choose(variants, answers):
            variant_path(file, chosen).replace(file)
        for name in variants:
            variant_path(file, name).unlink(missing_ok=True)
    for pattern in manifest["named"]:
        for path in matches(root, pattern, answers):
            name_package(path, answers["package_name"])
    if answers["async_mode"] != "asgi":
        from convert import convert  # here, as its modules take time to load

        for pattern in manifest["converted"]:
            convert(matches(root, pattern, answers), answers["async_mode"])
    shutil.rmtree(root / ".generator")
