"""Prometheus metrics, for one worker or several.

Several workers share the files in the directory ``PROMETHEUS_MULTIPROC_DIR``, which must be set
before this module is imported; each of them then reports the sum.

The label of a Socket.IO namespace is ``nsp``, because a scrape in Kubernetes has a ``namespace`` of
its own.
"""

from __future__ import annotations

import os
from bisect import bisect_left
from collections.abc import Callable
from functools import cache

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    REGISTRY,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
)
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead

CONTENT_TYPE = CONTENT_TYPE_LATEST
MULTIPROC_DIR = "PROMETHEUS_MULTIPROC_DIR"

CONNECTIONS = Gauge(
    "socketio_connections",
    "Accepted sockets by namespace.",
    ["nsp"],
    multiprocess_mode="livesum",
)
HANDSHAKES = Counter(
    "socketio_handshakes",
    "Handshakes by outcome: accepted, or the code of the refusal.",
    ["nsp", "outcome"],
)
EVENTS = Counter(
    "socketio_events",
    "Client events by outcome: ok, or the code of the error.",
    ["nsp", "event", "outcome"],
)
EVENT_SECONDS = Histogram(
    "socketio_event_seconds",
    "Seconds from a client event's arrival to its acknowledgement.",
    ["nsp", "event"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5),
)
HTTP_REQUESTS = Counter(
    "http_requests",
    "HTTP requests by route pattern, method and status.",
    ["route", "method", "status"],
)
DROPPED = Counter(
    "socketio_dropped",
    "Notices not sent because their client reads too slowly, by the policy of the event.",
    ["nsp", "event", "policy"],
)
SLOW_READERS = Counter(
    "socketio_slow_readers",
    "Connections closed because their client read too slowly.",
)
SEND_QUEUE_AGE = Gauge(
    "socketio_send_queue_age_seconds",
    "Seconds the oldest unsent packet of any connection has been waiting.",
    multiprocess_mode="livemax",
)
LIMITER_DECISIONS = Counter(
    "limiter_decisions",
    "Calls counted against a limit, by outcome: admitted or limited.",
    ["limit", "outcome"],
)
SIGNALS_LOST = Counter(
    "signals_lost",
    "Signals between workers that were dropped, by direction: in or out.",
    ["direction"],
)
FEED_TICKS = Counter("feed_ticks", "Ticks accepted from publishers.")
FEED_DELAY = Histogram(
    "feed_delay_seconds",
    "Seconds from a batch's acceptance to its delivery to this worker's clients.",
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5),
)
FEED_UNRECORDED = Gauge(
    "feed_unrecorded_ticks", "Ticks that wait to be stored.", multiprocess_mode="livesum"
)
FEED_STREAMS = Gauge("feed_streams", "Open event streams of the feed.", multiprocess_mode="livesum")
BACKEND_UP = Gauge(
    "backend_up",
    "Whether a backend answers: 1, or 0 if it fails for any worker.",
    ["backend"],
    multiprocess_mode="livemin",
)

BACKEND_SECONDS = Histogram(
    "backend_seconds",
    "Seconds from a backend's call to its answer, failures included.",
    ["backend"],
    buckets=(0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5),
)
LAG = Histogram(
    "worker_lag_seconds",
    "Seconds by which a worker wakes later than it asked to: something holds it up.",
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5),
)
DRAINING = Gauge("workers_draining", "Workers that are leaving.", multiprocess_mode="livesum")


Measure = Callable[[float], None]


def adding_to(counter: Counter) -> Measure:
    """What adds to `counter`, which has its labels.

    It leaves out what ``inc`` checks at each call, which costs more than the addition. That takes a
    name that prometheus_client does not promise; where it is gone, this is ``inc``.
    """
    value = getattr(counter, "_value", None)
    return counter.inc if value is None else value.inc


def observing(histogram: Histogram) -> Measure:
    """The same for ``observe``: it looks for the bucket by halves, not one by one."""
    try:
        bounds, counts = histogram._upper_bounds, [one.inc for one in histogram._buckets]
        add = histogram._sum.inc
    except AttributeError:
        return histogram.observe

    def observe(amount: float) -> None:
        add(amount)
        counts[bisect_left(bounds, amount)](1)

    return observe


@cache
def _decision(limit: str, admitted: bool) -> Measure:
    return adding_to(LIMITER_DECISIONS.labels(limit, "admitted" if admitted else "limited"))


def count_decision(limit: str, admitted: bool) -> None:
    """Count a call that a limit admitted or did not."""
    _decision(limit, admitted)(1)


def render() -> bytes:
    """All metrics in Prometheus' text format, summed over the workers. Reads files if several."""
    if MULTIPROC_DIR not in os.environ:
        return generate_latest(REGISTRY)
    registry = CollectorRegistry()
    MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return generate_latest(registry)


def forget(pid: int) -> None:
    """Take a worker that ended out of the gauges of the living."""
    if MULTIPROC_DIR in os.environ:
        mark_process_dead(pid)  # type: ignore[no-untyped-call]
