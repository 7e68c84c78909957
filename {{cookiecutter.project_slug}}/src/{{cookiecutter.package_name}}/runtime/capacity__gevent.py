"""What things cost in this mode, as measured: docs/sizing.md has the same table and says how."""

from __future__ import annotations

from .plan import Capacity

CAPACITY = Capacity(
    worker_bytes=80_000_000,
    connection_bytes=30_500,
    connection_us=7.7,
    arrival_us=2160.0,
    message_us=712.0,
    delivery_us=10.1,
    hearing_us=188.0,
    redis_arrival_us=230.0,
    redis_message_us=31.0,
    redis_subscriber_us=2.9,
    redis_worker_us=140.0,
    message_commands=17.1,
    message_bytes=1060,
    subscriber_bytes=270,
)
