"""What a worker tells of its sockets."""

from __future__ import annotations

import os
import secrets
import socket
import time
from collections import Counter
from collections.abc import Mapping
from itertools import islice
from typing import Any

import msgspec

from ..redaction import redact_text
from ..server import RealtimeServer
from ..sessions import Session, Sessions

MAX_SHOWN = 1000
"""Sockets of one worker that are told of one by one; all are counted."""
LONGEST = 200


class Shown(msgspec.Struct, frozen=True):
    """A socket. Of its handshake there is what an operator needs: no cookie, no query, no token."""

    sid: str
    connection: str
    namespace: str
    user: str
    ends_at: float
    address: str
    transport: str
    secure: bool
    agent: str
    origin: str
    rooms: list[str]


class Report(msgspec.Struct, frozen=True):
    """A worker at one moment."""

    worker: str
    host: str
    pid: int
    uptime: float
    connections: int
    polling: int
    namespaces: dict[str, int]
    sockets: list[Shown]


class Reporter:
    """Reads the tables of this worker. `worker`: names it, in this run of it."""

    def __init__(self, server: RealtimeServer, sessions: Sessions) -> None:
        self.worker = secrets.token_hex(8)
        self._server = server
        self._sessions = sessions
        self._began = time.monotonic()

    def report(self) -> Report:
        sessions = list(self._sessions)
        shown = list(islice(sessions, MAX_SHOWN))
        connections = list(self._server.eio.sockets.values())
        return Report(
            worker=self.worker,
            host=socket.gethostname(),
            pid=os.getpid(),
            uptime=time.monotonic() - self._began,
            connections=len(connections),
            polling=sum(not one.upgraded for one in connections),
            namespaces=Counter(session.namespace for session in sessions),
            sockets=[self._shown(session) for session in shown],
        )

    def _shown(self, session: Session) -> Shown:
        environ: Mapping[str, Any] = self._server.environ.get(session.connection) or {}
        connection = self._server.eio.sockets.get(session.connection)
        rooms = self._server.manager.get_rooms(session.sid, session.namespace)
        return Shown(
            sid=session.sid,
            connection=session.connection,
            namespace=session.namespace,
            user=session.user,
            ends_at=session.ends_at,
            address=session.address,
            transport="polling" if connection and not connection.upgraded else "websocket",
            secure=environ.get("wsgi.url_scheme") in ("https", "wss"),
            agent=redact_text(str(environ.get("HTTP_USER_AGENT", "")), LONGEST),
            origin=redact_text(str(environ.get("HTTP_ORIGIN", "")), LONGEST),
            rooms=sorted(map(str, rooms)),
        )
