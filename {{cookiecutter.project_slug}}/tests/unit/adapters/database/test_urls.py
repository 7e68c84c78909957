"""Which databases are accepted, and what the others are told."""

from pathlib import Path

import pytest

from {{cookiecutter.package_name}}.adapters.database import database_problems, urls
from {{cookiecutter.package_name}}.adapters.database.drivers import DRIVERS
from {{cookiecutter.package_name}}.adapters.database.urls import resolve

PASSWORD = "hunter2"


@pytest.mark.parametrize("env", ["production", "development", "test"])
def test_a_file_is_accepted(tmp_path: Path, env: str) -> None:
    for scheme in ("sqlite", "sqlite+pysqlite"):
        assert database_problems(f"{scheme}:///{tmp_path}/a.sqlite3", env=env) == []
    driver, url = resolve(f"sqlite:///{tmp_path}/a.sqlite3")
    assert url.drivername == driver.name
    assert url.database == f"{tmp_path}/a.sqlite3"


def test_only_production_needs_a_url() -> None:
    for url in (None, ""):
        assert database_problems(url, env="development") == []
        [problem] = database_problems(url, env="production")
        assert "DATABASE_URL is not set" in problem


@pytest.mark.parametrize(
    ("url", "part"),
    [
        ("not a url", "is not a URL"),
        (f"sqlite://user:{PASSWORD}@host:port/name", "is not a URL"),
        (f"sqlite://user:{PASSWORD}@{PASSWORD}@host/name", "more than one '@'"),
        (f"mysql://user:{PASSWORD}@host/name", "begins with mysql://"),
        (f"postgresql+asyncpg://user:{PASSWORD}@host/name", "postgresql"),
        ("sqlite+aiosqlite:///a.sqlite3", "leave the driver out"),
        ("sqlite://", "must name a file"),
        ("sqlite:///:memory:", "must name a file"),
        ("sqlite:///file:name?mode=memory&uri=true", "must name a file"),
        ("sqlite:////does/not/exist/a.sqlite3", "no directory /does/not/exist"),
    ],
)
def test_what_cannot_work_is_refused_without_the_password(url: str, part: str) -> None:
    for env in ("production", "development"):
        [problem] = database_problems(url, env=env)
        assert part in problem
        assert PASSWORD not in problem


def test_a_missing_driver_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(urls, "find_spec", lambda name: None)
    for scheme, driver in DRIVERS.items():
        [problem] = database_problems(f"{scheme}://host/name", env="production")
        assert f"package {driver.module} is not installed" in problem
