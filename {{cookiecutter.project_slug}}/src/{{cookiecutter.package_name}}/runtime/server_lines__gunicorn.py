"""What the server writes about single connections, put in proportion."""

from __future__ import annotations

import logging

FILTERED = ("gunicorn.error",)
"""Loggers of the server whose lines pass :class:`ServerLines`."""
SILENT = ("gunicorn.access",)
"""Its access log: the service has its own."""


class ServerLines(logging.Filter):
    """A client's bad bytes are no error of ours."""

    def filter(self, record: logging.LogRecord) -> bool:
        if record.exc_info and isinstance(record.exc_info[1], UnicodeDecodeError):
            record.levelno, record.levelname, record.exc_info = logging.WARNING, "WARNING", None
        return True
