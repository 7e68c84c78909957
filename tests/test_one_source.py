"""The source is one: a fault put into it breaks the same behaviour test in every mode."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from baking import CHOICES, TEMPLATE, copy_template, run_cookiecutter
from commands import run

pytestmark = pytest.mark.slow

CHAT = "{{cookiecutter.package_name}}/services/chat.py"
SOUND = "        if room not in self._rooms.get(member.sid, ()):\n"
FAULTY = "        if room in self._rooms.get(member.sid, ()):\n"
BEHAVIOUR = "tests/unit/services/test_chat.py"


@pytest.fixture(scope="module")
def faulty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The template with the wrong sockets refused."""
    template = copy_template(tmp_path_factory.mktemp("faulty") / "template")
    source = template / TEMPLATE.name / "src" / CHAT
    text = source.read_text("utf-8")
    assert text.count(SOUND) == 1
    source.write_text(text.replace(SOUND, FAULTY), "utf-8")
    return template


def behaves(project: Path, python: Path) -> subprocess.CompletedProcess[str]:
    return run(
        [python, "-m", "pytest", "-q", "-p", "no:cacheprovider", BEHAVIOUR],
        project,
        seconds=120,
        env={**os.environ, "PYTHONPATH": "src"},
    )


@pytest.mark.parametrize("mode", CHOICES["async_mode"])
def test_a_fault_in_the_source_is_found_in_every_mode(
    mode: str, faulty: Path, installed: Callable[..., Path], tmp_path: Path
) -> None:
    project = installed(async_mode=mode, queue="redis", database="none")
    python = project / ".venv/bin/python"
    sound = behaves(project, python)
    assert sound.returncode == 0, sound.stdout
    words = [f"async_mode={mode}", "queue=redis", "database=none"]
    done = run_cookiecutter(tmp_path, "--no-input", *words, template=faulty)
    assert done.returncode == 0, done.stderr
    broken = behaves(tmp_path / "realtime-service", python)
    assert broken.returncode == 1, broken.stdout
    assert "not_in_room" in broken.stdout
