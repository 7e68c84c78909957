"""The shapes in which the event contract is written down."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import msgspec

SlowReader = Literal["disconnect", "drop_oldest", "coalesce"]
"""What happens to a notice when a client reads more slowly than it is sent."""


class Payload(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a client sends with an event. Unknown fields are refused, by name."""


class Ack(msgspec.Struct, frozen=True, kw_only=True):
    """The acknowledgement of an event that was carried out."""

    ok: Literal[True] = True


@dataclass(frozen=True, slots=True)
class Command:
    """An event that clients send and the service acknowledges."""

    name: str
    payload: type[Payload]
    ack: type[Ack]
    doc: str


@dataclass(frozen=True, slots=True)
class Notice:
    """An event that the service sends.

    `coalesced_by`: the text field by which ``coalesce`` tells apart what the notices are about; the
    newest of each is kept. Without, it is the newest of all.
    """

    name: str
    payload: type[msgspec.Struct]
    doc: str
    when_slow: SlowReader = "disconnect"
    coalesced_by: str | None = None


@dataclass(frozen=True, slots=True)
class Namespace:
    """One Socket.IO namespace: the scope it asks of a token, and its events."""

    path: str
    scope: str
    commands: tuple[Command, ...]
    notices: tuple[Notice, ...]

    def command(self, name: str) -> Command | None:
        return next((command for command in self.commands if command.name == name), None)
