"""Reports in the words of Socket.IO's Admin UI (``@socket.io/admin-ui``)."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from .reports import Report, Shown

FEATURES = ["ALL_EVENTS", "AGGREGATED_EVENTS"]
"""What it may show: sockets, rooms, counts. Not what would change anything."""

Event = tuple[str, Any]
"""A name and its arguments."""


def config() -> Event:
    return "config", {"supportedFeatures": FEATURES}


def everything(reports: list[Report]) -> Event:
    return "all_sockets", [_socket(shown) for report in reports for shown in report.sockets]


def statistics(report: Report, before: Report | None) -> Event:
    there = {shown.connection for shown in report.sockets}
    gone = {shown.connection for shown in before.sockets} if before is not None else there
    counts = {"rawConnection": len(there - gone), "rawDisconnection": len(gone - there)}
    moment = int(time.time() * 1000)
    return "server_stats", {
        "serverId": report.worker,
        "hostname": report.host,
        "pid": report.pid,
        "uptime": report.uptime,
        "clientsCount": report.connections,
        "pollingClientsCount": report.polling,
        "aggregatedEvents": [
            {"timestamp": moment, "type": kind, "count": count}
            for kind, count in counts.items()
            if count
        ],
        "namespaces": [
            {"name": name, "socketsCount": count}
            for name, count in sorted(report.namespaces.items())
        ],
    }


def changes(before: Report, after: Report) -> Iterator[Event]:
    """What has happened between two reports of a worker."""
    moment = datetime.now(UTC).isoformat()
    old = {shown.sid: shown for shown in before.sockets}
    new = {shown.sid: shown for shown in after.sockets}
    for sid in old.keys() - new.keys():
        yield "socket_disconnected", (old[sid].namespace, sid, "disconnected", moment)
    for sid, shown in new.items():
        if sid not in old:
            yield "socket_connected", (_socket(shown), moment)
            continue
        was, rooms = set(old[sid].rooms), set(shown.rooms)
        for room in sorted(rooms - was):
            yield "room_joined", (shown.namespace, room, sid, moment)
        for room in sorted(was - rooms):
            yield "room_left", (shown.namespace, room, sid, moment)
        if shown.transport != old[sid].transport:
            update = {"id": sid, "nsp": shown.namespace, "transport": shown.transport}
            yield "socket_updated", update


def _socket(shown: Shown) -> dict[str, Any]:
    ends = datetime.fromtimestamp(shown.ends_at, UTC).isoformat()
    return {
        "id": shown.sid,
        "clientId": shown.connection,
        "transport": shown.transport,
        "nsp": shown.namespace,
        "data": {"user": shown.user, "token ends": ends},
        "handshake": {
            "address": shown.address,
            "headers": {"user-agent": shown.agent, "origin": shown.origin},
            "query": {},
            "secure": shown.secure,
            "url": "",
            "issued": 0,
            "time": "",
        },
        "rooms": shown.rooms,
    }
