"""cookiecutter.json, the hooks and the documents speak of the same options."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable
from pathlib import Path

import pre_gen_project as rules
import pytest
from baking import CHOICES, QUESTIONS, REPOSITORY, goes_with, run_cookiecutter
from packaging.requirements import Requirement

OPTIONS = [option for option in QUESTIONS if not option.startswith("_")]


def test_the_hook_knows_every_option_and_every_choice() -> None:
    assert rules.OPTIONS == OPTIONS
    assert rules.CHOICES == CHOICES


def test_the_hook_knows_every_default(tmp_path: Path) -> None:
    done = run_cookiecutter(tmp_path / "out", "--no-input")
    assert f"cookiecutter {REPOSITORY} --no-input\n" in done.stdout, "a default counts as a choice"


def test_the_hook_knows_every_private_value() -> None:
    private = {name for name in QUESTIONS if name.startswith("_")}
    derived = rules.private_values(dict.fromkeys(OPTIONS, "x"))
    assert private - set(derived) == {"_copy_without_render", "__prompts__"}
    assert set(derived) <= private


def test_every_question_and_every_choice_is_worded_for_a_person() -> None:
    prompts = QUESTIONS["__prompts__"]
    assert isinstance(prompts, dict)
    assert list(prompts) == OPTIONS
    for option, choices in CHOICES.items():
        assert list(prompts[option]) == ["__prompt__", *choices]
    worded = [text for entry in prompts.values() for text in words_of(entry)]
    assert all(text and "[" not in text for text in worded), "rich reads brackets as markup"


def words_of(entry: object) -> list[str]:
    return list(entry.values()) if isinstance(entry, dict) else [str(entry)]


def test_one_version() -> None:
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text("utf-8"))["project"]
    changelog = (REPOSITORY / "CHANGELOG.md").read_text("utf-8")
    assert QUESTIONS["_template_version"] == rules.TEMPLATE_VERSION == project["version"]
    assert f"## [{project['version']}]" in changelog


def test_the_readme_lists_every_option_and_every_choice() -> None:
    readme = (REPOSITORY / "README.md").read_text("utf-8")
    rows = dict(re.findall(r"^\| `(\w+)` \| (.*?) \|", readme, re.MULTILINE))
    assert list(rows) == OPTIONS
    for option, choices in CHOICES.items():
        assert re.findall(r"`([^`]+)`", rows[option]) == choices


@pytest.mark.parametrize("mode", CHOICES["async_mode"])
def test_no_project_may_be_named_like_what_it_installs(
    mode: str, baked: Callable[..., Path]
) -> None:
    for scraper in CHOICES["scraper"]:
        if not goes_with({"async_mode": mode}, "scraper", scraper):
            continue
        project = baked(async_mode=mode, database="postgresql", scraper=scraper)
        pyproject = tomllib.loads((project / "pyproject.toml").read_text("utf-8"))
        described, groups = pyproject["project"], pyproject["dependency-groups"]
        extra = described["optional-dependencies"]["tracing"]
        needed = [*described["dependencies"], *extra, *groups["dev"]]
        # tests are run with the project's own extra
        names = {Requirement(line).name.lower() for line in needed} - {described["name"]}
        assert names <= rules.DISTRIBUTIONS
