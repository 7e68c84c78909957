"""A SQLite file for each test, and the message logs of several workers on one database."""

import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from {{cookiecutter.package_name}}.adapters.database import DatabaseStores, open_stores
from {{cookiecutter.package_name}}.adapters.database.message_log import (
    DatabaseMessageLog,
)
from {{cookiecutter.package_name}}.adapters.database.migrations import upgrade

from ..message_log_contract import HISTORY_SIZE

OpenLog = Callable[[str], Awaitable[DatabaseMessageLog]]
OpenStores = Callable[[str], Awaitable[DatabaseStores]]


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("database") / "migrated.sqlite3"
    upgrade(f"sqlite:///{file}")
    return file


@pytest.fixture
def sqlite_url(migrated_file: Path, tmp_path: Path) -> str:
    """The URL of a database with tables and nothing in them."""
    return f"sqlite:///{shutil.copy(migrated_file, tmp_path / 'test.sqlite3')}"


@pytest.fixture
async def open_worker() -> AsyncIterator[OpenStores]:
    """Opens the stores of one more worker with each call."""
    async with AsyncExitStack() as stack:

        async def open_one(url: str) -> DatabaseStores:
            stores = open_stores(url, history_size=HISTORY_SIZE)
            return await stack.enter_async_context(stores)

        yield open_one


@pytest.fixture
async def open_log(open_worker: OpenStores) -> OpenLog:
    """Opens the message log of one more worker with each call."""

    async def open_one(url: str) -> DatabaseMessageLog:
        return (await open_worker(url)).log

    return open_one
