"""The queue between this service and its workers, and who of them is there."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any

import redis
from dramatiq import Message, Middleware
from dramatiq.brokers.redis import RedisBroker
from redis.backoff import NoBackoff
from redis.connection import SSLConnection
from redis.retry import Retry
from redis.sentinel import Sentinel, SentinelConnectionPool

from ...runtime import tracing
from ..redis.primary import SENTINEL_SECONDS
from ..redis.urls import keepalive, plain_url, sentinels

QUEUE = "jobs"
ACTOR = "run"

CALL_SECONDS = 2.0
MAX_CONNECTIONS = 32
DEAD_SECONDS = 15
"""What a worker was doing that is silent for so long is done by another."""
MAINTENANCE = 200_000
"""Of a million commands, how many look for dead workers: each worker sends two a second."""
BEAT_SECONDS = 2.0
GONE_SECONDS = 10
"""A worker that is silent for so long is not counted any more."""

# KEYS: workers. ARGV: seconds, worker.
_BEAT = """
redis.call('ZADD', KEYS[1], redis.call('TIME')[1], ARGV[2])
redis.call('EXPIRE', KEYS[1], ARGV[1])
"""
# KEYS: workers. ARGV: seconds.
COUNT = """
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', redis.call('TIME')[1] - ARGV[1])
return redis.call('ZCARD', KEYS[1])
"""


class _Broker(RedisBroker):
    """Closes what it opened, which dramatiq's own leaves to the garbage collection."""

    def close(self) -> None:
        self.client.close()
        pool = self.client.connection_pool
        if isinstance(pool, SentinelConnectionPool):
            pool.sentinel_manager.close()


def make_broker(url: str, *, prefix: str, middleware: Sequence[Middleware]) -> RedisBroker:
    """dramatiq's broker under a name of its own in the service's Redis. Connects when first used.

    Its calls block, each for :data:`CALL_SECONDS` at most.
    """
    return _Broker(  # type: ignore[no-untyped-call]
        client=_connect(url),
        middleware=[*_tracing(), *middleware],
        namespace=f"{prefix}:dramatiq",
        heartbeat_timeout=DEAD_SECONDS * 1000,
        maintenance_chance=MAINTENANCE,
    )


def _connect(url: str) -> redis.Redis:
    pool: Any = redis.ConnectionPool.from_url(
        plain_url(url),
        max_connections=MAX_CONNECTIONS,
        socket_timeout=CALL_SECONDS,
        socket_connect_timeout=CALL_SECONDS,
        protocol=2,
        **keepalive(url),
    )
    named = sentinels(url)
    if named is None:
        return redis.Redis.from_pool(pool)
    sentinel: Any = _Sentinel
    asked = sentinel(
        named.addresses,
        sentinel_kwargs={
            "socket_timeout": SENTINEL_SECONDS,
            "socket_connect_timeout": SENTINEL_SECONDS,
            "retry": Retry(NoBackoff(), 0),
            **named.options,
        },
    )
    elsewhere = {n: v for n, v in pool.connection_kwargs.items() if n not in ("host", "port")}
    client: redis.Redis = asked.master_for(
        named.service_name,
        ssl=pool.connection_class is SSLConnection,
        max_connections=MAX_CONNECTIONS,
        **elsewhere,
    )
    return client


class _Sentinel(Sentinel):
    """Asked by one thread at a time: it moves who answered to the head of its list."""

    _asking = threading.Lock()

    def discover_master(self, service_name: str) -> Any:
        above: Any = super()  # redis-py has no annotations here
        with self._asking:
            return above.discover_master(service_name)


def _tracing() -> list[Middleware]:
    if not tracing.is_on():
        return []
    from .traced import TracedJobs  # an extra, which need not be installed

    return [TracedJobs()]


def message(job_id: str, request_id: str) -> Message[None]:
    """What says that a job is to be done."""
    return Message(
        queue_name=QUEUE,
        actor_name=ACTOR,
        args=(job_id,),
        kwargs={},
        options={"request_id": request_id},
    )


def workers_key(prefix: str) -> str:
    return f"{prefix}:jobs:workers"


class Heartbeat:
    """Says that this worker is there. Its calls block, for :data:`CALL_SECONDS` at most.

    :param worker: names it.
    """

    def __init__(self, broker: RedisBroker, *, prefix: str, worker: str) -> None:
        self._client: redis.Redis = broker.client
        self._key = workers_key(prefix)
        self._worker = worker
        self._script = self._client.register_script(_BEAT)

    def beat(self) -> None:
        """:raises RedisError: if Redis does not answer."""
        self._script([self._key], [GONE_SECONDS, self._worker])

    def leave(self) -> None:
        """:raises RedisError: if Redis does not answer."""
        self._client.zrem(self._key, self._worker)
