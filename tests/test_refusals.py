"""Every wrong answer, by every way in: all reasons at once, a command that works, nothing left."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import tempfile
from pathlib import Path

import pre_gen_project as rules
import pytest
from baking import REPOSITORY, bake, run_cookiecutter
from cookiecutter.exceptions import FailedHookException

WRONG = [
    ("project_slug", "", "must be lowercase"),
    ("project_slug", "Bad Slug", "must be lowercase"),
    ("project_slug", "two--hyphens", "must be lowercase"),
    ("project_slug", "trailing-", "must be lowercase"),
    ("project_slug", "newline\n", "must be lowercase"),
    ("project_slug", "../escape", "must be lowercase"),
    ("project_slug", "9lives", "must be lowercase"),
    ("project_slug", "ünder", "must be lowercase"),
    ("project_slug", "a" * 51, "51 characters"),
    ("project_slug", "redis", "distribution"),
    ("package_name", "", "must be lowercase"),
    ("package_name", "with-hyphen", "must be lowercase"),
    ("package_name", "CamelCase", "must be lowercase"),
    ("package_name", "pkg\n", "must be lowercase"),
    ("package_name", "a" * 41, "41 characters"),
    ("package_name", "class", "Python keyword"),
    ("package_name", "match", "Python keyword"),
    ("package_name", "asyncio", "standard library"),
    ("package_name", "test", "standard library"),
    ("package_name", "socketio", "imports"),
    ("package_name", "tests", "directory of the project"),
    ("package_name", "migrations", "directory of the project"),
    ("project_name", " ", "blank"),
    ("project_name", "n" * 301, "301 characters"),
    ("project_name", "two\nlines", "U+000A"),
    ("description", "tab\there", "U+0009"),
    ("description", "paragraph\u2029separator", "U+2029"),
    ("description", "right-to-left \u202e override", "U+202E"),
    ("description", "non\ufffecharacter", "U+FFFE"),
    ("description", "half \ud83d emoji", "U+D83D"),
    ("description", "{{ 7 * 7 }}", "evaluate as code"),
    ("description", "{% raw %}", "evaluate as code"),
    ("description", "{# note", "evaluate as code"),
    ("author_name", "", "blank"),
    ("author_email", "nobody", "not an e-mail address"),
    ("author_email", "a@b", "not an e-mail address"),
    ("author_email", 'a"@example.com', "not an e-mail address"),
    ("license", "GPL", "not offered"),
    ("python_version", "3.10", "not offered"),
    ("async_mode", "tornado", "not offered"),
    ("queue", "rabbitmq", "not offered"),
    ("database", "mysql", "not offered"),
    ("jobs", "celery", "not offered"),
    ("scraper", "scrapy", "not offered"),
    ("deploy", "heroku", "not offered"),
    ("ci", "jenkins", "not offered"),
]
NOT_TEXT = [None, False, 3, ["redis"], {"a": 1}]


def good_answers(tmp_path: Path) -> dict[str, object]:
    """What cookiecutter itself records for the defaults."""
    bake_output = tmp_path / "recorded"
    done = run_cookiecutter(bake_output, "--no-input")
    assert done.returncode == 0, done.stderr
    record = next((tmp_path / ".cookiecutter_replay").glob("*.json"))
    answers: dict[str, object] = json.loads(record.read_text("utf-8"))["cookiecutter"]
    return answers


def assert_nothing_left(output: Path) -> None:
    assert [path.name for path in output.iterdir()] == []


@pytest.mark.parametrize(("option", "value", "reason"), WRONG)
def test_each_wrong_value_is_judged(option: str, value: str, reason: str) -> None:
    refusal = rules.check(option, value)
    assert refusal is not None
    assert reason in " ".join(refusal.reasons)
    assert refusal.correction is not None
    assert rules.check(option, refusal.correction) is None, "the correction is refused as well"


@pytest.mark.parametrize("option", rules.OPTIONS)
@pytest.mark.parametrize("value", NOT_TEXT)
def test_what_is_not_text_is_refused_for_every_option(option: str, value: object) -> None:
    refusal = rules.check(option, value)
    assert refusal is not None
    assert refusal.correction == rules.default(option)


@pytest.mark.parametrize("option", rules.OPTIONS)
def test_defaults_and_limits_are_accepted(option: str) -> None:
    assert rules.check(option, rules.default(option)) is None
    for choice in rules.CHOICES.get(option, []):
        assert rules.check(option, choice) is None
    longest = {"project_slug": "a" * 50, "package_name": "a" * 40, "description": "é" * 300}
    assert option not in longest or rules.check(option, longest[option]) is None


def test_all_problems_in_one_message_and_a_command_that_works(tmp_path: Path) -> None:
    words = [
        "queue=kafka",
        "package_name=class",
        "author_email=nobody",
        "description=ünï 'q' $HOME",
    ]
    done = run_cookiecutter(tmp_path / "out", "--no-input", *words)
    assert done.returncode == 1
    for part in ("queue = 'kafka'", "package_name = 'class'", "author_email = 'nobody'"):
        assert part in done.stderr
    assert "Traceback" not in done.stderr + done.stdout
    assert_nothing_left(tmp_path / "out")
    corrected = shlex.split(done.stderr.split("The corrected command:")[1])
    again = run_cookiecutter(tmp_path / "out", *corrected[2:])
    assert corrected[:2] == ["cookiecutter", str(REPOSITORY)]
    assert again.returncode == 0, again.stderr
    readme = (tmp_path / "out/realtime-service/pyproject.toml").read_text("utf-8")
    assert "description = \"ünï 'q' $HOME\"" in readme


def test_values_that_do_not_go_together_are_refused(tmp_path: Path) -> None:
    words = ["scraper=selenium", "async_mode=eventlet", "ci=none"]
    done = run_cookiecutter(tmp_path / "out", "--no-input", *words)
    assert done.returncode == 1
    assert "does not go with async_mode=eventlet" in done.stderr
    assert_nothing_left(tmp_path / "out")
    expected = "--no-input scraper=beautifulsoup async_mode=eventlet ci=none"
    assert done.stderr.rstrip().endswith(expected)


def test_so_are_they_where_there_is_no_command_line(tmp_path: Path) -> None:
    with pytest.raises(FailedHookException):
        bake(tmp_path, scraper="selenium", async_mode="eventlet")
    assert not (tmp_path / "realtime-service").exists()
    [refusal] = rules.conflicts({"scraper": "selenium", "async_mode": "eventlet"})
    assert refusal.correction == "beautifulsoup"
    assert rules.conflicts({"scraper": "selenium", "async_mode": "gevent"}) == []
    assert rules.conflicts({"scraper": "beautifulsoup", "async_mode": "eventlet"}) == []


def test_a_name_cookiecutter_derives_is_checked_before_it_asks(tmp_path: Path) -> None:
    done = run_cookiecutter(tmp_path / "out", "project_name=Redis")
    assert done.returncode == 1
    assert "project_slug=redis-service" in done.stderr
    done = run_cookiecutter(tmp_path / "out", "project_slug=test")
    assert "package_name=test_service" in done.stderr
    assert_nothing_left(tmp_path / "out")


def test_an_unknown_option_is_refused_with_the_nearest_name(tmp_path: Path) -> None:
    done = run_cookiecutter(tmp_path / "out", "--no-input", "asyncmode=gevent", "colour=blue")
    assert done.returncode == 1
    assert "did you mean async_mode?" in done.stderr
    assert "colour = 'blue'\n      is not an option" in done.stderr
    assert done.stderr.rstrip().endswith("--no-input async_mode=gevent")
    assert_nothing_left(tmp_path / "out")


def test_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    done = run_cookiecutter(tmp_path / "out", "--no-input", "description=\udcff")
    assert done.returncode == 1
    assert "U+DCFF" in done.stderr
    assert_nothing_left(tmp_path / "out")


def test_jobs_without_a_queue_are_refused(tmp_path: Path) -> None:
    done = run_cookiecutter(tmp_path / "out", "--no-input", "queue=none", "jobs=dramatiq")
    assert done.returncode == 1
    assert "queue = 'none'\n      does not go with jobs=dramatiq" in done.stderr
    assert done.stderr.rstrip().endswith("--no-input queue=redis jobs=dramatiq")
    assert_nothing_left(tmp_path / "out")


def test_jobs_without_a_queue_are_refused_in_a_replay_file(tmp_path: Path) -> None:
    answers = good_answers(tmp_path) | {"queue": "none", "jobs": "dramatiq"}
    (tmp_path / "replay.json").write_text(json.dumps({"cookiecutter": answers}))
    done = run_cookiecutter(tmp_path / "out", "--replay-file", str(tmp_path / "replay.json"))
    assert done.returncode == 1
    assert "does not go with jobs=dramatiq" in done.stderr
    assert done.stderr.rstrip().endswith("--no-input jobs=dramatiq")
    assert_nothing_left(tmp_path / "out")


def test_a_replay_file_is_checked(tmp_path: Path) -> None:
    answers = good_answers(tmp_path)
    wrong = {"queue": "kafka", "package_name": "class", "description": "{{ evil }}", "ci": False}
    (tmp_path / "replay.json").write_text(json.dumps({"cookiecutter": answers | wrong}))
    done = run_cookiecutter(tmp_path / "out", "--replay-file", str(tmp_path / "replay.json"))
    assert done.returncode == 1
    for option, value in wrong.items():
        assert f"{option} = {value!r}" in done.stderr
    assert_nothing_left(tmp_path / "out")
    corrected = shlex.split(done.stderr.split("The corrected command:")[1].splitlines()[2])
    assert run_cookiecutter(tmp_path / "out", *corrected[2:]).returncode == 0


@pytest.mark.parametrize(
    "change",
    [{"_template_version": "0.0.1"}, {"__description_quoted": '"x"\ninjected = "y"'}],
    ids=["older template", "edited private value"],
)
def test_a_replay_file_that_disagrees_with_itself_is_refused(
    tmp_path: Path, change: dict[str, str]
) -> None:
    answers = good_answers(tmp_path)
    (tmp_path / "replay.json").write_text(json.dumps({"cookiecutter": answers | change}))
    done = run_cookiecutter(tmp_path / "out", "--replay-file", str(tmp_path / "replay.json"))
    assert done.returncode == 1
    assert "does not belong to the other answers" in done.stderr
    assert_nothing_left(tmp_path / "out")


def test_the_library_call_is_checked(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(FailedHookException):
        bake(tmp_path, package_name="class", project_slug="Bad", description=False)
    text = capfd.readouterr().err
    assert "package_name = 'class'" in text
    assert "project_slug = 'Bad'" in text
    assert "description = False" in text
    assert not (tmp_path / "Bad").exists()


def test_a_refusal_leaves_no_copy_of_the_template(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copies = tmp_path / "copies"
    copies.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(copies))
    monkeypatch.setenv("TMPDIR", str(copies))  # for the command, which is a process of its own
    run_cookiecutter(tmp_path / "out", "--no-input", "queue=kafka")
    with pytest.raises(FailedHookException):
        bake(tmp_path / "out", package_name="class")
    assert list(copies.glob("*/*")) == []


def test_only_a_copy_that_cookiecutter_made_is_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    kept = [tmp_path / "cookiecutter-templates/mine", tmp_path / "elsewhere/cookiecutterabcd1234/x"]
    made = tmp_path / "cookiecutterabcd_123/main"
    for folder in [*kept, made]:
        folder.mkdir(parents=True)
        (folder / "cookiecutter.json").write_text("{}")
        rules.forget_copy(folder)
    assert all(folder.exists() for folder in kept)
    assert not made.parent.exists()


def test_it_is_removed_where_the_temporary_folder_is_a_link(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = tmp_path / "private/cookiecutterabcd_123/main"
    made.mkdir(parents=True)
    (made / "cookiecutter.json").write_text("{}")
    (tmp_path / "link").symlink_to(tmp_path / "private")
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "link"))
    rules.forget_copy(made)
    assert not made.parent.exists()


def test_an_existing_project_is_not_touched_by_a_refusal(tmp_path: Path) -> None:
    project = bake(tmp_path)
    before = {path: path.read_bytes() for path in project.rglob("*") if path.is_file()}
    with pytest.raises(FailedHookException):
        bake(tmp_path, overwrite=True, package_name="class")
    assert {path: path.read_bytes() for path in project.rglob("*") if path.is_file()} == before


def test_control_characters_reach_no_terminal(tmp_path: Path) -> None:
    done = run_cookiecutter(tmp_path / "out", "--no-input", "description=\x1b[31mred\u202e")
    assert done.returncode == 1
    assert "\x1b" not in done.stderr
    assert "\u202e" not in done.stderr


def test_the_older_python_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.version_info", (3, 10, 4))
    with pytest.raises(SystemExit, match=r"needs cookiecutter on Python 3\.11"):
        rules.require_python()


def test_the_hooks_compile_for_the_older_python(tmp_path: Path) -> None:
    # so that it can say so
    for hook in (REPOSITORY / "hooks").glob("*.py"):
        source = hook.read_text("utf-8")
        compile(source, str(hook), "exec")
        assert not re.search(r"^\s*(except\*|match .*:$)|import tomllib", source, re.MULTILINE)


def test_the_command_repeats_the_choice(tmp_path: Path) -> None:
    words = ["project_name=Ädas 'Chat' 🎉", "queue=none", "license=Proprietary"]
    done = run_cookiecutter(tmp_path / "out", "--no-input", *words)
    assert done.returncode == 0, done.stderr
    line = re.search(r"^  (cookiecutter .*)$", done.stdout, re.MULTILINE)
    assert line is not None
    again = run_cookiecutter(tmp_path / "again", *shlex.split(line[1])[2:])
    assert again.returncode == 0, again.stderr
    compare = ["diff", "-r", "--exclude=.env", str(tmp_path / "out"), str(tmp_path / "again")]
    assert subprocess.run(compare, capture_output=True, text=True).stdout == ""
    assert "  cd adas-chat\n  make run\n" in done.stdout
