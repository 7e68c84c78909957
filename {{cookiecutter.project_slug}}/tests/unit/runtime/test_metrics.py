"""What Prometheus is shown by one worker; for several see ``test_worker.py``."""

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
