"""Print what CHANGELOG.md says of a version: python .ci/release_notes.py v1.2.3

Refuses a tag that is not the version of the template, and a version without a section of its own.
"""

from __future__ import annotations

import re
import sys
import tomllib
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent


def main() -> None:
    version = sys.argv[1].removeprefix("v")
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text("utf-8"))["project"]
    if version != project["version"]:
        sys.exit(f"the tag says {version}, pyproject.toml {project['version']}")
    changelog = (REPOSITORY / "CHANGELOG.md").read_text("utf-8")
    sections = re.split(r"(?m)^## ", changelog)[1:]
    found = [s for s in sections if s.startswith(f"[{version}]")]
    if not found:
        sys.exit(f"CHANGELOG.md has no section [{version}]")
    print(found[0].partition("\n")[2].strip())


if __name__ == "__main__":
    main()
