"""The template under cruft: create, and update an edited project without a conflict."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from baking import QUESTIONS, TEMPLATE, bake, copy_template, files
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


COMBINATIONS: dict[str, dict[str, str]] = {
    "default": {"description": 'a "b" \\ ü'},
    "kubernetes": {
        "async_mode": "gevent",
        "database": "postgresql",
        "deploy": "kubernetes",
        "ci": "gitlab",
    },
    "bare": {"queue": "none", "database": "none", "deploy": "none", "ci": "none"},
}
MACHINERY = "src/realtime_service/runtime/drain.py"


def newer(template: Path) -> None:
    """The next version of the template: another number, and a change in the machine room."""
    for name in ("cookiecutter.json", "hooks/pre_gen_project.py"):
        path = template / name
        version = QUESTIONS["_template_version"]
        path.write_text(path.read_text("utf-8").replace(f'"{version}"', '"99.0.0"'))
    changed = template / TEMPLATE.name / "src/{{cookiecutter.package_name}}/runtime/drain.py"
    changed.write_text(changed.read_text("utf-8") + "\n# newer\n", encoding="utf-8")
    commit(template, "second")


def edited(project: Path) -> None:
    """What a team does: a secret of its own, a file of its own, a chapter in the README."""
    (project / ".env").write_text("APP_JWT_SECRET=" + "s" * 40)
    commit(project, "generated")
    assert diff(project, exit_code=True), "a fresh project differs from its template"
    readme = project / "README.md"
    readme.write_text(readme.read_text("utf-8") + "\n## Our own\n", encoding="utf-8")
    (project / "src/realtime_service/services/ours.py").write_text("OURS = 1\n")
    commit(project, "edited")


def assert_kept(project: Path) -> None:
    assert not list(project.rglob("*.rej"))
    assert "<<<<<<<" not in git(project, "diff")
    assert (project / "README.md").read_text("utf-8").endswith("## Our own\n")
    assert (project / "src/realtime_service/services/ours.py").read_text() == "OURS = 1\n"
    assert (project / ".env").read_text() == "APP_JWT_SECRET=" + "s" * 40


@pytest.mark.parametrize("answers", COMBINATIONS.values(), ids=COMBINATIONS)
def test_an_update_merges_without_conflict(
    answers: dict[str, str], template: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    project = create(str(template), tmp_path / "out", extra_context=answers)
    edited(project)
    newer(template)
    assert not check(project)
    assert update(project, skip_apply_ask=True)
    assert check(project)
    assert_kept(project)
    assert "# newer" in (project / MACHINERY).read_text("utf-8")
    status = git(project, "status", "--porcelain").split()
    assert set(status[1::2]) == {".cruft.json", MACHINERY}


LATER = {
    "redis": ({"queue": "none", "database": "none"}, {"queue": "redis"}),
    "postgresql": ({"database": "none"}, {"database": "postgresql"}),
    "kubernetes": ({"deploy": "none"}, {"deploy": "kubernetes", "ci": "gitlab"}),
    "gevent": ({"async_mode": "threading"}, {"async_mode": "gevent"}),
}


@pytest.mark.parametrize(("before", "change"), LATER.values(), ids=LATER)
def test_another_answer_later(
    before: dict[str, str],
    change: dict[str, str],
    template: Path,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """The same files as if it had been the answer from the start, and the team's own."""
    project = create(str(template), tmp_path / "out", extra_context=before)
    edited(project)
    assert update(project, skip_apply_ask=True, extra_context=change)
    assert_kept(project)
    expected = bake(tmp_path / "expected", False, **before | change)
    ours = {Path(".cruft.json"), Path("src/realtime_service/services/ours.py")}
    here = {path for path in files(project) if path.parts[0] != ".git"}
    assert here - ours == {*files(expected)}
    for path in files(expected):
        if path != Path("README.md"):
            assert (project / path).read_bytes() == (expected / path).read_bytes(), path


def test_a_refusal_gives_cruft_s_own_command(
    template: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(Exception, match="Hook script failed"):
        create(str(template), tmp_path / "out", extra_context={"package_name": "class"})
    text = capfd.readouterr().err
    assert "cruft create" in text
    assert '{"package_name": "class_service"}' in text
    assert not (tmp_path / "out/realtime-service").exists()
