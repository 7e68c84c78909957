"""The template under cruft: create, and update an edited project without a conflict."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from baking import TEMPLATE, bake, copy_template, files
from cruft import check, create, diff, update

GIT = ["git", "-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "commit.gpgsign=false"]


def git(folder: Path, *words: str) -> str:
    done = subprocess.run([*GIT, *words], cwd=folder, capture_output=True, text=True, check=True)
    return done.stdout


@pytest.fixture
def template(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working tree as a git repository of its own."""
    monkeypatch.setenv("HOME", str(tmp_path))
    copy = copy_template(tmp_path / "template")
    commit(copy, "first")
    return copy


def commit(folder: Path, message: str) -> None:
    if not (folder / ".git").exists():
        git(folder, "init", "--quiet", "--initial-branch=main")
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", message)


def test_create_gives_what_cookiecutter_gives(template: Path, tmp_path: Path) -> None:
    project = create(str(template), tmp_path / "out", extra_context={"queue": "none"})
    expected = bake(tmp_path / "expected", queue="none")
    assert {*files(project)} - {Path(".cruft.json")} == {*files(expected)}
    state = json.loads((project / ".cruft.json").read_text())
    assert state["context"]["cookiecutter"]["_template_version"]


def test_an_update_merges_without_conflict(
    template: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    project = create(str(template), tmp_path / "out", extra_context={"description": 'a "b" \\ ü'})
    (project / ".env").write_text("APP_JWT_SECRET=" + "s" * 40)
    commit(project, "generated")
    assert diff(project, exit_code=True), "a fresh project differs from its template"
    readme = project / "README.md"
    readme.write_text(readme.read_text("utf-8") + "\n## Our own\n", encoding="utf-8")
    commit(project, "edited")
    changed = TEMPLATE.name + "/src/{{cookiecutter.package_name}}/runtime/drain.py"
    (template / changed).write_text((template / changed).read_text("utf-8") + "\n# newer\n")
    commit(template, "second")

    assert not check(project)
    assert update(project, skip_apply_ask=True)
    assert check(project)
    assert not list(project.rglob("*.rej"))
    assert "# newer" in (project / "src/realtime_service/runtime/drain.py").read_text("utf-8")
    assert readme.read_text("utf-8").endswith("## Our own\n")
    assert (project / ".env").read_text() == "APP_JWT_SECRET=" + "s" * 40
    status = git(project, "status", "--porcelain").split()
    assert set(status[1::2]) == {".cruft.json", "src/realtime_service/runtime/drain.py"}


def test_a_refusal_gives_cruft_s_own_command(
    template: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(Exception, match="Hook script failed"):
        create(str(template), tmp_path / "out", extra_context={"package_name": "class"})
    text = capfd.readouterr().err
    assert "cruft create" in text
    assert '{"package_name": "class_service"}' in text
    assert not (tmp_path / "out/realtime-service").exists()
