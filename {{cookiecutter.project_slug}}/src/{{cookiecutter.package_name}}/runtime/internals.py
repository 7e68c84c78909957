"""Whether other packages still have what this service uses of their inner parts."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version

Version = tuple[int, int]
Tested = Mapping[str, tuple[Version, Version]]
"""Distribution → the first and the last minor version the tests have passed with."""
Names = Mapping[str, str]
"""Module, or module and class with a colon between them → the names in it, by spaces."""


def obstacle(tested: Tested, internals: Names) -> str | None:
    """Why what is installed cannot be leaned on; ``None`` if it can."""
    for name, (first, last) in tested.items():
        found = _installed(name)
        if found is None:
            return f"{name} is not installed"
        if not first <= found <= last:
            return f"{name} {version(name)} is not a version it is tested with"
    moved = next(_missing(internals), None)
    return f"{moved} is not there" if moved else None


def _missing(internals: Names) -> Iterator[str]:
    for place, names in internals.items():
        module, _, kind = place.partition(":")
        try:
            owner = import_module(module)
            owner = getattr(owner, kind) if kind else owner
        except (ImportError, AttributeError):
            yield place
            continue
        for name in names.split():
            if not hasattr(owner, name):
                yield f"{place}.{name}"


def _installed(distribution: str) -> Version | None:
    try:
        numbers = re.findall(r"\d+", version(distribution))
    except PackageNotFoundError:
        return None
    return int(numbers[0]), int(numbers[1])
