"""A Socket.IO namespace whose handshakes and events all pass one place."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Protocol

import socketio
import structlog
from socketio.exceptions import ConnectionRefusedError as SocketRefused

from . import metrics, mode
from .backlog import Policies, Policy, WhenSlow
from .gate import CommandHandler, CommandType, Gate, Limit
from .handshake import Handshake, HandshakeRefused
from .refusal import Refusal
from .sessions import Session, Sessions

_log = logging.getLogger(__name__)

CLEANUP_TIMEOUT = 10.0
"""Seconds the product has to clean up after a socket that went."""


class NoticeType(Protocol):
    """What the machinery must know of an event that it sends."""

    @property
    def name(self) -> str: ...
    @property
    def when_slow(self) -> WhenSlow: ...
    @property
    def coalesced_by(self) -> str | None: ...


class NamespaceContract(Protocol):
    """What the machinery must know of a namespace."""

    @property
    def path(self) -> str: ...
    @property
    def scope(self) -> str: ...
    @property
    def commands(self) -> Sequence[CommandType]: ...
    @property
    def notices(self) -> Sequence[NoticeType]: ...


class GatedNamespace(socketio.AsyncNamespace):  # type: ignore[misc]
    """Base of the product's namespaces.

    A subclass has a method ``on_<event>(session, payload)`` for each event of its contract, which
    returns the acknowledgement or raises, and may override :meth:`gone`.

    :param address_of: the client address of an Engine.IO connection.
    :param leeway: seconds a session outlives its token, as the verifier allows for clocks.
    """

    def __init__(
        self,
        contract: NamespaceContract,
        *,
        sessions: Sessions,
        handshake: Handshake,
        address_of: Callable[[str], str],
        leeway: float,
        limits: Mapping[str, Limit],
        limit: Limit,
        explain: Callable[[Exception], Refusal | None],
    ) -> None:
        super().__init__(contract.path)
        self._contract = contract
        self._sessions = sessions
        self._handshake = handshake
        self._address_of = address_of
        self._leeway = leeway
        commands: dict[str, tuple[CommandType, CommandHandler]] = {
            command.name: (command, getattr(self, f"on_{command.name}"))
            for command in contract.commands
        }
        self._gate = Gate(contract.path, commands, limits=limits, limit=limit, explain=explain)
        self._accepted = metrics.HANDSHAKES.labels(contract.path, "accepted")
        self._connected = metrics.CONNECTIONS.labels(contract.path)

    @property
    def policies(self) -> Policies:
        """What becomes of its notices when a client reads too slowly."""
        path = self._contract.path
        return {
            (path, notice.name): Policy(notice.when_slow, notice.coalesced_by)
            for notice in self._contract.notices
        }

    def knows(self, event: str) -> bool:
        """Whether clients may send `event`: names of others must not become labels."""
        return any(command.name == event for command in self._contract.commands)

    async def gone(self, session: Session) -> None:
        """Called once after a session ended, however it did."""

    async def trigger_event(self, event: str, *args: Any) -> Any:
        if event == "connect":
            return await self._connect(*args)
        if event == "disconnect":
            return await self._disconnect(*args)
        session, payload = self._sessions.get(args[0]), args[1:]
        if session is None or not self._sessions.begin(session):
            return await self._gate(None, event, payload)
        try:
            return await self._gate(session, event, payload)
        finally:
            if self._sessions.finish(session):
                await self._clean_up(session, "a handler outlasted it")

    async def _connect(self, sid: str, environ: dict[str, Any], auth: object = None) -> None:
        connection = self.server.manager.eio_sid_from_sid(sid, self.namespace)
        address = self._address_of(connection)
        with structlog.contextvars.bound_contextvars(namespace=self.namespace, address=address):
            try:
                claims = await self._handshake(
                    self._contract.path, self._contract.scope, address, auth
                )
            except HandshakeRefused as refused:
                metrics.HANDSHAKES.labels(self.namespace, refused.code).inc()
                _log.info("handshake refused: %s", refused.code)
                raise SocketRefused(refused.message, refused.data) from None
            except Exception:
                metrics.HANDSHAKES.labels(self.namespace, "internal").inc()
                _log.exception("handshake failed")
                raise SocketRefused("something went wrong here", {"code": "internal"}) from None
            self._accepted.inc()
            self._connected.inc()
            _log.info("connected", extra={"user": claims.sub})
        self._sessions.add(
            Session(
                sid=sid,
                connection=connection,
                namespace=self.namespace,
                address=address,
                claims=claims,
                ends_at=claims.exp + self._leeway,
            )
        )

    async def _disconnect(self, sid: str, reason: str = "") -> None:
        session = self._sessions.remove(sid)
        if session is None:
            return
        self._connected.dec()
        if not session.outlasted:
            await self._clean_up(session, reason)

    async def _clean_up(self, session: Session, reason: str) -> None:
        with structlog.contextvars.bound_contextvars(
            request_id=secrets.token_hex(8), namespace=self.namespace, user=session.user
        ):
            try:
                await mode.within(CLEANUP_TIMEOUT, partial(self.gone, session))
            except Exception:
                _log.exception("clean-up after a socket failed")
            _log.info("disconnected: %s", reason)

    async def refresh(self, session: Session, token: str) -> Session:
        """Let `session` go on with a newer token.

        :raises Refusal: ``forbidden`` if the token is not good, lacks the scope, or is another's.
        """
        try:
            claims = await self._handshake.verify(token)
        except HandshakeRefused as refused:
            raise Refusal("forbidden", f"{refused.code}: {refused.message}") from None
        if claims.sub != session.user:
            raise Refusal("forbidden", "the new token is of another subject")
        if self._contract.scope not in claims.scopes:
            raise Refusal("forbidden", f"the new token lacks the scope {self._contract.scope}")
        self._sessions.renew(session, claims, claims.exp + self._leeway)
        return session
