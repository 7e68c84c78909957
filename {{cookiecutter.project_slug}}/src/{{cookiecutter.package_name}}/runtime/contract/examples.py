"""One plausible value of a JSON Schema, for people who read the contract."""

from __future__ import annotations

from typing import Any

from .schemas import REF, Schema

MOMENT = "2026-01-31T12:00:00Z"


def example(schema: Schema, named: dict[str, Schema], name: str = "text") -> Any:
    """A value that `schema` admits: its own first example, else one made from its parts.

    A text without an example takes that of a field with the same `name` elsewhere in the contract,
    else it is the name itself.
    """
    for key in ("examples", "enum"):
        if schema.get(key):
            return schema[key][0]
    if "$ref" in schema:
        return example(named[schema["$ref"].removeprefix(REF)], named, name)
    if "anyOf" in schema:
        parts = sorted(schema["anyOf"], key=lambda part: part.get("type") == "null")
        return example(parts[0], named, name)
    match schema.get("type"):
        case "object":
            properties = schema.get("properties", {})
            return {field: example(part, named, field) for field, part in properties.items()}
        case "array":
            return [example(schema["items"], named, name)] if schema.get("items") else []
        case "string":
            return MOMENT if schema.get("format") == "date-time" else _text(name, named)
        case "integer" | "number" as kind:
            usual = schema.get("default", 42 if kind == "integer" else 1.5)
            least = max(usual, schema.get("minimum", usual))
            return min(least, schema.get("maximum", least))
        case "boolean":
            return False
    return None


def _text(name: str, named: dict[str, Schema]) -> str:
    for schema in named.values():
        for found in schema.get("properties", {}).get(name, {}).get("examples", ()):
            if isinstance(found, str):
                return found
    return name
