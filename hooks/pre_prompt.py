"""Check the answers of cookiecutter's command line and file of defaults, before it asks or fails.

cookiecutter runs this in a copy of the template, made for it, and generates from that copy. What
it would only copy again is set aside there, and moved into the project by ``post_gen_project.py``.

cookiecutter ignores an option it does not know, and meets an unknown choice with a traceback;
both happen before ``pre_gen_project.py`` could speak. This hook gets no values, so it reads the
command line of its parent process. Where that cannot be had (Windows), or cookiecutter is used as
a library, it says nothing.
"""

from __future__ import annotations

import itertools
import os
import re
import shlex
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).parent))

import defaults_file  # noqa: E402
import pre_gen_project as rules  # noqa: E402

# What takes a value in the next word; the short ones may end a cluster such as -fo.
VALUED = re.compile(
    "--(checkout|directory|replay-file|output-dir|config-file|debug-file|accept-hooks)"
    "|-[fsvlhV]*[co]"
)


def parent_words() -> list[str]:
    """The words of the command that runs this hook; none where the system does not tell."""
    parent = os.getppid()
    try:
        return [
            os.fsdecode(word)
            for word in Path(f"/proc/{parent}/cmdline").read_bytes().split(b"\0")[:-1]
        ]
    except OSError:
        pass
    import subprocess

    try:
        listing = ["ps", "-ww", "-o", "command=", "-p", str(parent)]
        line = subprocess.run(listing, capture_output=True, text=True, timeout=5, check=True).stdout
    except (OSError, subprocess.SubprocessError):
        return []
    # ps does not tell where words end: stop at the first free text.
    return list(
        itertools.takewhile(lambda word: word.partition("=")[0] not in rules.TEXTS, line.split())
    )


def cookiecutter_arguments(words: list[str]) -> list[str]:
    """What follows ``cookiecutter``, ``python …/cookiecutter`` or ``python -m cookiecutter``."""
    for index, word in enumerate(words):
        if Path(word).stem == "cookiecutter" and (index < 2 or words[index - 1] == "-m"):
            return words[index + 1 :]
    return []


def positions(arguments: list[str]) -> Iterator[int]:
    """Where the ``option=value`` words stand: positional, after the template."""
    positional = []
    skip = only_positional = False
    for index, word in enumerate(arguments):
        if skip:
            skip = False
        elif not only_positional and word.startswith("-") and len(word) > 1:
            only_positional = word == "--"
            skip = bool(VALUED.fullmatch(word))
        else:
            positional.append(index)
    return (index for index in positional[1:] if "=" in arguments[index])


def check_pair(option: str, value: str) -> rules.Refusal | None:
    if option in rules.OPTIONS:
        return rules.check(option, value)
    near = rules.nearest(option, rules.OPTIONS)
    reasons = ["is not an option of this template; it has: " + ", ".join(rules.OPTIONS)]
    if near is None:
        return rules.Refusal(option, value, reasons, None)
    inner = rules.check(near, value)
    reasons.append(f"did you mean {near}?" + (f" {value!r} {inner.reasons[0]}" if inner else ""))
    return rules.Refusal(option, value, reasons, f"{near}={inner.correction if inner else value}")


def derived(given: dict[str, str]) -> Iterator[tuple[str, str]]:
    """The names that cookiecutter will derive from the given ones, where that is certain."""
    slug = given.get("project_slug")
    name = given.get("project_name", "")
    short = len(name) <= rules.MAX_PACKAGE  # a longer one is cut between words, by cookiecutter
    if slug is None and short and re.fullmatch("[A-Za-z0-9 _-]+", name):
        slug = rules.plain_slug(name)
        yield "project_slug", slug
    if slug and "package_name" not in given:
        slug_refused = rules.check("project_slug", slug)
        yield (
            "package_name",
            (slug_refused.correction or slug if slug_refused else slug).replace("-", "_"),
        )


def review(
    arguments: list[str], file: defaults_file.DefaultsFile | None = None
) -> tuple[list[rules.Refusal], list[str]]:
    """What is refused, and the arguments with each refused word corrected or left out.

    Where `file` is at fault, they go without it, and say themselves what it means to say.
    """
    found = []
    given: dict[str, str] = {}
    corrected: list[str | None] = [*arguments]
    for index in positions(arguments):
        option, _, value = arguments[index].partition("=")
        given[option] = value
        if refusal := check_pair(option, value):
            found.append(refusal)
            known = option in rules.OPTIONS
            corrected[index] = f"{option}={refusal.correction}" if known else refusal.correction
    if file and (in_file := defaults_file.review(file)):
        words = [word for word in corrected if word is not None]
        spelled = defaults_file.spelled_out(file, in_file, given)
        corrected = [*defaults_file.without_file(words), *spelled]
        found += in_file
    implied = defaults_file.answers(file) if file else {}
    for refusal in rules.conflicts(implied | given):
        found.append(refusal)
        wrong = f"{refusal.option}={refusal.value}"
        right = f"{refusal.option}={refusal.correction}"
        corrected = [right if word == wrong else word for word in corrected]
        if right not in corrected:
            corrected.append(right)
    for option, value in derived(given):
        if refusal := rules.check(option, value):
            found.append(refusal)
            corrected.append(f"{option}={refusal.correction}")
    return found, [word for word in corrected if word is not None]


def set_aside(folder: Path) -> None:
    """Move what is not rendered, nine tenths of the files, out of the template in the copy.

    What cannot be moved, as where another program has it open, cookiecutter copies.
    """
    if not rules.is_copy(folder):
        return
    aside = folder / "unrendered"
    aside.mkdir()
    for part in ("src", "tests"):
        with suppress(OSError):
            (folder / "{{cookiecutter.project_slug}}" / part).rename(aside / part)


def main() -> None:
    rules.require_python()
    arguments = cookiecutter_arguments(parent_words())
    file = defaults_file.defaults_file(arguments) if arguments else None
    found, corrected = review(arguments, file)
    if found:
        print(rules.message(found, shlex.join(["cookiecutter", *corrected])), file=sys.stderr)
        rules.forget_copy(Path.cwd())
        sys.exit(1)
    set_aside(Path.cwd())


if __name__ == "__main__":
    main()
