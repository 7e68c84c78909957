"""The same answers give the same tree, byte for byte; secrets are apart, in a file git ignores."""

from __future__ import annotations

import re
import stat
import subprocess
import tempfile
from pathlib import Path

import pytest
from baking import bake, copy_template, files, run_cookiecutter


def snapshot(project: Path) -> dict[str, tuple[bytes, int]]:
    return {
        str(path): ((project / path).read_bytes(), stat.S_IMODE((project / path).stat().st_mode))
        for path in files(project)
    }


def test_two_runs_give_the_same_bytes_and_modes(tmp_path: Path) -> None:
    first, second = bake(tmp_path / "a"), bake(tmp_path / "b")
    assert snapshot(first) == snapshot(second)


def test_the_temporary_folder_may_be_on_another_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is moved from there into the project is copied then."""
    memory = Path("/dev/shm")  # noqa: S108 (nothing is expected there)
    if not memory.is_dir() or memory.stat().st_dev == tmp_path.stat().st_dev:
        pytest.skip("this system has no second disk, such as /dev/shm, to try it with")
    here = snapshot(bake(tmp_path / "a"))
    with tempfile.TemporaryDirectory(dir=memory) as folder:
        monkeypatch.setattr(tempfile, "tempdir", folder)
        monkeypatch.setenv("TMPDIR", folder)  # for the hooks, which are processes of their own
        assert snapshot(bake(tmp_path / "b")) == here


def test_files_beside_the_project_s_own_stay(tmp_path: Path) -> None:
    """cookiecutter itself replaces whole directories of what it only copies."""
    project = bake(tmp_path)
    before = snapshot(project)
    own = ["migrations/versions/0003_own.py", "src/other/app.py", "tests/own/test_own.py"]
    for name in own:
        (project / name).parent.mkdir(exist_ok=True)
        (project / name).write_text("OWN = True\n")
    bake(tmp_path, overwrite=True)
    assert snapshot(project).keys() == before.keys() | {*own}


def test_a_second_run_over_the_first_changes_nothing(tmp_path: Path) -> None:
    project = bake(tmp_path)
    before, env = snapshot(project), (project / ".env").read_text()
    bake(tmp_path, overwrite=True)
    assert snapshot(project) == before
    assert (project / ".env").read_text() == env, "a secret in use was replaced"


def test_an_option_taken_back_takes_its_files_along(tmp_path: Path) -> None:
    project = bake(tmp_path / "a")
    bake(tmp_path / "a", overwrite=True, queue="none", database="none", deploy="none", ci="none")
    plain = bake(tmp_path / "b", queue="none", database="none", deploy="none", ci="none")
    assert snapshot(project) == snapshot(plain)


def test_the_secret_is_long_private_ignored_and_new_each_time(tmp_path: Path) -> None:
    secrets = []
    for name in "ab":
        project = bake(tmp_path / name)
        env = project / ".env"
        assert stat.S_IMODE(env.stat().st_mode) == 0o600
        secrets += re.findall(r"(?m)^APP_JWT_SECRET=(\S+)$", env.read_text())
        subprocess.run(["git", "init", "--quiet", project], check=True)
        ignored = ["git", "-C", str(project), "check-ignore", "--quiet", ".env"]
        assert subprocess.run(ignored).returncode == 0
    assert len(set(secrets)) == 2
    assert min(map(len, secrets)) >= 32


def test_a_run_opens_no_connection(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # the hooks are processes of their own: a sitecustomize breaks sockets in them as well
    (tmp_path / "sitecustomize.py").write_text(
        "import sys\n"
        "def refuse(event, _):\n"
        "    if event in ('socket.connect', 'socket.getaddrinfo'):\n"
        "        raise RuntimeError('the generator used the network: ' + event)\n"
        "sys.addaudithook(refuse)\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    done = run_cookiecutter(tmp_path / "out", "--no-input")
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""


def test_the_checkout_stays_as_it_was(tmp_path: Path) -> None:
    checkout = copy_template(tmp_path / "checkout")
    before = set(checkout.rglob("*"))
    done = run_cookiecutter(tmp_path / "out", "--no-input", template=checkout)
    assert done.returncode == 0, done.stderr
    assert set(checkout.rglob("*")) == before
