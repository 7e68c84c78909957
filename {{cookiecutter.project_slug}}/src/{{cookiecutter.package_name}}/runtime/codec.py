"""JSON for Socket.IO by msgspec: events may be emitted as structs, without becoming dicts first.

The module itself is what python-socketio takes as its ``json`` argument (process-wide).
"""

from __future__ import annotations

import re
from typing import Any

import msgspec

from .client_event import ClientEvent, client_event

_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder()
decode = _decoder.decode
"""Decode JSON; raises :exc:`ValueError`, or :exc:`RecursionError` if it is nested too deeply."""
_PLAIN = frozenset({str, int, float, bool, type(None)})
_EVENT = re.compile(r"42(?:(/[^,?]{0,255}),)?([0-9]{1,15})?(?=\[)")

encode = _encoder.encode
"""Encode to compact JSON, as bytes; raises :exc:`TypeError` for a type JSON has no form for."""


def dumps(value: Any, **_: Any) -> str:
    """Encode to text. Formatting options of the standard library are accepted and ignored.

    :raises TypeError: for a type JSON has no form for.
    """
    return encode(value).decode()


def loads(text: str | bytes, **_: Any) -> Any:
    """Decode JSON. Lone surrogates are refused, as they could not be stored or sent on.

    :raises ValueError: if `text` is no JSON or is nested too deeply.
    """
    try:
        return decode(text)
    except RecursionError:
        raise ValueError("JSON is nested too deeply") from None


def event_of(message: str) -> ClientEvent | None:
    """An event that a client may send; ``None`` if `message` is not one beyond doubt."""
    match = _EVENT.match(message)
    if match is None:
        return None
    try:
        data = decode(message[match.end() :])
    except (ValueError, RecursionError):
        return None
    namespace, ack_id = match.groups("")
    return client_event(namespace, ack_id, data)


def holds_bytes(value: Any) -> bool:
    """Whether there are bytes in `value`, which Socket.IO then sends as attachments."""
    if isinstance(value, dict):
        value = value.values()
    elif not isinstance(value, list | tuple):
        return isinstance(value, bytes | bytearray)
    return not _PLAIN.issuperset(map(type, value)) and any(map(holds_bytes, value))


def values_of(result: Any) -> list[Any]:
    """What is emitted, or what a handler has returned, as arguments: a tuple is several."""
    return list(result) if isinstance(result, tuple) else [] if result is None else [result]
