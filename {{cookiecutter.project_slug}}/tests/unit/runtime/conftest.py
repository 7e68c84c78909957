"""The log of this process, to be looked at."""

import io
import logging
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
import structlog

from {{cookiecutter.package_name}}.runtime import logs


class Lines:
    """What was logged since it was last asked."""

    def __init__(self) -> None:
        self._stream = io.StringIO()
        self.configure("info", "json")

    def configure(self, level: str, fmt: str) -> None:
        logs.configure_logging(level, fmt)
        handlers = logging.getLogger().handlers
        (self.handler,) = (one for one in handlers if isinstance(one, logs.Output))
        self.handler.setStream(self._stream)

    def text(self) -> str:
        text = self._stream.getvalue()
        self._stream.seek(0)
        self._stream.truncate()
        return text

    def json(self) -> list[dict[str, Any]]:
        return [msgspec.json.decode(line) for line in self.text().splitlines()]

    def one(self) -> dict[str, Any]:
        (line,) = self.json()
        return line


@pytest.fixture
def lines() -> Iterator[Lines]:
    root = logging.getLogger()
    before = root.handlers[:], root.level
    structlog.contextvars.clear_contextvars()
    yield Lines()
    structlog.contextvars.clear_contextvars()
    structlog.reset_defaults()
    logging.captureWarnings(False)
    root.handlers[:], root.level = before
