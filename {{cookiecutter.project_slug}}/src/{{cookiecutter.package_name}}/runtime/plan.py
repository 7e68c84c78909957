"""How many workers a service needs, and what that asks of Redis: arithmetic on measured figures."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil

SHARE = 0.6
"""Of a core that is planned with: queues grow long above, and somebody has to take over."""
DESCRIPTORS = 64
"""Of a worker besides its connections: Redis, the log, the port, files that are read."""
NETWORK_BYTES = 75_000_000
"""A second, that Redis is planned with: 60 % of a gigabit."""
RETURN_SECONDS = 60
"""In which those who lost their host should be back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Capacity:
    """What things cost in this mode. Microseconds of CPU, and bytes; docs/sizing.md says how
    they were measured."""

    worker_bytes: int
    connection_bytes: int
    connection_us: float
    """A second, of a connection that is idle: its pings."""
    arrival_us: float
    """Of a handshake with a token, and of joining a room."""
    message_us: float
    """Of a message, with everything up to its acknowledgement."""
    delivery_us: float
    """Of each further member who gets it."""
    hearing_us: float
    """Of a message, in each worker that only hears of it."""
    redis_arrival_us: float
    redis_message_us: float
    redis_subscriber_us: float
    """Of a message, for each worker that hears of it."""
    redis_worker_us: float
    """A second, of a worker that has nothing to do."""
    message_commands: float
    message_bytes: int
    """In and out of Redis for a message, without what workers hear of it."""
    subscriber_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Demand:
    """:param users: connections at the same time.

    :param rate: messages a second, of all users together.
    :param audience: how many get each message.
    """

    users: int
    rate: float
    audience: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    workers_for_connections: int
    workers_for_messages: int
    workers: int
    """With one more, so that one may be missing."""
    worker_share: float
    """Of a core, when all are there."""
    memory: int
    """Bytes, of all workers."""
    descriptors: int
    """Of one worker, when one is missing."""
    return_seconds: float
    """Until all are back who were on a worker that is gone."""
    redis_share: float
    """Of the core that runs commands."""
    redis_commands: float
    """A second."""
    redis_bytes: float
    """A second, in and out."""


class TooMuch(ValueError):
    """No number of workers carries this."""


def make_plan(demand: Demand, capacity: Capacity, max_connections: int) -> Plan:
    """The fewest workers that carry `demand`, and one more.

    :param max_connections: of one worker.
    :raises TooMuch: if a worker could not even hear of every message.
    """
    idle = demand.users * capacity.connection_us
    each = capacity.message_us + (demand.audience - 1) * capacity.delivery_us
    used, hearing = (idle + demand.rate * each) / 1e6, demand.rate * capacity.hearing_us / 1e6
    if hearing >= SHARE:
        most = SHARE * 1e6 / capacity.hearing_us
        raise TooMuch(
            f"each worker hears of every message, and can of {most:,.0f} a second: shard"
            f" it into {ceil(2 * hearing / SHARE)} services or more"
        )
    for_connections = ceil(demand.users / max_connections)
    for_messages = max(1, ceil((used - hearing) / (SHARE - hearing)))
    needed = max(for_connections, for_messages)
    workers = needed + 1
    free = needed - used - (needed - 1) * hearing
    gone, on_redis = demand.users / workers, capacity.redis_arrival_us / 1e6
    heard = capacity.redis_subscriber_us * workers
    messages = demand.rate * (capacity.redis_message_us + heard) / 1e6
    per_message = capacity.message_bytes + capacity.subscriber_bytes * workers
    return Plan(
        workers_for_connections=for_connections,
        workers_for_messages=for_messages,
        workers=workers,
        worker_share=(used + (workers - 1) * hearing) / workers,
        memory=workers * capacity.worker_bytes + demand.users * capacity.connection_bytes,
        descriptors=ceil(demand.users / needed) + DESCRIPTORS,
        return_seconds=gone * max(capacity.arrival_us / 1e6 / free, on_redis),
        redis_share=messages + workers * capacity.redis_worker_us / 1e6,
        redis_commands=demand.rate * capacity.message_commands,
        redis_bytes=demand.rate * per_message,
    )


def warnings(plan: Plan, demand: Demand, descriptors: int) -> Iterator[str]:
    """What of a plan will not work, and what to do, a sentence each.

    :param descriptors: files that a process may have open here.
    """
    if plan.redis_share > SHARE:
        yield (
            f"one Redis cannot do this: {plan.redis_share:.1f} cores where {SHARE} of one are"
            f" planned with; shard it into {ceil(plan.redis_share / SHARE)} services or more"
        )
    if plan.redis_bytes > NETWORK_BYTES:
        yield (
            f"Redis would move {plan.redis_bytes / 1e6:,.0f} MB a second where"
            f" {NETWORK_BYTES / 1e6:.0f} are planned with; shard it, or use a faster network"
        )
    if plan.descriptors > descriptors:
        yield (
            f"a worker needs {plan.descriptors:,} open files, and {descriptors:,} are allowed"
            " here; raise ulimit -n"
        )
    if plan.return_seconds > RETURN_SECONDS:
        yield (
            f"when a worker is gone its users need {plan.return_seconds:,.0f} s to come back;"
            " more workers make that shorter"
        )
    if demand.rate > demand.users * 2:
        yield (
            "this is more than two messages a second of each user, which APP_RATE_MESSAGE"
            " (120/60s) refuses; raise it"
        )
