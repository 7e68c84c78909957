"""What Prometheus is shown by one worker."""

import pytest
from prometheus_client import Counter, Histogram

from {{cookiecutter.package_name}}.runtime import metrics


def test_counts_show_by_their_labels() -> None:
    metrics.EVENTS.labels("/test", "message", "ok").inc(3)
    metrics.EVENT_SECONDS.labels("/test", "message").observe(0.002)
    metrics.CONNECTIONS.labels("/test").inc()
    metrics.BACKEND_UP.labels("test-store").set(0)
    text = metrics.render().decode()
    assert 'socketio_events_total{event="message",nsp="/test",outcome="ok"} 3.0' in text
    assert 'socketio_event_seconds_bucket{event="message",le="0.0025",nsp="/test"} 1.0' in text
    assert 'socketio_connections{nsp="/test"} 1.0' in text
    assert 'backend_up{backend="test-store"} 0.0' in text


def test_one_worker_has_nothing_to_forget() -> None:
    metrics.forget(1)


@pytest.mark.parametrize("seconds", [0.0, 0.001, 0.0011, 4.9, 5.0, 5.1, 1e9])
def test_the_quick_ways_count_as_prometheus_client_does(seconds: float) -> None:
    counts = [Counter("x", "x", ["y"], registry=None).labels("z") for _ in range(2)]
    counts[0].inc(seconds)
    metrics.adding_to(counts[1])(seconds)
    times = [
        Histogram("x", "x", ["y"], buckets=(0.001, 0.5, 5), registry=None).labels("z")
        for _ in range(2)
    ]
    times[0].observe(seconds)
    metrics.observing(times[1])(seconds)
    for theirs, ours in (counts, times):
        samples = [
            [tuple(s)[:3] for s in one._child_samples() if s.name != "_created"]
            for one in (theirs, ours)
        ]
        assert samples[0] == samples[1]


def test_the_quick_ways_lean_on_what_prometheus_client_still_has() -> None:
    """Else they are no quicker: then see what :mod:`~.runtime.metrics` can use instead."""
    counter = Counter("x", "x", registry=None)
    histogram = Histogram("x", "x", registry=None)
    assert metrics.adding_to(counter) != counter.inc
    assert metrics.observing(histogram) != histogram.observe
