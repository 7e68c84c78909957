"""What is refused before the service listens."""

import pytest

from {{cookiecutter.package_name}}.adapters.redis import redis_problems
from {{cookiecutter.package_name}}.backends import BackendSettings, backend_problems
from {{cookiecutter.package_name}}.runtime.environment import Secret


def about_redis(url: str | None, *, env: str, workers: int) -> list[str]:
    settings = BackendSettings(redis_url=Secret(url) if url is not None else None)
    problems = backend_problems(settings, env=env, workers=workers)
    return [problem for problem in problems if problem.startswith("REDIS_URL")]


def test_one_worker_may_develop_without_redis() -> None:
    assert about_redis(None, env="development", workers=1) == []
    assert about_redis(None, env="test", workers=1) == []


@pytest.mark.parametrize(("env", "workers"), [("development", 2), ("production", 1)])
def test_nothing_else_may(env: str, workers: int) -> None:
    assert len(about_redis(None, env=env, workers=workers)) == 1


@pytest.mark.parametrize(
    "url",
    [
        "redis://localhost",
        "redis://127.0.0.1:6379/0",
        "rediss://user:p%40ss@redis.example:6380/1?health_check_interval=30",
        "unix:///run/redis.sock?db=1",
        "valkey://localhost",
        "valkeys://user:secret@valkey.example:6380/1?ssl_cert_reqs=required",
        "redis+sentinel://one:26379,two:26379,three/0/primary",
        "valkeys+sentinel://user:p%40ss@[::1]:26379/0/primary?sentinel_password=hunter2",
    ],
)
def test_urls_that_redis_takes(url: str) -> None:
    assert redis_problems(url) == []
    assert about_redis(url, env="production", workers=8) == []


@pytest.mark.parametrize(
    "url",
    [
        "",
        "localhost:6379",
        "http://user:hunter2@localhost",
        "redis://:hunter2@localhost:port/0",
        "redis://:hunter2@localhost:99999/0",
        "redis://:hunter2/with/slash@localhost:6379/0",
        "redis://localhost:6379/0?socket_timeout=hunter2",
        "redis://[::1",
        "redis://:hunter2@localhost?colour=hunter2",
        "rediss://localhost?ssl_ca_certs=/not/there/hunter2",
        "redis+sentinel://:hunter2@one:26379,two:26379/primary",
        "redis+sentinel://:hunter2@one:26379,two:26379/primary/0",
        "redis+sentinel://:hunter2@one:26379,,two/0/primary",
        "redis+sentinel://:hunter2@one:port/0/primary",
        "redis+sentinel://:hunter2@one/0/primary?colour=hunter2",
        "unix+sentinel://:hunter2@one/0/primary",
        "redis+cluster://:hunter2@localhost:7000",
        "redis://:hunter2@one:7000,two:7000/0",
    ],
)
def test_other_urls_are_refused_without_being_shown(url: str) -> None:
    problems = redis_problems(url)
    assert len(problems) == 1
    assert "hunter2" not in problems[0]


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("redis+sentinel://one:26379/primary", "/0/name"),
        ("rediss+cluster://one:7000", "each signal would go to every node"),
        ("valkey://one:7000,two:7000", "several nodes"),
        ("redis://localhost?colour=red", "a parameter"),
        ("valkeys://localhost?ssl_ca_certs=/not/there.pem", "no such file"),
        ("localhost:6379", "valkeys://"),
    ],
)
def test_the_reason_is_said(url: str, words: str) -> None:
    assert words in redis_problems(url)[0]
