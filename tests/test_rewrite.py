"""The rewrite that derives other forms of the source: rule by rule, then on every mode's tree."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from baking import CHOICES
from forms import QUART, SYNC
from rewrite import NoCounterpart, rewrite

SYNC_MODES = ["gevent", "threading", "eventlet"]
CASES = {
    "words": (
        "async def f(x):\n    async with a(), b:\n        return await g(await x)\n",
        "def f(x):\n    with a(), b:\n        return g(x)\n",
    ),
    "loops": (
        "async def f():\n    async for x in y:\n        yield x\n",
        "def f():\n    for x in y:\n        yield x\n",
    ),
    "needless parentheses": ("x = (await f()).y + (await g())[0]\n", "x = f().y + g()[0]\n"),
    "the same after a keyword": ("assert (await f()).y\n", "assert f().y\n"),
    "parentheses of a call": ("x = f(await g()).y\n", "x = f(g()).y\n"),
    "generics": (
        "from collections.abc import Awaitable, Callable\nF = Callable[[], Awaitable[list[int]]]\n",
        "from collections.abc import Callable\nF = Callable[[], list[int]]\n",
    ),
    "an import that goes": ("from collections.abc import Awaitable\nx = 1\n", "x = 1\n"),
    "names": (
        "from contextlib import AsyncExitStack, closing\ns.push_async_callback(AsyncExitStack)\n",
        "from contextlib import ExitStack, closing\ns.callback(ExitStack)\n",
    ),
    "the same name twice": (
        "from collections.abc import AsyncIterator, Iterator\n",
        "from collections.abc import Iterator\n",
    ),
    "modules in order": (
        "from redis.asyncio import Redis\nfrom redis.asyncio.retry import Retry\n"
        "from redis.backoff import NoBackoff\nfrom redis.exceptions import RedisError as E\n",
        "from redis import Redis\nfrom redis.backoff import NoBackoff\n"
        "from redis.exceptions import RedisError as E\nfrom redis.retry import Retry\n",
    ),
    "comments and texts": (
        'async def f():\n    """Use it:\n\n    async def g(): await h()\n    """  # await it\n',
        'def f():\n    """Use it:\n\n    def g(): h()\n    """  # it\n',
    ),
    "a line that fits now": (
        f"async def f():\n    await {'g' * 40}(\n        {'x' * 47}\n    )\n",
        f"def f():\n    {'g' * 40}({'x' * 47})\n",
    ),
    "a line that does not": (
        f"async def f():\n    await {'g' * 40}(\n        {'x' * 55}\n    )\n",
        f"def f():\n    {'g' * 40}(\n        {'x' * 55}\n    )\n",
    ),
    "one line each": ("await f(\n    a,\n    b,\n)\n", "f(\n    a,\n    b,\n)\n"),
    "a comment between": (
        "await f(\n    # why\n    a\n)\n",
        "f(\n    # why\n    a\n)\n",
    ),
    "inner brackets": (
        f"await f(\n    await g(\n        a, b\n    ),\n    {'x' * 10},\n)\n",
        f"f(\n    g(a, b),\n    {'x' * 10},\n)\n",
    ),
    "brackets for the line breaks alone": (
        "def f():\n    return (\n        await g()\n        or h\n    )\n",
        "def f():\n    return g() or h\n",
    ),
    "a tuple keeps its brackets": ("x = (\n    await f(), 1\n)\n", "x = (f(), 1)\n"),
    "what does not differ stays": ("x = f(\n    a\n)\n", "x = f(\n    a\n)\n"),
}


@pytest.mark.parametrize("name", CASES)
def test_sync(name: str) -> None:
    source, expected = CASES[name]
    assert rewrite(source, SYNC) == expected
    assert rewrite(expected, SYNC) == expected


def test_quart() -> None:
    source = (
        "from flask import Blueprint, Flask\nfrom msgspec import Meta\n\n"
        "async def f(app: Flask): ..."
    )
    assert rewrite(source, QUART) == (
        "from msgspec import Meta\nfrom quart import Blueprint, Quart\n\n"
        "async def f(app: Quart): ..."
    )


@pytest.mark.parametrize("line", ["asyncio.sleep(1)", "anext(x)", "x.gather()"])
def test_what_has_no_counterpart_is_an_error_with_its_line(line: str) -> None:
    with pytest.raises(NoCounterpart, match=r"line 2: (asyncio|anext|gather)"):
        rewrite(f"x = 1\n{line}\n", SYNC)


def test_a_comment_among_imports_that_change_is_an_error() -> None:
    with pytest.raises(ValueError, match="line 1"):
        rewrite("from redis.asyncio import Redis  # noqa\n", SYNC)


@pytest.mark.parametrize("mode", SYNC_MODES)
def test_sync_projects_know_nothing_of_coroutines(mode: str, baked: Callable[..., Path]) -> None:
    project = baked(async_mode=mode, database="postgresql")
    foreign = re.compile(r"\b(async|await|asyncio|asgiref|asgi|uvicorn|coroutine)\b", re.I)
    for file in project.rglob("*.py"):
        found = foreign.search(file.read_text("utf-8"))
        assert found is None, f"{file.relative_to(project)}: {found}"


@pytest.mark.parametrize("mode", ["asgi", "quart"])
def test_async_projects_know_nothing_of_greenlets(mode: str, baked: Callable[..., Path]) -> None:
    project = baked(async_mode=mode, database="postgresql")
    foreign = re.compile(r"gevent|greenlet|eventlet|gthread")
    for file in project.rglob("*.py"):
        found = foreign.search(file.read_text("utf-8"))
        assert found is None, f"{file.relative_to(project)}: {found}"


@pytest.mark.parametrize("mode", CHOICES["async_mode"])
@pytest.mark.parametrize("queue", CHOICES["queue"])
@pytest.mark.parametrize("database", CHOICES["database"])
def test_every_form_is_formatted_and_clean(
    mode: str, queue: str, database: str, baked: Callable[..., Path]
) -> None:
    project = baked(async_mode=mode, queue=queue, database=database)
    ruff = [str(Path(sys.executable).parent / "ruff")]
    for command in (["format", "--no-cache", "--diff"], ["check", "--no-cache"]):
        done = subprocess.run([*ruff, *command, "."], cwd=project, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout
    for file in project.rglob("*.py"):
        ast.parse(file.read_bytes())


@pytest.mark.parametrize("mode", CHOICES["async_mode"])
@pytest.mark.parametrize("package", ["ab", "a_package_name_of_exactly_forty_letters_"])
def test_the_length_of_the_package_s_name_breaks_no_line(
    mode: str, package: str, baked: Callable[..., Path]
) -> None:
    project = baked(async_mode=mode, package_name=package, project_slug="x")
    ruff = str(Path(sys.executable).parent / "ruff")
    command = [ruff, "format", "--no-cache", "--diff", "."]
    done = subprocess.run(command, cwd=project, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
