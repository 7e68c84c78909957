"""The README's recipes for platform teams: done as it says, and what a wrong defaults file gets."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from baking import REPOSITORY, bake, copy_template, run_cookiecutter
from test_cruft import commit, git
from test_determinism import snapshot

README = (REPOSITORY / "README.md").read_text("utf-8")
SECTION = README.partition("## Platform teams\n")[2].partition("\n## ")[0]
DEFAULTS = re.findall(r"```yaml\n(.*?)```", SECTION, re.S)[0]
ONE, SEVERAL, BY_CRUFT, AGAIN = re.findall(r"```shell\n(.*?)```", SECTION, re.S)
ADDRESS = "path/or/address"
ANSWERS: dict[str, str] = yaml.safe_load(DEFAULTS)["default_context"]


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    """Where the organisation's file is; the home, with a profile to be left out, is beside it."""
    desk = tmp_path / "desk"
    desk.mkdir()
    (desk / "realtime.yaml").write_text(DEFAULTS, "utf-8")
    return desk


@pytest.fixture
def template(tmp_path: Path) -> Path:
    """The working tree as a repository with the tag that the README names."""
    copy = copy_template(tmp_path / "template")
    commit(copy, "first")
    git(copy, "tag", "v0.1.0")
    return copy


def said(folder: Path, **answers: str) -> dict[str, tuple[bytes, int]]:
    """What the file's answers give where each is said by itself."""
    return snapshot(bake(folder / "said", overwrite=False, **ANSWERS | answers))


def shell(script: str, desk: Path, template: str) -> subprocess.CompletedProcess[str]:
    """What a CI job would run, with the address put in."""
    programs = str(Path(sys.executable).parent)
    env = {**os.environ, "HOME": str(desk.parent), "PWD": str(desk)}
    return subprocess.run(
        ["sh", "-c", script.replace(ADDRESS, template)],
        cwd=desk,
        env={**env, "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_one_service_is_what_its_answers_say(desk: Path) -> None:
    (desk.parent / ".cookiecutterrc").write_text("default_context: {author_name: Somebody}\n")
    done = shell(ONE, desk, str(REPOSITORY))
    assert done.returncode == 0, done.stderr
    expected = said(desk.parent, project_name="Team Chat", queue="none")
    assert snapshot(desk / "team-chat") == expected
    line = re.search(r"^  (cookiecutter .*)$", done.stdout, re.M)
    assert line is not None
    again = run_cookiecutter(desk.parent / "again", *shlex.split(line[1])[2:])
    assert again.returncode == 0, again.stderr
    assert snapshot(desk.parent / "again/team-chat") == expected


def test_several_come_unattended_from_a_tag(desk: Path, template: Path) -> None:
    (desk / "services.txt").write_text("Team Chat\nPrices\n")
    done = shell(SEVERAL, desk, f"git+file://{template}")
    assert done.returncode == 0, done.stderr
    for name, slug in (("Team Chat", "team-chat"), ("Prices", "prices")):
        assert snapshot(desk / "services" / slug) == said(desk.parent, project_name=name)


def test_the_job_ends_at_the_first_that_is_refused(desk: Path, template: Path) -> None:
    (desk / "services.txt").write_text("Team Chat\nRedis\nPrices\n")
    done = shell(SEVERAL, desk, f"git+file://{template}")
    assert done.returncode == 1
    assert "project_slug = 'redis'" in done.stderr
    assert [path.name for path in (desk / "services").iterdir()] == ["team-chat"]


@pytest.mark.skipif(not shutil.which("jq"), reason="the recipe takes jq")
def test_cruft_goes_by_the_file_and_its_record_gives_the_same(desk: Path, template: Path) -> None:
    done = shell(BY_CRUFT, desk, str(template))
    assert done.returncode == 0, done.stderr
    project = desk / "services/team-chat"
    expected = said(desk.parent, project_name="Team Chat")
    made = snapshot(project)
    record = made.pop(".cruft.json")
    assert made == expected
    assert json.loads(record[0])["context"]["cookiecutter"]["license"] == "Proprietary"
    (template / "README.md").write_text("a later version")
    commit(template, "second")
    done = shell(AGAIN, project, f"git+file://{template}")
    assert done.returncode == 0, done.stderr
    assert snapshot(project / "again/team-chat") == expected


def test_under_cruft_a_wrong_value_is_an_error(desk: Path, template: Path) -> None:
    wrong = DEFAULTS.replace("gevent", "tornado")
    (desk / "realtime.yaml").write_text(wrong)
    done = shell(BY_CRUFT, desk, str(template))
    assert done.returncode == 1
    assert "tornado provided for choice variable async_mode" in " ".join(done.stderr.split())
    assert not (desk / "services").exists()


@pytest.mark.parametrize("way", ["option", "variable", "profile"])
def test_a_wrong_value_is_refused_with_its_file(
    way: str, desk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By each way to the file, with a command that gives what the rest of the file says."""
    wrong = DEFAULTS.replace("Proprietary", "GPL").replace('"3.12"', "3.12")
    name = "realtime.yaml" if way != "profile" else "../.cookiecutterrc"
    (desk / name).write_text(wrong)
    words = ["--config-file", name] if way == "option" else []
    if way == "variable":
        monkeypatch.setenv("COOKIECUTTER_CONFIG", name)
    done = run_cookiecutter(desk, "--no-input", *words, "queue=none")
    assert done.returncode == 1
    assert "license = 'GPL'\n      is not offered" in done.stderr
    assert "python_version = 3.12\n      is a number to YAML; write it in quotes" in done.stderr
    shown = "~/.cookiecutterrc" if way == "profile" else name
    assert done.stderr.count(f"stands in {shown}\n") == 2
    assert not (desk / "realtime-service").exists()
    corrected = shlex.split(done.stderr.split("The corrected command:")[1])
    again = run_cookiecutter(desk, *corrected[2:])
    assert again.returncode == 0, again.stderr
    expected = said(desk.parent, license="MIT", queue="none")
    assert snapshot(desk / "realtime-service") == expected


def test_names_that_are_no_options(desk: Path) -> None:
    (desk / "realtime.yaml").write_text(
        "license: Apache-2.0\ndefault_context: {licence: MIT, cost_centre: 17, author_name: Us}\n"
    )
    done = run_cookiecutter(desk, "--no-input", "--config-file=realtime.yaml")
    assert done.returncode == 1
    assert "licence = 'MIT'\n      is not an option of this template; did you mean license?" in (
        done.stderr
    )
    assert "license = 'Apache-2.0'\n      has to stand under default_context" in done.stderr
    assert "cost_centre" not in done.stderr
    assert done.stderr.rstrip().endswith("--default-config author_name=Us license=Apache-2.0")


def test_what_does_not_go_together_is_refused_and_the_file_kept(desk: Path) -> None:
    (desk / "realtime.yaml").write_text("default_context: {queue: none, ci: none}\n")
    words = ["--no-input", "--config-file", "realtime.yaml", "jobs=dramatiq"]
    done = run_cookiecutter(desk, *words)
    assert done.returncode == 1
    assert "does not go with jobs=dramatiq" in done.stderr
    corrected = shlex.split(done.stderr.split("The corrected command:")[1])
    assert corrected[2:] == [*words, "queue=redis"]
    assert run_cookiecutter(desk, *corrected[2:]).returncode == 0
    assert not (desk / "realtime-service/.github").exists()


@pytest.mark.parametrize(
    "text", ["", "default_context:\n", "default_context: {cost_centre: 17}\n", "replay_dir: r\n"]
)
def test_a_file_that_says_nothing_of_it_changes_nothing(text: str, desk: Path) -> None:
    (desk / "realtime.yaml").write_text(text)
    done = run_cookiecutter(desk, "--no-input", "--config-file", "realtime.yaml", "ci=none")
    assert done.returncode == 0, done.stderr
    assert snapshot(desk / "realtime-service") == snapshot(bake(desk.parent / "said", ci="none"))


def test_answers_that_are_no_mapping_are_refused(desk: Path) -> None:
    (desk / "realtime.yaml").write_text("default_context: [ci, none]\n")
    done = run_cookiecutter(desk, "--no-input", "--config-file", "realtime.yaml")
    assert done.returncode == 1
    assert "is no mapping of options to values" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_persons_profile_is_no_obstacle_to_questions_or_records(desk: Path) -> None:
    home = desk.parent
    assert run_cookiecutter(desk, "--no-input").returncode == 0
    [record] = (home / ".cookiecutter_replay").glob("*.json")
    (home / "answers.json").write_bytes(record.read_bytes())
    (home / ".cookiecutterrc").write_text("default_context: {license: GPL, email: a@b.example}\n")
    done = run_cookiecutter(desk / "2", "--replay-file", str(home / "answers.json"))
    assert done.returncode == 0, done.stderr
    done = run_cookiecutter(desk / "3")  # nobody answers
    assert "stands in" not in done.stderr
