"""Typed settings from environment variables, with every mistake reported at once.

No value is ever repeated in a message: a secret set under the wrong name stays secret.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from hmac import compare_digest
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Generic, TypeVar, Union, get_args, get_origin

import msgspec
from dotenv import dotenv_values
from msgspec import inspect

S = TypeVar("S", bound=msgspec.Struct)

MAX_FILE_BYTES = 64 * 1024


class Secret:
    """A text that shows as ``***`` wherever it is printed, logged or formatted."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        return self._text

    def __repr__(self) -> str:
        return "***"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        return compare_digest(self._text.encode(), other._text.encode())

    def __hash__(self) -> int:
        return hash(self._text)


class SettingsError(Exception):
    """The environment does not describe a service that may start.

    :param problems: one sentence each: the setting, what is wrong, what to do.
    """

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("\n".join(("invalid settings:", *(f"  {line}" for line in problems))))
        self.problems = list(problems)


@dataclass(frozen=True, slots=True)
class Rule(Generic[S]):
    """A condition on several settings at once.

    :param fields: what it looks at; it is not asked when one of these is wrong in itself.
    :param find: returns the problems, none if all is well.
    """

    fields: Collection[str]
    find: Callable[[S], Iterable[str]]


def refuse(*fields: str, when: Callable[[S], bool], problem: str) -> Rule[S]:
    """A rule with one problem."""
    return Rule(fields, lambda settings: [problem] if when(settings) else [])


def load(
    cls: type[S],
    *,
    unprefixed: Collection[str] = (),
    prefix: str = "APP_",
    environ: Mapping[str, str] | None = None,
    dotenv: Path | None = None,
    rules: Iterable[Rule[S]] = (),
) -> S:
    """Read an instance of `cls` from the environment.

    The field ``ping_interval`` comes from ``APP_PING_INTERVAL``, or from the file that
    ``APP_PING_INTERVAL_FILE`` names; fields of nested structs are read in the same way. An empty
    variable counts as unset. Lists are separated by commas. A type may bring a class method
    ``parse(text)``, whose :exc:`ValueError` says what is expected without repeating the text.

    :param unprefixed: fields whose variable has no prefix.
    :param environ: instead of the environment of this process.
    :param dotenv: a file with further variables; the environment comes first.
    :raises SettingsError: with all problems, also those that `rules` find.
    """
    sources, problems = _sources(environ, dotenv)
    variables = list(_variables(cls, unprefixed, prefix))
    values: dict[str, object] = {}
    wrong: set[str] = set()
    for variable in variables:
        try:
            text = _look_up(variable.name, sources)
            if text is not None:
                values[variable.field] = _convert(text, variable.type)
            elif variable.required:
                raise ValueError("is required")
        except ValueError as error:
            problems.append(f"{variable.name} {error}")
            wrong.add(variable.field)
    problems += _unknown(prefix, [variable.name for variable in variables], sources)
    if not any(variable.required and variable.field in wrong for variable in variables):
        settings = _build(cls, values)
        for rule in rules:
            if wrong.isdisjoint(rule.fields):
                problems += rule.find(settings)
    if problems:
        raise SettingsError(problems)
    return settings


def _sources(
    environ: Mapping[str, str] | None, dotenv: Path | None
) -> tuple[list[Mapping[str, str]], list[str]]:
    sources: list[Mapping[str, str]] = [os.environ if environ is None else environ]
    if dotenv is None or not dotenv.is_file():
        return sources, []
    try:
        found = dotenv_values(dotenv, interpolate=False, encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return sources, [f"{dotenv.name} cannot be read as UTF-8 text; mend or remove it"]
    return [*sources, {name: text for name, text in found.items() if text}], []


@dataclass(frozen=True, slots=True)
class _Variable:
    name: str
    field: str
    type: Any
    required: bool


def _variables(
    cls: type[msgspec.Struct], unprefixed: Collection[str], prefix: str
) -> Iterator[_Variable]:
    for field in msgspec.structs.fields(cls):
        if isinstance(field.type, type) and issubclass(field.type, msgspec.Struct):
            yield from _variables(field.type, unprefixed, prefix)
        else:
            name = field.encode_name.upper()
            if field.name not in unprefixed:
                name = prefix + name
            yield _Variable(name, field.name, _without_none(field.type), field.required)


def _build(cls: type[S], values: Mapping[str, object]) -> S:
    arguments: dict[str, object] = {}
    for field in msgspec.structs.fields(cls):
        if isinstance(field.type, type) and issubclass(field.type, msgspec.Struct):
            arguments[field.name] = _build(field.type, values)
        elif field.name in values:
            arguments[field.name] = values[field.name]
    return cls(**arguments)


def _look_up(name: str, sources: Iterable[Mapping[str, str]]) -> str | None:
    for source in sources:
        text = source.get(name, "").strip()
        path = source.get(f"{name}_FILE", "").strip()
        if text and path:
            raise ValueError(f"and {name}_FILE are both set; unset one of them")
        if path:
            return _read(Path(path), f"{name}_FILE")
        if text:
            if not text.isascii() and not _is_text(text):
                raise ValueError("is not valid UTF-8")
            return text
    return None


def _read(path: Path, name: str) -> str:
    source = f"the file that {name} names"
    try:
        with path.open("rb") as file:
            content = file.read(MAX_FILE_BYTES + 1)
        text = content.decode().strip()
    except UnicodeDecodeError:
        raise ValueError(f"is not UTF-8 text in {source}") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "not a path"
        raise ValueError(f"cannot be read from {source} ({reason})") from None
    if len(content) > MAX_FILE_BYTES:
        raise ValueError(f"has more than {MAX_FILE_BYTES} bytes in {source}")
    if not text:
        raise ValueError(f"is empty in {source}")
    return text


def _is_text(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _unknown(
    prefix: str, names: Sequence[str], sources: Iterable[Mapping[str, str]]
) -> Iterator[str]:
    known = {*names, *(f"{name}_FILE" for name in names)}
    found = {name for source in sources for name in source if name.startswith(prefix)}
    for name in sorted(found - known):
        bare = name.removeprefix(prefix)
        near = [bare] if bare in known else get_close_matches(name, known, n=1, cutoff=0.7)
        hint = f"did you mean {near[0]}?" if near else "unset it"
        yield f"{name} is not a setting of this service; {hint}"


def _convert(text: str, type_: Any) -> object:
    if type_ is Secret:
        return Secret(text)
    if hasattr(type_, "parse"):
        try:
            return type_.parse(text)
        except ValueError as error:
            raise ValueError(f"must be {error}") from None
    info = inspect.type_info(type_)
    is_list = isinstance(_bare(info), inspect.VarTupleType)
    raw = [item for part in text.split(",") if (item := part.strip())] if is_list else text
    try:
        return msgspec.convert(raw, type_, strict=False)
    except msgspec.ValidationError:  # its text repeats the value
        raise ValueError(f"must be {_expected(info)}") from None


def _expected(info: inspect.Type) -> str:
    match info:
        case inspect.Metadata(extra_json_schema={"description": str(words)}):
            return words
        case inspect.Metadata(type=inner):
            return _expected(inner)
        case inspect.LiteralType(values=values):
            return "one of " + ", ".join(map(str, values))
        case inspect.BoolType():
            return "true or false (or 1, 0)"
        case inspect.IntType():
            return "a whole number" + _bounds(info)
        case inspect.FloatType():
            return "a number" + _bounds(info)
        case inspect.VarTupleType(item_type=item):
            return f"a list, separated by commas; each item must be {_expected(item)}"
        case _:
            return "a text"


def _bounds(info: inspect.IntType | inspect.FloatType) -> str:
    low = f" of at least {info.ge:.12g}" if info.ge is not None else ""
    low = f" above {info.gt:.12g}" if info.gt is not None else low
    high = f" up to {info.le:.12g}" if info.le is not None else ""
    return low + (" and" if low and high else "") + high


def _bare(info: inspect.Type) -> inspect.Type:
    return info.type if isinstance(info, inspect.Metadata) else info


def _without_none(type_: Any) -> Any:
    if get_origin(type_) not in (Union, UnionType):
        return type_
    rest = [part for part in get_args(type_) if part is not NoneType]
    return rest[0] if len(rest) == 1 else Union[tuple(rest)]  # noqa: UP007
