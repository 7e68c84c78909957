"""One log for everything: this service, its libraries, its server, Python's warnings.

A line is a JSON object in production and readable text in development, on stdout. Each line of a
request or an event carries what was bound to structlog's context variables, such as `request_id`.
"""

from __future__ import annotations

import logging
import logging.config
import sys
from typing import Any

import msgspec
import structlog
from structlog.processors import ExceptionRenderer
from structlog.tracebacks import ExceptionDictTransformer
from structlog.types import EventDict, Processor, WrappedLogger

from .event_context import add_event_context
from .redaction import redact
from .server_lines import FILTERED, SILENT, ServerLines

MAX_LINE = 16_384
_ESSENTIAL = ("timestamp", "level", "logger", "event", "request_id")

_SHARED: list[Processor] = [
    add_event_context,
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.add_log_level,
    structlog.stdlib.PositionalArgumentsFormatter(),
    structlog.stdlib.ExtraAdder(),
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.processors.StackInfoRenderer(),
]


def begin_with(processor: Processor) -> None:
    """Have each line pass `processor` first. To be called before :func:`configure_logging`."""
    if processor not in _SHARED:
        _SHARED.insert(0, processor)


class Output(logging.StreamHandler[Any]):
    """Writes lines; names the place of one that cannot be formatted, instead of its arguments."""

    def handleError(self, record: logging.LogRecord) -> None:
        self.stream.write(f"log line lost: {record.pathname}:{record.lineno}\n")


def configure_logging(level: str, fmt: str) -> None:
    """Send every line of this process to stdout. May be called again.

    :param level: ``debug``, ``info``, ``warning`` or ``error``.
    :param fmt: ``json`` or ``console``.
    """
    logging.config.dictConfig(dict_config(level, fmt))
    logging.captureWarnings(True)
    # what a record would be told of its process and thread, and no line shows
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *_SHARED,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )


def dict_config(level: str, fmt: str) -> dict[str, Any]:
    """The same for :func:`logging.config.dictConfig` and gunicorn's ``logconfig_dict``."""
    threshold = logging.getLevelNamesMapping()[level.upper()]
    inherit: dict[str, Any] = {"handlers": [], "propagate": True, "level": "NOTSET"}
    filtered = {**inherit, "filters": ["server"]}
    silent: dict[str, Any] = {"handlers": [], "propagate": False}
    # at INFO these print every packet or address, tokens included; and a logger without a level of
    # its own is given a second handler by the library, past all of this
    packets = {**inherit, "level": max(threshold, logging.WARNING)}
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "line": {
                "()": structlog.stdlib.ProcessorFormatter,
                "foreign_pre_chain": _SHARED,
                "processors": _rendering(fmt),
            }
        },
        "filters": {"server": {"()": ServerLines}},
        "handlers": {
            "out": {
                "()": Output,
                "formatter": "line",
                "stream": sys.stdout,
            }
        },
        "root": {"handlers": ["out"], "level": threshold},
        "loggers": {
            **dict.fromkeys(FILTERED, filtered),
            **dict.fromkeys(SILENT, silent),
            "httpx": packets,
            "engineio": packets,
            "engineio.server": packets,
            "socketio": packets,
            "socketio.server": packets,
        },
    }


def _rendering(fmt: str) -> list[Processor]:
    begin: list[Processor] = [structlog.stdlib.ProcessorFormatter.remove_processors_meta, _plain]
    if fmt == "json":
        frames = ExceptionDictTransformer(show_locals=False, max_frames=20)
        return [*begin, ExceptionRenderer(frames), _redacted, _json]
    console = structlog.dev.ConsoleRenderer(
        colors=sys.stdout.isatty(), exception_formatter=structlog.dev.plain_traceback
    )
    return [*begin, ExceptionRenderer(), _redacted, console]


def _plain(_: WrappedLogger, __: str, line: EventDict) -> EventDict:
    line.pop("color_message", None)  # the same message, coloured
    return line


def _redacted(_: WrappedLogger, __: str, line: EventDict) -> EventDict:
    return {name: redact(value, name) for name, value in line.items()}


def _json(_: WrappedLogger, __: str, line: EventDict) -> str:
    text = msgspec.json.encode(line).decode()
    if len(text) <= MAX_LINE:
        return text
    kept = {name: line[name] for name in _ESSENTIAL if name in line}
    return msgspec.json.encode({**kept, "cut": len(text)}).decode()
