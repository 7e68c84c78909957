"""Every event of this service, once.

Validation, acknowledgements, AsyncAPI and the TypeScript types all come from
:data:`~.namespaces.NAMESPACES`. To add an event: write its types here, list it in its namespace
(``/feed`` is in ``namespaces.py``), and give the namespace class in ``realtime/`` a method
``on_<name>``.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import Meta

from .contract import Ack, Command, Namespace, Notice, Payload
from .rooms import ROOM_PATTERN
from .ticks import MAX_SYMBOLS, SYMBOL_PATTERN, Tick

# ``(?![\s\S])`` is "end of text" in Python and in JavaScript; ``$`` would let "room\n" pass.
Room = Annotated[str, Meta(pattern=ROOM_PATTERN, description="Room name.", examples=["lobby"])]
MessageId = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=128,
        pattern=r"^[^\u0000-\u001f\u007f]+(?![\s\S])",
        description="Idempotency key, chosen by the client.",
        examples=["m-1"],
    ),
]
Text = Annotated[
    str,
    Meta(min_length=1, max_length=4000, pattern=r"^[^\u0000]+(?![\s\S])", examples=["Hello!"]),
]
User = Annotated[str, Meta(description="Subject of a token.", examples=["ada"])]
Symbol = Annotated[
    str, Meta(pattern=SYMBOL_PATTERN, description="What is traded.", examples=["ACME"])
]
Symbols = Annotated[list[Symbol], Meta(min_length=1, max_length=MAX_SYMBOLS)]
Moment = Annotated[datetime, Meta(tz=True)]
Token = Annotated[str, Meta(min_length=1, max_length=8192)]
Offset = Annotated[int, Meta(ge=0, le=2**53 - 1)]
Epoch = Annotated[str, Meta(min_length=1, max_length=64)]


class Position(Payload, frozen=True, gc=False):
    """A place in a room's message log. Offsets count up by one within an epoch."""

    epoch: Epoch
    offset: Offset


class Join(Payload, frozen=True):
    room: Room
    since: Position | None = None


class Leave(Payload, frozen=True):
    room: Room


class SendMessage(Payload, frozen=True):
    room: Room
    text: Text
    id: MessageId


class Subscribe(Payload, frozen=True):
    """``since``: the client has what came until then; the snapshot holds only what is newer."""

    symbols: Symbols
    since: Moment | None = None


class Unsubscribe(Payload, frozen=True):
    symbols: Symbols


class TokenRefresh(Payload, frozen=True):
    token: Token


class Message(msgspec.Struct, frozen=True, gc=False):  # in no cycle: a long history costs nothing
    """A chat message as it is stored and delivered."""

    room: str
    id: str
    offset: int
    epoch: str
    user: User
    text: str
    sent_at: Moment


class Joined(Ack, frozen=True):
    """``recovered``: ``messages`` are all that followed ``since``; else they are the latest."""

    room: str
    epoch: str
    offset: int
    recovered: bool
    messages: list[Message]
    members: list[User]


class Left(Ack, frozen=True):
    room: str


class Sent(Ack, frozen=True):
    id: str
    offset: int
    duplicate: bool


class Subscribed(Ack, frozen=True):
    """``snapshot``: the latest tick of each symbol that has any; ``ticks`` go on from there."""

    snapshot: list[Tick]


class Unsubscribed(Ack, frozen=True):
    """Nothing more comes of these symbols."""


class TokenRefreshed(Ack, frozen=True):
    expires_at: Moment


class PresenceChange(msgspec.Struct, frozen=True):
    room: str
    joined: list[User]
    left: list[User]


class Ticks(msgspec.Struct, frozen=True):
    """Of one symbol, in the order they came."""

    ticks: list[Tick]


class TokenExpiring(msgspec.Struct, frozen=True):
    """``expires_in`` is in seconds."""

    expires_in: int


class ServerDraining(msgspec.Struct, frozen=True):
    """``retry_in`` is in seconds and differs from client to client, to spread their return."""

    retry_in: float


TOKEN_REFRESH = Command("token_refresh", TokenRefresh, TokenRefreshed, "Go on with a newer token.")
TOKEN_EXPIRING = Notice("token_expiring", TokenExpiring, "The token ends soon; refresh it.")
SERVER_DRAINING = Notice("server_draining", ServerDraining, "This worker stops; come back later.")
MESSAGE = Notice("message", Message, "A message in a room you joined.")
PRESENCE = Notice("presence", PresenceChange, "Who came to and who left a room you joined.")
TICKS = Notice("ticks", Ticks, "News of a symbol.", when_slow="coalesce", coalesced_by="symbol")

CHAT = Namespace(
    path="/chat",
    scope="chat",
    commands=(
        Command("join", Join, Joined, "Enter a room, and catch up from where you were."),
        Command("leave", Leave, Left, "Leave a room."),
        Command("message", SendMessage, Sent, "Say something in a room you joined."),
        TOKEN_REFRESH,
    ),
    notices=(MESSAGE, PRESENCE, TOKEN_EXPIRING, SERVER_DRAINING),
)
