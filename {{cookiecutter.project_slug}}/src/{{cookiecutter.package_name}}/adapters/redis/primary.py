"""The primary that Sentinels name, and connections that follow it."""

from __future__ import annotations

from typing import Any

from redis.asyncio.connection import SSLConnection
from redis.asyncio.retry import Retry
from redis.asyncio.sentinel import (
    MasterNotFoundError,
    Sentinel,
    SentinelManagedConnection,
)
from redis.backoff import NoBackoff

from .urls import Address, Sentinels

SENTINEL_SECONDS = 0.4
"""To connect to a Sentinel, and for its answer: sooner than a call's deadline, so that another can
be asked."""


class Primary:
    """Asks where the primary is: what redis-py's connections expect of a pool that knows Sentinels.

    They are asked once for each new connection, over one that ends with the answer.
    """

    is_master = True
    check_connection = False

    def __init__(self, sentinels: Sentinels) -> None:
        self.service_name = sentinels.service_name
        self.address: Address | None = None
        """As it was last named."""
        self._addresses = sentinels.addresses
        self._options = {
            "socket_timeout": SENTINEL_SECONDS,
            "socket_connect_timeout": SENTINEL_SECONDS,
            "retry": Retry(NoBackoff(), 0, ()),
            "protocol": 2,
            "driver_info": None,
            **sentinels.options,
        }

    async def get_master_address(self) -> Address:
        """:raises MasterNotFoundError: if no Sentinel knows one that is up."""
        sentinel: Any = Sentinel  # redis-py has no annotations here
        asked = sentinel(self._addresses, sentinel_kwargs=self._options)
        try:
            host, port = await asked.discover_master(self.service_name)
        except MasterNotFoundError:
            asked_for = f"{self.service_name!r}, asked of {len(self._addresses)} Sentinels"
            # redis-py's own words are a screenful
            raise MasterNotFoundError(f"no primary that is up for {asked_for}") from None
        finally:
            await asked.aclose()
        self._addresses = [_address(client) for client in asked.sentinels]  # who answered is first
        self.address = (host, port)
        return self.address


class PrimaryConnection(SentinelManagedConnection):
    """Leads to the primary: left where another has become it, also when nothing broke."""

    async def connect(self) -> None:
        """Called each time the connection is taken from its pool."""
        this: Any = super()  # redis-py has no annotations here
        if self.connection_pool.address != (self.host, self.port):
            await this.disconnect()
        await this.connect()


class PrimarySSLConnection(PrimaryConnection, SSLConnection):
    """The same by TLS."""


def _address(client: Any) -> Address:
    options = client.connection_pool.connection_kwargs
    return options["host"], options["port"]
