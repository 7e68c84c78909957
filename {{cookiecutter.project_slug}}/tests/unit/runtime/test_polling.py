"""A client that asks for polling in vain is told of in the log, which is not flooded by it."""

import logging

import pytest

from {{cookiecutter.package_name}}.runtime.polling import PollingRefusal


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [r.getMessage() for r in caplog.records if r.levelno == logging.WARNING]


def test_one_warning_per_address(caplog: pytest.LogCaptureFixture) -> None:
    refusal = PollingRefusal()
    for address in ("203.0.113.7", "203.0.113.8", "203.0.113.7"):
        refusal.body("transport=polling&token=secret", address)
    logged = warnings(caplog)
    assert len(logged) == 2
    assert "203.0.113.7" in logged[0]
    assert "secret" not in caplog.text


def test_the_memory_of_addresses_is_bounded(caplog: pytest.LogCaptureFixture) -> None:
    refusal = PollingRefusal()
    for number in range(1024):
        refusal.body("", f"first {number}")
    refusal.body("", "first 0")  # the latest again
    refusal.body("", "one more")  # in place of "first 1"
    caplog.clear()
    refusal.body("", "first 0")
    assert warnings(caplog) == []
    refusal.body("", "first 1")
    assert len(warnings(caplog)) == 1
    assert len(refusal._is_new._known) == 1024
