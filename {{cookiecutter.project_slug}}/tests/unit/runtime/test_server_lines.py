"""What uvicorn says about single connections is put in proportion."""

import asyncio
import logging

from .conftest import Lines


def test_the_loops_lines_have_the_form_of_all_others(lines: Lines) -> None:
    logging.getLogger("asyncio").warning("%s of %d", "one", 2, extra={"room": "r"})
    line = lines.one()
    assert line.pop("timestamp")
    assert line == {"event": "one of 2", "level": "warning", "logger": "asyncio", "room": "r"}


def test_connections_leave_no_line(lines: Lines) -> None:
    error = logging.getLogger("uvicorn.error")
    error.info('%s - "WebSocket %s" [accepted]', "1.2.3.4:5", "/socket.io/?token=x")
    error.info("connection open")
    assert lines.text() == ""


def test_requests_cancelled_at_the_end_are_no_errors(lines: Lines) -> None:
    cancelled = asyncio.CancelledError()
    logging.getLogger("uvicorn.error").error("Exception in ASGI application", exc_info=cancelled)
    assert lines.text() == ""
