"""Text of any kind stays data: every generated file still parses, and says what was typed."""

from __future__ import annotations

import ast
import json
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from baking import files

# One worker for all: they read the same generated projects.
pytestmark = pytest.mark.xdist_group("test_hostile")

TEXTS = {
    "quotes": """It's a "chat"; 'really' `so` \"\"\" and ''' too""",
    "backslashes": "C:\\new\\table \\\" \\' \\\\ \\u0041 \\x",
    "braces": "} }} %} #} { $ {x} ${HOME} ${{ secrets.X }}".replace("{{", "{ {"),
    "shell": "$(touch pwned) `touch pwned` ; & | > < * ? ! ~ # %s %(x)s",
    "markup": "<script>alert(1)</script> &amp; [x](y) ]]> --> *_# | key: value, - item",
    "yaml": "yes: &anchor *alias !tag 'single' # comment",
    "unicode": "Ünïcødé 日本語 العربية עברית 🎉👩‍👩‍👧 ﷽ e\u0301",
    "long": "x" * 300,
    "number": "0123",
    "leading": "#=-+@%!&*|>'\"`{}[],?:",
}


def parses(path: Path) -> None:
    """Parse a file by its kind; kinds without a parser must at least be UTF-8."""
    text = path.read_text("utf-8")
    match path.suffix:
        case ".py":
            ast.parse(text)
        case ".toml":
            tomllib.loads(text)
        case ".json":
            json.loads(text)
        case ".yml" | ".yaml":
            list(yaml.safe_load_all(text))


def hostile_answers(text: str) -> dict[str, str]:
    return {
        "project_name": text,
        "description": text,
        "author_name": text,
        "project_slug": "hostile",
    }


@pytest.mark.parametrize("name", TEXTS)
def test_every_file_still_parses_and_says_what_was_typed(
    name: str, baked: Callable[..., Path]
) -> None:
    text = TEXTS[name]
    project = baked(**hostile_answers(text), database="postgresql")
    for path in files(project):
        parses(project / path)
    declared = tomllib.loads((project / "pyproject.toml").read_text("utf-8"))["project"]
    assert declared["description"] == text
    assert declared["authors"][0]["name"] == text
    assert text in (project / "LICENSE").read_text("utf-8")
    assert not (project / "pwned").exists()


@pytest.mark.parametrize("name", TEXTS)
def test_text_reaches_no_python_file_but_as_the_package_name(
    name: str, baked: Callable[..., Path]
) -> None:
    # so nothing typed can become code, and no line grows with it
    hostile = baked(**hostile_answers(TEXTS[name]), package_name="hostile")
    plain = baked(project_slug="hostile")
    for path in files(hostile):
        if path.suffix == ".py":
            assert (hostile / path).read_bytes() == (plain / path).read_bytes(), path


def test_jinja_in_a_replayed_text_is_not_evaluated_again(baked: Callable[..., Path]) -> None:
    # a lone brace survives: only what Jinja would read is refused
    project = baked(description="{ {7*7} } %} }}", project_slug="lone-braces")
    declared = tomllib.loads((project / "pyproject.toml").read_text("utf-8"))["project"]
    assert declared["description"] == "{ {7*7} } %} }}"
