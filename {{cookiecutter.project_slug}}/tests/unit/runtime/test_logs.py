"""One form for every line, whoever writes it."""

import logging
import warnings
from datetime import datetime

import jwt
import msgspec
import pytest
import structlog

from {{cookiecutter.package_name}}.runtime import logs
from {{cookiecutter.package_name}}.runtime.server_lines import FILTERED, SILENT

from .conftest import Lines

TOKEN = jwt.encode({"sub": "ada"}, "k" * 32)


@pytest.mark.parametrize("name", ["any", *FILTERED, "concurrent.futures"])
def test_a_line_of_the_standard_library(lines: Lines, name: str) -> None:
    logging.getLogger(name).warning("%s of %d", "one", 2, extra={"room": "r"})
    line = lines.one()
    assert datetime.fromisoformat(line.pop("timestamp")).utcoffset() is not None
    assert line == {"event": "one of 2", "level": "warning", "logger": name, "room": "r"}


def test_a_line_of_structlog(lines: Lines) -> None:
    structlog.stdlib.get_logger("mine").info("said %s", "so", n=1)
    line = lines.one()
    assert line.pop("timestamp").endswith("Z")
    assert line == {"event": "said so", "level": "info", "logger": "mine", "n": 1}


def test_the_context_is_in_every_line(lines: Lines) -> None:
    structlog.contextvars.bind_contextvars(request_id="r-1")
    logging.getLogger("any").info("a")
    structlog.stdlib.get_logger("mine").info("b")
    assert [line["request_id"] for line in lines.json()] == ["r-1", "r-1"]


def test_exceptions_have_no_locals_and_no_token(lines: Lines) -> None:
    hidden = "s3cr3t-local"
    for log in (logging.getLogger("any"), structlog.stdlib.get_logger("mine")):
        try:
            raise ValueError(f"bad token {TOKEN}, {len(hidden)}")
        except ValueError:
            log.exception("failed")
        text = lines.text()
        assert text.count("\n") == 1
        assert msgspec.json.decode(text)["exception"][0]["exc_type"] == "ValueError"
        assert TOKEN.split(".")[1] not in text
        assert hidden not in text


@pytest.mark.parametrize("fmt", ["json", "console"])
def test_no_secret_in_any_line(lines: Lines, fmt: str) -> None:
    lines.configure("info", fmt)
    log = logging.getLogger("any")
    log.info("connect %s", TOKEN)
    log.info("connect", extra={"token": TOKEN, "headers": {"Authorization": f"Bearer {TOKEN}"}})
    log.info("redis://u:pa55word@h/0")
    try:
        raise ConnectionError(f"redis://u:pa55word@h/0 {TOKEN}")
    except ConnectionError:
        log.exception("no")
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.warn(f"about {TOKEN}", stacklevel=1)
    text = lines.text()
    assert "about" in text
    assert "ConnectionError" in text
    assert TOKEN.split(".")[1] not in text
    assert "pa55word" not in text


def test_lines_are_bounded(lines: Lines) -> None:
    logging.getLogger("any").info("x" * 100_000, extra={f"k{n}": "y" * 9000 for n in range(40)})
    text = lines.text()
    assert len(text) < logs.MAX_LINE
    assert msgspec.json.decode(text)["cut"] > logs.MAX_LINE


def test_a_line_that_cannot_be_formatted_names_its_place_only(lines: Lines) -> None:
    record = logging.LogRecord("any", logging.ERROR, __file__, 1, "%d", ("s3cr3t",), None)
    lines.handler.handle(record)
    text = lines.text()
    assert text.startswith("log line lost: ")
    assert "test_logs.py" in text
    assert "s3cr3t" not in text


def test_libraries_that_print_packets_are_quiet(lines: Lines) -> None:
    for name in ("engineio", "engineio.server", "socketio", "socketio.server"):
        logging.getLogger(name).info("received packet %s", TOKEN)
        assert not logging.getLogger(name).handlers
    logging.getLogger("engineio").warning("heard")
    assert lines.one()["event"] == "heard"


def test_servers_do_not_write_access_lines(lines: Lines) -> None:
    for name in SILENT:
        logging.getLogger(name).info("GET /?token=x")
    assert lines.text() == ""


@pytest.mark.parametrize("name", FILTERED)
def test_a_clients_bad_bytes_are_no_error_of_ours(lines: Lines, name: str) -> None:
    try:
        b"\xff".decode()
    except UnicodeDecodeError:
        logging.getLogger(name).exception("Invalid UTF-8 sequence received")
    line = lines.one()
    assert line["level"] == "warning"
    assert "exception" not in line


@pytest.mark.parametrize("level", ["debug", "warning"])
def test_the_level(lines: Lines, level: str) -> None:
    lines.configure(level, "json")
    for log in (logging.getLogger("any"), structlog.stdlib.get_logger("fresh." + level)):
        log.debug("low")
        log.warning("high")
    assert [line["event"] for line in lines.json()] == {
        "debug": ["low", "high", "low", "high"],
        "warning": ["high", "high"],
    }[level]


def test_console_lines_are_for_reading(lines: Lines) -> None:
    lines.configure("info", "console")
    logging.getLogger("any").info("hello", extra={"room": "r"})
    text = lines.text()
    assert "hello" in text
    assert "room=r" in text
    assert not text.startswith("{")
    assert "\x1b" not in text
