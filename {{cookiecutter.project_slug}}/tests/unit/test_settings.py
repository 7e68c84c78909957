"""The settings of this service: defaults, bounds, and what may not start (guarantee G13)."""

from functools import partial
from pathlib import Path

import pytest

from {{cookiecutter.package_name}} import settings
from {{cookiecutter.package_name}}.backends import BackendSettings
from {{cookiecutter.package_name}}.domain.policies import Rate
from {{cookiecutter.package_name}}.runtime.environment import SettingsError
from {{cookiecutter.package_name}}.runtime.server_settings import ServerSettings
from {{cookiecutter.package_name}}.settings import PACKAGE, load_settings
from {{cookiecutter.package_name}}.sources import SourceSettings

RANDOM = "".join(f"{n * 7919 % 251:02x}" for n in range(64))
RSA = {"APP_JWT_ALGORITHMS": "RS256", "APP_JWT_JWKS_URL": "https://issuer.example/keys"}

bare = partial(
    settings.Settings,
    server=ServerSettings(),
    backends=BackendSettings(),
    source=SourceSettings(),
)


def problems(env: str = "test", secret: str | None = RANDOM, **environ: str) -> str:
    """What is wrong, in one text; in production there is more, as no store is named here."""
    environ |= {"APP_ENV": env} if env else {}
    environ |= {"APP_JWT_SECRET": secret} if secret is not None else {}
    try:
        load_settings(environ)
    except SettingsError as error:
        return "\n".join(error.problems)
    return ""


def test_defaults() -> None:
    found = load_settings({"APP_ENV": "test", "APP_JWT_SECRET": RANDOM})
    assert (found.host, found.port, found.server.web_concurrency) == ("127.0.0.1", 8000, 1)
    assert found.jwt_algorithms == ("HS256",)
    assert found.jwt_audience == found.jwt_issuer == PACKAGE
    assert (found.transports, found.allowed_origins) == (("websocket",), ())
    assert (found.ping_interval, found.ping_timeout, found.connect_timeout) == (25, 20, 10)
    assert (found.max_message_bytes, found.history_size, found.drain_seconds) == (65536, 1000, 20)
    assert (found.max_connections_per_ip, found.max_connections_per_user) == (200, 20)
    assert found.trusted_proxies == 0
    assert found.rate_handshake == Rate.parse("120/60s:60")
    assert found.rate_events == Rate.parse("50/1s:100")
    assert found.rate_message == Rate.parse("120/60s:20")
    assert found.rate_http == Rate.parse("600/60s:100")


def test_without_app_env_it_is_production() -> None:
    assert bare().env == "production"
    assert "is a placeholder" in problems(env="", secret="change-me-change-me-change-me-change")


@pytest.mark.parametrize("env", ["development", "test", "production"])
def test_console_and_log_depend_on_the_environment(env: str) -> None:
    found = bare(env=env)  # type: ignore[arg-type]
    production = env == "production"
    assert found.shows_console is not production
    assert found.log_format == ("json" if production else "console")
    assert bare(env="production", console=True).shows_console
    other = bare(env="production", log_style="console")
    assert other.log_format == "console"


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("APP_ENV", "staging"),
        ("HOST", "x" * 256),
        ("PORT", "65536"),
        ("PORT", "http"),
        ("WEB_CONCURRENCY", "0"),
        ("APP_JWT_ALGORITHMS", "none"),
        ("APP_JWT_ALGORITHMS", ","),
        ("APP_JWT_JWKS_URL", "ftp://issuer.example"),
        ("APP_JWT_JWKS_URL", "https://user:pass@issuer.example"),
        ("APP_JWT_LEEWAY", "-1"),
        ("APP_ALLOWED_ORIGINS", "https://chat.example/"),
        ("APP_ALLOWED_ORIGINS", "chat.example"),
        ("APP_ALLOWED_ORIGINS", "https://*.example"),
        ("APP_TRANSPORTS", "webtransport"),
        ("APP_SERIALIZER", "protobuf"),
        ("APP_PING_INTERVAL", "2.5"),
        ("APP_PING_INTERVAL", "0"),
        ("APP_PING_TIMEOUT", "301"),
        ("APP_MAX_MESSAGE_BYTES", "100"),
        ("APP_CONNECT_TIMEOUT", "nan"),
        ("APP_MAX_CONNECTIONS_PER_IP", "0"),
        ("APP_TRUSTED_PROXIES", "-1"),
        ("APP_RATE_HANDSHAKE", "120/m"),
        ("APP_RATE_EVENTS", "0/1s"),
        ("APP_RATE_MESSAGE", "1/1s:0"),
        ("APP_RATE_HTTP", "many"),
        ("APP_DRAIN_SECONDS", "0"),
        ("APP_HISTORY_SIZE", "-5"),
        ("APP_CONSOLE", "perhaps"),
        ("APP_LOG_LEVEL", "chatty"),
        ("APP_LOG_FORMAT", "xml"),
    ],
)
def test_wrong_values_are_named(name: str, wrong: str) -> None:
    found = problems(**{"env": "", name: wrong}) if name == "APP_ENV" else problems(**{name: wrong})
    assert f"{name} must be " in found


def test_a_short_secret_is_refused_everywhere() -> None:
    for env in ("development", "test", "production"):
        assert "APP_JWT_SECRET is shorter than 32 bytes" in problems(env, secret=RANDOM[:31])
        assert "APP_JWT_SECRET is missing" in problems(env, secret=None)
    assert problems(secret=RANDOM[:32]) == ""


def test_a_secret_is_as_long_as_its_hash() -> None:
    assert "than 64 bytes" in problems(secret=RANDOM[:63], APP_JWT_ALGORITHMS="HS256,HS512")
    assert problems(secret=RANDOM[:64], APP_JWT_ALGORITHMS="HS256,HS512") == ""


def test_the_secret_is_asked_for_even_if_other_settings_are_wrong() -> None:
    found = problems("staging", secret="short", PORT="0x50")
    assert "APP_ENV must" in found
    assert "PORT must" in found
    assert "APP_JWT_SECRET is shorter" in found


@pytest.mark.parametrize("secret", ["ChangeMe" * 6, "your-256-bit-secret-" * 3, "insecure" * 6])
def test_a_placeholder_is_refused_in_production(secret: str) -> None:
    assert "APP_JWT_SECRET is a placeholder" in problems("production", secret=secret)
    assert problems("development", secret=secret) == ""


def test_unsafe_origins() -> None:
    assert "APP_ALLOWED_ORIGINS=*" in problems("production", APP_ALLOWED_ORIGINS="*")
    assert problems(APP_ALLOWED_ORIGINS="*") == ""
    assert "* and others" in problems(APP_ALLOWED_ORIGINS="*,https://chat.example")
    assert problems(APP_ALLOWED_ORIGINS="https://chat.example,http://[::1]:8000") == ""


def test_polling_is_for_one_worker() -> None:
    assert problems(APP_TRANSPORTS="websocket,polling") == ""
    found = problems(APP_TRANSPORTS="websocket,polling", WEB_CONCURRENCY="2")
    # where there is one worker anyway, that is said first
    assert "APP_TRANSPORTS has polling" in found or "WEB_CONCURRENCY must be" in found


def test_several_workers_need_a_common_store() -> None:
    assert "WEB_CONCURRENCY" in problems(WEB_CONCURRENCY="2")


def test_other_algorithms_need_keys() -> None:
    assert problems(secret=None, **RSA) == ""
    assert problems(**RSA | {"APP_JWT_ALGORITHMS": "HS256,RS256"}) == ""
    assert "APP_JWT_JWKS_URL is missing" in problems(APP_JWT_ALGORITHMS="HS256,EdDSA")
    assert "APP_JWT_JWKS_URL has no effect" in problems(APP_JWT_JWKS_URL=RSA["APP_JWT_JWKS_URL"])


def test_keys_come_over_https_in_production() -> None:
    plain = RSA | {"APP_JWT_JWKS_URL": "http://issuer.example/keys"}
    local = RSA | {"APP_JWT_JWKS_URL": "http://127.0.0.1:9000/keys"}
    assert "APP_JWT_JWKS_URL is http://" in problems("production", secret=None, **plain)
    assert "APP_JWT_JWKS_URL" not in problems("production", secret=None, **local)
    assert problems(secret=None, **plain) == ""


def test_dotenv_is_read_in_development_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("APP_ENV", "APP_JWT_SECRET", "APP_HISTORY_SIZE"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / ".env").write_text(
        f"APP_ENV=development\nAPP_JWT_SECRET={RANDOM}\nAPP_HISTORY_SIZE=7\n"
    )
    assert load_settings().history_size == 7
    monkeypatch.setenv("APP_ENV", "production")
    with pytest.raises(SettingsError, match="APP_JWT_SECRET is missing"):
        load_settings()


def test_the_process_ends_with_every_problem_on_stderr(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("APP_ENV", "test")
    monkeypatch.setenv("PORT", "x")
    monkeypatch.setenv("APP_JWT_SECRET", "tiny-one")
    with pytest.raises(SystemExit) as raised:
        settings.settings_or_exit()
    assert raised.value.code == 2
    said = capsys.readouterr().err
    assert "PORT must be" in said
    assert "APP_JWT_SECRET is shorter" in said
    assert "tiny-one" not in said
