"""What uvicorn and gunicorn write, put in proportion."""

from __future__ import annotations

import asyncio
import logging

FILTERED = ("gunicorn.error", "uvicorn", "uvicorn.error")
"""Loggers of the server whose lines pass :class:`ServerLines`."""
SILENT = ("gunicorn.access", "uvicorn.access")
"""Its access log: the service has its own."""

UNINTERESTING = ("connection open", "connection closed", "Error while closing socket %s")


class ServerLines(logging.Filter):
    """What uvicorn and gunicorn say about single connections, put in proportion.

    uvicorn's line for each WebSocket shows the query string; a client's bad bytes are no error of
    ours; requests cancelled because the drain is over are expected.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        if record.msg in UNINTERESTING:
            return False
        if isinstance(record.msg, str) and record.msg.startswith('%s - "WebSocket '):
            return False
        if record.exc_info and isinstance(record.exc_info[1], asyncio.CancelledError):
            return False
        if record.exc_info and isinstance(record.exc_info[1], UnicodeDecodeError):
            record.levelno, record.levelname, record.exc_info = logging.WARNING, "WARNING", None
        return True
