"""What things cost in this mode, as measured: docs/sizing.md has the same table and says how."""

from __future__ import annotations

from .plan import Capacity

CAPACITY = Capacity(
    worker_bytes=80_000_000,
    connection_bytes=15_300,
    connection_us=6.5,
    arrival_us=2310.0,
    message_us=205.0,
    delivery_us=4.8,
    hearing_us=54.0,
    redis_arrival_us=230.0,
    redis_message_us=31.0,
    redis_subscriber_us=2.9,
    redis_worker_us=140.0,
    message_commands=17.1,
    message_bytes=1060,
    subscriber_bytes=270,
)
