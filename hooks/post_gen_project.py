"""Give the generated tree the form that was chosen, write the secret, and say what comes next.

The work is in the tree's own ``.generator/`` (ordinary Python with tests of its own), which
removes itself. Runs offline, and again over an existing project.
"""

from __future__ import annotations

import json
import os
import re
import secrets
import shlex
import shutil
import sys
from pathlib import Path

sys.dont_write_bytecode = True
sys.path[0] = str(Path.cwd() / ".generator")  # for the folder of all temporary files

from shape import shape  # noqa: E402


def place(aside: Path, project: Path, package: str) -> None:
    """Move what ``pre_prompt.py`` has set aside to where cookiecutter would have copied it.

    The package's directory is looked for, as its name in the template would be rendered here.
    """
    sources = {path: Path("tests", path.name) for path in aside.glob("tests/*")}
    sources |= dict.fromkeys(aside.glob("src/*cookiecutter.package_name*"), Path("src", package))
    for source, name in sources.items():
        target = project / name
        if target.is_dir():
            shutil.rmtree(target)  # as cookiecutter does when it overwrites
        target.parent.mkdir(exist_ok=True)
        shutil.move(source, target)


def write_env(project: Path) -> None:
    """Write ``.env``, which git ignores: the example with a new secret. An existing one stays."""
    example = (project / ".env.example").read_text(encoding="utf-8")
    secret = f"APP_JWT_SECRET={secrets.token_urlsafe(48)}"
    try:
        handle = os.open(project / ".env", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return
    with open(handle, "w", encoding="utf-8") as env:
        env.write(re.sub("(?m)^#? *APP_JWT_SECRET=.*$", secret, example))


def main() -> None:
    values = json.loads(r"""{{ cookiecutter | tojson }}""")
    project = Path.cwd()
    if "_repo_dir" in values:  # cruft runs no pre_prompt
        place(Path(values["_repo_dir"], "unrendered"), project, values["package_name"])
    shape(project, values)
    if "_output_dir" not in values:
        return  # cruft compares two generated trees, where a secret would differ; make writes it
    write_env(project)
    here = Path(os.environ.get("PWD", project.parent))
    folder = project.relative_to(here) if project.is_relative_to(here) else project
    print(
        f"{values['project_name']} is ready. Next:\n\n  cd {shlex.quote(str(folder))}\n  make run\n"
    )


if __name__ == "__main__":
    main()
