"""Bring the contract that a project is generated with up to date: python tests/refresh_contract.py

The documents are the same for every answer but the package's name, which is their title, and what
:data:`VARIANTS` says.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from baking import TEMPLATE, bake
from commands import run

TITLE = '{{ cookiecutter.package_name | replace("_", " ") | capitalize }}'

NAMED = {"database": "none", "package_name": "zebra_quagga"}
VARIANTS = {"plain": {"queue": "none", "jobs": "none"}, "jobs": {"jobs": "dramatiq"}}


def main() -> None:
    for variant, answers in VARIANTS.items():
        with tempfile.TemporaryDirectory() as folder:
            project = bake(Path(folder), False, **NAMED, **answers)
            done = run(["make", "contract"], project)
            assert done.returncode == 0, done.stdout
            for path in (project / "contract").iterdir():
                text = path.read_text("utf-8").replace('"Zebra quagga"', f'"{TITLE}"')
                name = f"{path.stem}__{variant}{path.suffix}"
                (TEMPLATE / "contract" / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
