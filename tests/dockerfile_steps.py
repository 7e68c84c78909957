"""Carry out a Dockerfile step by step in a clean directory, where there is no container engine.

Covers the instructions that the template uses; any other is an error. The stage being built always
lies at ``<folder>/rootfs``, so that a virtual environment copied from one stage to the next stays
valid, as it does in an image. A base image ``python:X`` is that Python, alone on PATH with a shell.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import string
import subprocess
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import IO

from commands import run

STEP_TIMEOUT = 300
"""Seconds that one RUN may take."""
SHELL_TOOLS = ("sh", "install")
PASSED_ON = re.compile(
    r"PIP_|UV_|NPM_CONFIG_|npm_config_|SSL_CERT|NODE_EXTRA|HOME$|.*_proxy$|.*_PROXY$"
)
"""What a builder configures about registries and certificates, not the Dockerfile."""


@dataclass(frozen=True)
class Image:
    """What the last stage of a Dockerfile says of the container to start."""

    root: Path
    env: dict[str, str] = field(default_factory=dict)
    labels: dict[str, str] = field(default_factory=dict)
    workdir: str = "/"
    user: str = "root"
    port: str = ""
    command: tuple[str, ...] = ()
    health: tuple[str, ...] = ()

    def here(self, text: str) -> str:
        """`text` with the image's absolute paths turned into paths below :attr:`root`."""
        return re.sub(r"(?<![\w./-])/(?=(?:app|data|usr)\b)", f"{self.root}/", text)

    def environment(self) -> dict[str, str]:
        passed = {name: value for name, value in os.environ.items() if PASSED_ON.match(name)}
        return {
            **passed,
            "LANG": "C.UTF-8",
            **{name: self.here(value) for name, value in self.env.items()},
        }

    def start(
        self, command: tuple[str, ...], env: dict[str, str], log: IO[str] | int = subprocess.DEVNULL
    ) -> subprocess.Popen[str]:
        """Start a program of the image, found on the image's PATH; all it prints goes to `log`."""
        full = {**self.environment(), **{name: self.here(value) for name, value in env.items()}}
        program = shutil.which(command[0], path=full["PATH"])
        assert program, f"{command[0]} is not on the image's PATH"
        return subprocess.Popen(
            [program, *command[1:]],
            cwd=self.here(self.workdir),
            env=full,
            text=True,
            stdout=log,
            stderr=subprocess.STDOUT,
        )


def instructions(text: str) -> Iterator[tuple[str, str]]:
    """``("RUN", "pip install …")`` and so on: comments dropped, continued lines joined."""
    lines = [
        line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")
    ]
    for line in re.sub(r"\\\n\s*", "", "\n".join(lines)).splitlines():
        name, _, rest = line.partition(" ")
        yield name, rest.strip()


def sent_to_builder(project: Path) -> Callable[[str], bool]:
    """Whether ``.dockerignore`` lets a path into the build: the last pattern that fits decides."""
    patterns = (project / ".dockerignore").read_text().split()

    def is_sent(path: str) -> bool:
        parts = path.split("/")
        parents = ["/".join(parts[: n + 1]) for n in range(len(parts))]
        sent = True
        for pattern in patterns:
            bare = pattern.lstrip("!")
            depth = 0 if bare.startswith("**/") else bare.count("/") + 1
            if any(
                fnmatchcase(
                    parent.rpartition("/")[2] if not depth else parent, bare.removeprefix("**/")
                )
                for parent in parents
                if not depth or parent.count("/") + 1 == depth
            ):
                sent = pattern.startswith("!")
        return sent

    return is_sent


class Build:
    """:param pythons: from a version to the interpreter that stands for the base image's."""

    def __init__(self, project: Path, folder: Path, pythons: Mapping[str, str]) -> None:
        self.folder = folder
        self.image = Image(folder / "rootfs")
        self._pythons = pythons
        self._stages: dict[str, Image] = {}
        self._name = ""
        self._context = folder / "context"
        is_sent = sent_to_builder(project)
        for path in sorted(project.rglob("*")):
            relative = path.relative_to(project).as_posix()
            if path.is_file() and is_sent(relative):
                target = self._context / relative
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(path, target)

    def run(self, dockerfile: str) -> Image:
        """Carry out all steps; the result is the last stage."""
        for name, rest in instructions(dockerfile):
            getattr(self, f"_{name.lower()}")(rest)
        return self.image

    def _from(self, rest: str) -> None:
        self._end_stage()
        base, _, self._name = rest.partition(" AS ")
        root = self.folder / "rootfs"
        if base in self._stages:
            shutil.copytree(self._stages[base].root, root, symlinks=True)
            self.image = replace(self._stages[base], root=root)
        else:
            version = re.fullmatch(r"python:([\d.]+)-[\w-]+", base)
            assert version, f"not a base image this can stand in for: {base}"
            self._lay_base(root, version[1])
            self.image = Image(root, env={"PATH": f"/usr/local/bin:{root}/bin"})

    def _lay_base(self, root: Path, version: str) -> None:
        """The interpreter under its names, a pip that installs next to it, and a shell."""
        programs = root / "usr/local/bin"
        programs.mkdir(parents=True)
        for name in ("python", "python3", f"python{version}"):
            (programs / name).symlink_to(self._pythons[version])
        pip = f'exec {programs}/python -m pip "$@" --prefix {root}/usr/local'
        (programs / "pip").write_text(f"#!/bin/sh\n{pip}\n")
        (programs / "pip").chmod(0o755)
        (root / "bin").mkdir()
        for tool in SHELL_TOOLS:
            (root / "bin" / tool).symlink_to(str(shutil.which(tool)))

    def _end_stage(self) -> None:
        if self._name:
            kept = self.folder / "stages" / self._name
            kept.parent.mkdir(exist_ok=True)
            self.image.root.rename(kept)
            self._stages[self._name] = replace(self.image, root=kept)

    def _env(self, rest: str) -> None:
        for name, value in self._pairs(rest):
            self.image.env[name] = string.Template(value).safe_substitute(self.image.env)

    def _arg(self, rest: str) -> None:
        self._env(rest)  # its default

    def _label(self, rest: str) -> None:
        self.image.labels.update(self._pairs(rest))

    def _pairs(self, rest: str) -> list[tuple[str, str]]:
        self.image = replace(self.image, env=dict(self.image.env), labels=dict(self.image.labels))
        return [
            (name, value) for name, _, value in (word.partition("=") for word in shlex.split(rest))
        ]

    def _workdir(self, rest: str) -> None:
        self.image = replace(self.image, workdir=rest)
        Path(self.image.here(rest)).mkdir(parents=True, exist_ok=True)

    def _copy(self, rest: str) -> None:
        words, source = shlex.split(rest), self._context
        if words[0].startswith("--from="):
            source = self._stages[words.pop(0).removeprefix("--from=")].root
        *patterns, to = words
        target = Path(self.image.here(self.image.workdir)) / to
        for pattern in patterns:
            found = sorted(source.glob(pattern.lstrip("/")))
            assert found or "[" in pattern, f"COPY {pattern}: no such file"
            for path in found:
                if path.is_dir():
                    shutil.copytree(path, target, symlinks=True, dirs_exist_ok=True)
                else:
                    into = target / path.name if to.endswith("/") else target
                    into.parent.mkdir(parents=True, exist_ok=True)
                    shutil.copy2(path, into)

    def _run(self, rest: str) -> None:
        owner = rest if os.getuid() == 0 else re.sub(r"\b10001\b", str(os.getuid()), rest)
        done = run(
            ["/bin/sh", "-ec", self.image.here(owner)],
            Path(self.image.here(self.image.workdir)),
            seconds=STEP_TIMEOUT,
            env=self.image.environment(),
        )
        assert done.returncode == 0, f"RUN {rest}\n{done.stdout}"

    def _user(self, rest: str) -> None:
        self.image = replace(self.image, user=rest)

    def _expose(self, rest: str) -> None:
        self.image = replace(self.image, port=rest)

    def _cmd(self, rest: str) -> None:
        self.image = replace(self.image, command=tuple(json.loads(rest)))

    def _healthcheck(self, rest: str) -> None:
        _, _, command = rest.partition("CMD ")
        self.image = replace(self.image, health=tuple(json.loads(command)))
