"""Reading settings: every kind of value, every kind of mistake, and no value in any message."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Literal

import msgspec
import pytest
from msgspec import Meta

from {{cookiecutter.package_name}}.runtime import environment
from {{cookiecutter.package_name}}.runtime.environment import Rule, Secret, SettingsError


class Pair:
    def __init__(self, left: int, right: int) -> None:
        self.left, self.right = left, right

    @classmethod
    def parse(cls, text: str) -> "Pair":
        left, _, right = text.partition("-")
        if not (left.isdigit() and right.isdigit()):
            raise ValueError("a pair such as 1-2")
        return cls(int(left), int(right))


class Store(msgspec.Struct, frozen=True, kw_only=True):
    store_url: Secret | None = None


class Config(msgspec.Struct, frozen=True, kw_only=True):
    port: Annotated[int, Meta(ge=1, le=65535)] = 8000
    level: Literal["low", "high"] = "low"
    colours: tuple[Literal["red", "green"], ...] = ()
    loud: bool | None = None
    pause: Annotated[float, Meta(gt=0)] = 1.5
    password: Secret | None = None
    pair: Pair | None = None
    named: str = msgspec.field(default="", name="other")
    store: Store


def read(
    environ: Mapping[str, str], dotenv: Path | None = None, rules: Sequence[Rule[Config]] = ()
) -> Config:
    return environment.load(
        Config, unprefixed={"port", "store_url"}, environ=environ, dotenv=dotenv, rules=rules
    )


def load(**environ: str) -> Config:
    return read(environ)


def problems(dotenv: Path | None = None, **environ: str) -> list[str]:
    with pytest.raises(SettingsError) as raised:
        read(environ, dotenv)
    return raised.value.problems


def test_every_kind_of_value() -> None:
    config = load(
        PORT=" 9000 ",
        APP_LEVEL="high",
        APP_COLOURS="red, green,",
        APP_LOUD="true",
        APP_PAUSE="0.5",
        APP_PASSWORD="hush",
        APP_PAIR="3-4",
        APP_OTHER="null",
        STORE_URL="redis://u:p@h",
        UNRELATED="x",
    )
    assert (config.port, config.level, config.colours) == (9000, "high", ("red", "green"))
    assert (config.loud, config.pause, config.named) == (True, 0.5, "null")
    assert config.password == Secret("hush")
    assert config.store.store_url == Secret("redis://u:p@h")
    assert config.pair
    assert (config.pair.left, config.pair.right) == (3, 4)


def test_an_empty_variable_is_unset() -> None:
    assert load(PORT="", APP_LOUD=" ", APP_PASSWORD_FILE="") == load()


def test_a_secret_never_shows() -> None:
    config = load(APP_PASSWORD="hush-hush")
    assert "hush" not in f"{config} {config!r} {config.password} {config.password!r:>5}"
    assert config.password
    assert config.password.reveal() == "hush-hush"
    assert config.password != "hush-hush"


def test_all_mistakes_at_once() -> None:
    found = problems(
        PORT="70000",
        APP_LEVEL="medium",
        APP_COLOURS="red,blue",
        APP_LOUD="maybe",
        APP_PAUSE="0",
        APP_PAIR="3",
        APP_PASWORD="x",
        APP_WHATEVER="x",
        APP_PORT="1",
    )
    assert found == [
        "PORT must be a whole number of at least 1 and up to 65535",
        "APP_LEVEL must be one of high, low",
        "APP_COLOURS must be a list, separated by commas; each item must be one of green, red",
        "APP_LOUD must be true or false (or 1, 0)",
        "APP_PAUSE must be a number above 0",
        "APP_PAIR must be a pair such as 1-2",
        "APP_PASWORD is not a setting of this service; did you mean APP_PASSWORD?",
        "APP_PORT is not a setting of this service; did you mean PORT?",
        "APP_WHATEVER is not a setting of this service; unset it",
    ]


def test_no_message_repeats_a_value() -> None:
    names = ("PORT", "APP_LEVEL", "APP_COLOURS", "APP_LOUD", "APP_PAUSE", "APP_PAIR", "APP_PASWORD")
    files = ("APP_PASSWORD_FILE", "APP_OTHER_FILE")
    with pytest.raises(SettingsError) as raised:
        read(dict.fromkeys((*names, *files), "s3cr3t-value"))
    assert len(raised.value.problems) == len(names) + len(files)
    assert "s3cr3t" not in str(raised.value)
    assert "s3cr3t" not in repr(raised.value)


def test_a_value_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text("hush\n")
    assert load(APP_PASSWORD_FILE=str(file)).password == Secret("hush")
    assert load(STORE_URL_FILE=str(file)).store.store_url == Secret("hush")


def test_files_that_cannot_be_used(tmp_path: Path) -> None:
    (tmp_path / "empty").write_text(" \n")
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")
    (tmp_path / "large").write_bytes(b"x" * 70_000)

    def problem(name: str) -> str:
        return problems(APP_PASSWORD_FILE=str(tmp_path / name))[0]

    assert "No such file" in problem("absent")
    assert "is empty" in problem("empty")
    assert "not UTF-8" in problem("binary")
    assert "more than" in problem("large")
    assert "Is a directory" in problem(".")
    assert "cannot be read" in problems(APP_PASSWORD_FILE="nul\0byte")[0]


def test_a_variable_and_its_file_together(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("hush")
    found = problems(APP_PASSWORD="hush", APP_PASSWORD_FILE=str(tmp_path / "secret"))
    assert found == ["APP_PASSWORD and APP_PASSWORD_FILE are both set; unset one of them"]


def test_bytes_that_are_no_text() -> None:
    assert problems(APP_OTHER=b"\xff".decode(errors="surrogateescape")) == [
        "APP_OTHER is not valid UTF-8"
    ]


def test_dotenv_comes_second(tmp_path: Path) -> None:
    dotenv = tmp_path / ".env"
    dotenv.write_text(
        "# comment\nPORT=7000\nAPP_LEVEL=high\nAPP_PASSWORD='a $b \"c'\nexport APP_OTHER=x\n"
    )
    config = read({"PORT": "9000"}, dotenv)
    assert (config.port, config.level, config.named) == (9000, "high", "x")
    assert config.password == Secret('a $b "c')
    assert read({"PORT": ""}, dotenv).port == 7000


def test_the_environment_overrides_a_file_named_in_dotenv(tmp_path: Path) -> None:
    dotenv = tmp_path / ".env"
    dotenv.write_text("APP_PASSWORD_FILE=/nowhere\n")
    assert read({"APP_PASSWORD": "hush"}, dotenv).password == Secret("hush")


def test_mistakes_in_dotenv(tmp_path: Path) -> None:
    dotenv = tmp_path / ".env"
    dotenv.write_text("APP_LEVLE=high\nAPP_LOUD=maybe\nOTHERS=1\n")
    assert len(problems(dotenv)) == 2
    dotenv.write_bytes(b"APP_LEVEL=\xff\n")
    assert problems(dotenv) == [".env cannot be read as UTF-8 text; mend or remove it"]
    assert read({}, tmp_path / "absent") == load()


def test_a_required_setting() -> None:
    class Strict(msgspec.Struct):
        must: int

    with pytest.raises(SettingsError) as raised:
        environment.load(Strict, environ={"APP_OTHER": "1"})
    assert raised.value.problems[0] == "APP_MUST is required"
    assert len(raised.value.problems) == 2


def test_rules_are_asked_unless_what_they_look_at_is_wrong() -> None:
    def rule(*fields: str) -> Rule[Config]:
        return environment.refuse(*fields, when=lambda config: True, problem=" ".join(fields))

    rules = (rule("port"), rule("port", "pause"), rule("level"))
    with pytest.raises(SettingsError) as raised:
        read({"APP_PAUSE": "never"}, None, rules)
    assert raised.value.problems == ["APP_PAUSE must be a number above 0", "port", "level"]
