"""The doctor: one line for each check, and no secret in any."""

from pathlib import Path

import pytest

from {{cookiecutter.package_name}}.domain.errors import Unavailable
from {{cookiecutter.package_name}}.runtime import doctor, mode
from {{cookiecutter.package_name}}.runtime.doctor import Doctor


def test_backends_that_answer_fail_and_hang(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "CHECK_SECONDS", 0.05)
    said: list[str] = []
    report = Doctor(said.append)

    async def good() -> None:
        return

    async def bad() -> None:
        raise ConnectionError("redis://user:pa55word@host refused\nmore")

    async def slow() -> None:
        await mode.sleep(60)

    async def silent() -> None:
        raise OSError

    async def down() -> None:
        raise Unavailable("store")

    async def checks() -> None:
        await report.answers({"a": good, "b": bad, "c": slow, "d": silent, "e": down})

    todo = "; start it, or correct its address in the settings"

    report.run("backends", checks)
    assert said == [
        "ok       a",
        f"problem  b: redis://user:***@host refused more{todo}",
        f"problem  c: no answer within 0.05 s{todo}",
        f"problem  d: OSError{todo}",
        f"problem  e: the store does not answer{todo}",
    ]
    assert not report.well


def test_backends_that_do_not_open() -> None:
    said: list[str] = []
    report = Doctor(said.append)

    async def checks() -> None:
        raise RuntimeError("the database has no tables yet; run: migrate")

    report.run("backends", checks)
    assert said == ["problem  backends: the database has no tables yet; run: migrate"]
    assert not report.well


def test_files(tmp_path: Path) -> None:
    said: list[str] = []
    report = Doctor(said.append)
    (tmp_path / "there.js").touch()
    report.file("console", tmp_path / "there.js", "run: make assets")
    assert report.well
    report.file("console", tmp_path / "gone.js", "run: make assets")
    assert said == ["ok       console", "problem  console: gone.js is missing; run: make assets"]
    assert not report.well
