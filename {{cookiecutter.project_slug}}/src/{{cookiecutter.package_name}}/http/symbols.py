"""Symbols named in an address."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from ..domain.contract import Payload
from ..domain.errors import Refused
from ..domain.events import Symbols

_PATTERN = r"^[A-Z0-9._-]+(,[A-Z0-9._-]+)*(?![\s\S])"


class SymbolsQuery(Payload, frozen=True):
    symbols: Annotated[
        str,
        Meta(
            pattern=_PATTERN,
            max_length=300,  # as escaped, that fits the request line of every server
            description="Separated by commas.",
            examples=["ACME,BOLT"],
        ),
    ]


def listed(symbols: str) -> list[str]:
    """What ``ACME,BOLT`` names.

    :raises Refused: ``invalid_payload``.
    """
    try:
        return msgspec.convert(list(dict.fromkeys(symbols.split(","))), Symbols)
    except msgspec.ValidationError as error:
        raise Refused("invalid_payload", f"symbols: {error}") from None
