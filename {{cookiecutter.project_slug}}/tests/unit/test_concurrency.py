"""What several workers may not do (guarantee G13)."""

from .test_settings import problems


def test_polling_needs_one_worker() -> None:
    assert "APP_TRANSPORTS" in problems(APP_TRANSPORTS="websocket,polling", WEB_CONCURRENCY="2")
    assert "APP_TRANSPORTS" not in problems(WEB_CONCURRENCY="2")
