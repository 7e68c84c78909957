"""How schemathesis writes a body of type application/x-ndjson: what it made up, as two lines."""

from __future__ import annotations

import json
from typing import Any

import schemathesis


@schemathesis.serializer("application/x-ndjson")
def as_lines(_context: schemathesis.SerializationContext, value: Any) -> bytes:
    if isinstance(value, bytes):
        return value
    line = json.dumps(value, ensure_ascii=True).encode()
    return line + b"\n" + line + b"\n"
