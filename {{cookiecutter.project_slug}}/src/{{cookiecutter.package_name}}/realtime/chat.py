"""The namespace ``/chat``."""

from __future__ import annotations

from typing import Any

from ..domain.contract import Namespace
from ..domain.events import (
    Join,
    Joined,
    Leave,
    Left,
    SendMessage,
    Sent,
)
from ..runtime.sessions import Session
from ..services.chat import Chat, Member
from .authenticated import AuthenticatedNamespace


class ChatNamespace(AuthenticatedNamespace):
    """Hands the events of ``/chat`` to the :class:`~..services.chat.Chat` service."""

    def __init__(self, contract: Namespace, chat: Chat, **machinery: Any) -> None:
        super().__init__(contract, **machinery)
        self._chat = chat

    async def on_join(self, session: Session, command: Join) -> Joined:
        return await self._chat.join(_member(session), command)

    async def on_leave(self, session: Session, command: Leave) -> Left:
        return await self._chat.leave(_member(session), command)

    async def on_message(self, session: Session, command: SendMessage) -> Sent:
        return await self._chat.send(_member(session), command)

    async def gone(self, session: Session) -> None:
        await self._chat.gone(_member(session))


def _member(session: Session) -> Member:
    return Member(sid=session.sid, user=session.user, rooms=session.claims.rooms)
