"""JSON Schema of the contract's types, by msgspec, under ``#/components/schemas``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import msgspec
from msgspec import inspect

Schema = dict[str, Any]
REF = "#/components/schemas/"


def schemas_of(
    inbound: Sequence[Any], outbound: Sequence[Any]
) -> tuple[dict[Any, Schema], dict[str, Schema]]:
    """A schema for each type asked for, and the named schemas that these refer to.

    :param inbound: types that others send: a field with a default may be left out.
    :param outbound: types that the service sends: a field with a default is there nevertheless.
    """
    accepted, sent = structs(inbound), structs(outbound)
    types = list(dict.fromkeys([*accepted, *sent, *inbound, *outbound]))
    found, named = msgspec.json.schema_components(types, ref_template=REF + "{name}")
    schemas = dict(zip(types, found, strict=True))
    for schema in named.values():
        if "description" in schema:  # a docstring, in reST
            schema["description"] = " ".join(schema["description"].replace("``", "`").split())
    for struct in sent:
        if struct not in accepted:
            schema = named[schemas[struct]["$ref"].removeprefix(REF)]
            schema["required"] = always_present(struct)
            for field in schema["properties"].values():
                field.pop("default", None)
    return schemas, named


def structs(types: Iterable[Any]) -> list[type[msgspec.Struct]]:
    """The struct types in `types`, with those they are made of, each once, in order of sight."""
    found: dict[type[msgspec.Struct], None] = {}
    for info in inspect.multi_type_info(types):
        _collect(info, found)
    return list(found)


def _collect(info: inspect.Type, found: dict[type[msgspec.Struct], None]) -> None:
    if isinstance(info, inspect.StructType):
        if info.cls in found:
            return
        found[info.cls] = None
    for part in parts(info):
        _collect(part, found)


def parts(info: inspect.Type) -> Iterator[inspect.Type]:
    """The types that a type is directly made of."""
    match info:
        case inspect.Metadata(type=inner):
            yield inner
        case inspect.StructType(fields=fields):
            yield from (field.type for field in fields)
        case inspect.UnionType(types=types):
            yield from types
        case inspect.DictType(key_type=key, value_type=value):
            yield from (key, value)
        case inspect.TupleType(item_types=items):
            yield from items
        case inspect.CollectionType(item_type=item):
            yield item


def always_present(struct: type[msgspec.Struct]) -> list[str]:
    """The fields that every encoded `struct` has."""
    info = inspect.type_info(struct)
    assert isinstance(info, inspect.StructType)  # noqa: S101
    omits = struct.__struct_config__.omit_defaults
    return [
        field.encode_name
        for field in info.fields
        if field.required or not (omits or _is_unset(field))
    ]


def _is_unset(field: inspect.Field) -> bool:
    """Whether a field that is not required is left out unless it is given: UNSET by default."""
    return field.default is msgspec.NODEFAULT and field.default_factory is msgspec.NODEFAULT
