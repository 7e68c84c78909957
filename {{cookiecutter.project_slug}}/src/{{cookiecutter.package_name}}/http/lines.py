"""Bodies of lines, each one value in JSON (NDJSON), read while they arrive."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any, TypeAlias, TypeVar, get_args

import msgspec

from ..domain.errors import Refused
from ..runtime.refusal import describe_invalid

T = TypeVar("T")
Lines: TypeAlias = list[tuple[int, T]]
"""Values with the numbers of their lines, from 1."""

LINES = "application/x-ndjson"
MAX_LINE = 4096
"""Bytes."""
MOST = 500
"""Values that are handed on at once."""


def line_type(lines: Any) -> Any:
    """What a line is in ``AsyncIterator[Lines[T]]``."""
    [batch] = get_args(lines)
    [numbered] = get_args(batch)
    return get_args(numbered)[1]


async def decoded(chunks: AsyncIterator[bytes], of: type[T]) -> AsyncIterator[Lines[T]]:
    """The values in `chunks`: those that have come, as they come. Empty lines are passed over.

    :raises Refused: ``invalid_payload`` or ``too_large``, naming the line; all values before it
        have been handed on.
    """
    decoder = msgspec.json.Decoder(of)
    number, rest = 0, b""
    async for chunk in chunks:
        *lines, rest = (rest + chunk).split(b"\n")
        for start in range(0, len(lines), MOST):
            found, refusal = _read(lines[start : start + MOST], number, decoder)
            if found:
                yield found
            if refusal:
                raise refusal
            number += len(lines[start : start + MOST])
        if len(rest) > MAX_LINE:
            raise _too_long(number + 1)
    found, refusal = _read([rest], number, decoder)
    if found:
        yield found
    if refusal:
        raise refusal


def _read(
    lines: list[bytes], before: int, decoder: msgspec.json.Decoder[T]
) -> tuple[Lines[T], Refused | None]:
    """The values in `lines` up to the first bad one, and what is wrong with that."""
    found: Lines[T] = []
    for number, line in enumerate(lines, before + 1):
        if len(line) > MAX_LINE:
            return found, _too_long(number)
        if not line.strip():
            continue
        try:
            found.append((number, decoder.decode(line)))
        except msgspec.ValidationError as error:
            return found, Refused("invalid_payload", f"line {number}: {describe_invalid(error)}")
        except (ValueError, RecursionError):
            return found, Refused("invalid_payload", f"line {number}: it is not JSON in UTF-8")
    return found, None


def _too_long(number: int) -> Refused:
    return Refused("too_large", f"line {number}: it has more than {MAX_LINE} bytes")
