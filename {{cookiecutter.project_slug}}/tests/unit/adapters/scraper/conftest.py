"""A site to read from, and who reads."""

from collections.abc import AsyncIterator, Iterator

import httpx
import pytest

from {{cookiecutter.package_name}}.adapters.scraper.fetch import open_client

from ....support.pages import Site, running_site


@pytest.fixture
def site() -> Iterator[Site]:
    with running_site() as site:
        yield site


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    async with open_client("test-bot/1.0") as client:
        yield client
