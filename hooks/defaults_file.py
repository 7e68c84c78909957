"""Check the file of defaults that cookiecutter goes by.

At a wrong choice in it cookiecutter warns, and drops all that follows in the file; a name that it
does not know, it passes over. Both would generate something else than the file says.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, NamedTuple

import pre_gen_project as rules

PERSONAL = Path("~/.cookiecutterrc")


class DefaultsFile(NamedTuple):
    """`shared`: named for this run, so that what it says is meant for this template."""

    name: str
    content: dict[str, Any]
    shared: bool


def defaults_file(arguments: list[str]) -> DefaultsFile | None:
    """The one that cookiecutter reads for these arguments; it has already found it readable."""
    if {"--default-config", "--replay"} & {*arguments} or any(
        word.partition("=")[0] == "--replay-file" for word in arguments
    ):
        return None  # it goes by other answers
    name = named(arguments) or os.environ.get("COOKIECUTTER_CONFIG")
    if name is None and "--no-input" not in arguments:
        return None  # a person sees what is made of it
    # hooks run in a copy of the template: relative paths are those of the shell
    path = Path(os.environ.get("PWD", ""), name) if name else PERSONAL.expanduser()
    if not path.is_file():
        return None
    import yaml  # which cookiecutter brings

    try:
        content = yaml.safe_load(path.read_text("utf-8"))
    except (OSError, ValueError, yaml.YAMLError):
        return None
    if not isinstance(content, dict):
        return None
    return DefaultsFile(name or str(PERSONAL), content, shared=name is not None)


def named(arguments: list[str]) -> str | None:
    """The last ``--config-file``."""
    found = None
    for word, following in zip(arguments, [*arguments[1:], ""], strict=True):
        option, separator, value = word.partition("=")
        if option == "--config-file":
            found = value if separator else following
    return found


def without_file(arguments: list[str]) -> list[str]:
    """The arguments with no file of defaults in force."""
    kept = []
    words = iter(arguments)
    for word in words:
        if word == "--config-file":
            next(words, None)
        elif not word.startswith("--config-file="):
            kept.append(word)
    return [*kept, "--default-config"]


def answers(file: DefaultsFile) -> dict[str, Any]:
    """What the file says about this template's options."""
    context = file.content.get("default_context")
    known = context.items() if isinstance(context, dict) else ()
    return {option: value for option, value in known if option in rules.OPTIONS}


def review(file: DefaultsFile) -> list[rules.Refusal]:
    """What in the file is wrong; of a personal one, which serves any template, only values are."""
    context = file.content.get("default_context") or {}
    where = f"stands in {file.name}"
    if not isinstance(context, dict):
        reasons = ["is no mapping of options to values", where]
        return [rules.Refusal("default_context", context, reasons, None)]
    found = []
    for option, value in context.items():
        if option in rules.OPTIONS:
            refusal = judged(option, value)
        else:
            refusal = misspelt(option, value) if file.shared else None
        if refusal:
            found.append(refusal._replace(reasons=[*refusal.reasons, where]))
    outside = [option for option in rules.OPTIONS if file.shared and option in file.content]
    for option in outside:
        reasons = ["has to stand under default_context, or it is passed over", where]
        right = judged(option, file.content[option])
        correction = right.correction if right else file.content[option]
        found.append(rules.Refusal(option, file.content[option], reasons, correction))
    return found


def judged(option: str, value: Any) -> rules.Refusal | None:
    refusal = rules.check(option, value)
    if refusal and isinstance(value, int | float) and not rules.check(option, str(value)):
        reasons = [f'is a number to YAML; write it in quotes, "{value}"']
        return rules.Refusal(option, value, reasons, str(value))
    return refusal


def misspelt(option: Any, value: Any) -> rules.Refusal | None:
    """A name that is nearly an option's. Others may be those of other templates."""
    near = rules.nearest(str(option), rules.OPTIONS)
    if near is None:
        return None
    return rules.Refusal(
        str(option), value, [f"is not an option of this template; did you mean {near}?"], None
    )


def spelled_out(file: DefaultsFile, found: list[rules.Refusal], given: dict[str, str]) -> list[str]:
    """The file's answers, corrected, as words for the command line, which has `given` already."""
    said = answers(file) | {r.option: r.correction for r in found if r.option in rules.OPTIONS}
    for refusal in found:
        if refusal.option in rules.OPTIONS:
            continue
        near = rules.nearest(refusal.option, rules.OPTIONS)
        if near and near not in said:
            wrong = judged(near, refusal.value)
            said[near] = wrong.correction if wrong else refusal.value
    return [f"{option}={value}" for option, value in said.items() if option not in given]
