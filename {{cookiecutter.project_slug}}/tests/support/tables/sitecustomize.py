"""Imported by Python when this directory is on its path: tells what is in a service's tables.

A thread in the worker writes the sizes to the file that ``TABLES`` names, which tests read (see
``tests/wire/test_residue.py``), as soon as one of that name and ``.wanted`` is there. Not before: a
look at all objects finds tuples that are just being made, and then Python cannot finish them.
"""

import gc
import json
import os
import threading
import time
from collections.abc import Callable, Sized
from pathlib import Path
from typing import Any

TABLES: dict[str, Callable[[Any], dict[str, Sized]]] = {
    "RealtimeServer": lambda server: {
        "connections": server.eio.sockets,
        "environ": server.environ,
        "binary packets": server._binary_packet,
        "attachments": server._serializer._attachment_bytes,
        "addresses": server._connections.addresses,
        "per address": server._connections.per_address,
        "rooms": [r for rooms in server.manager.rooms.values() for r in rooms.values() if r],
        "sockets": [s for sids in server.manager.eio_to_sid.values() for s in sids],
        "callbacks": server.manager.callbacks,
        "held": server.manager._held,
        "joined": server.manager._joined,
        "disconnecting": [s for sids in server.manager.pending_disconnect.values() for s in sids],
    },
    "Sessions": lambda sessions: {
        "sessions": sessions._by_sid,
        "per user": sessions._per_user,
    },
    "Chat": lambda chat: {"memberships": chat._rooms},
    "Fanout": lambda fanout: {"deliveries": fanout._rooms},
    "Presence": lambda presence: {"presence notices": presence._pending},
    "Feed": lambda feed: {
        "subscriptions": feed._sockets,
        "symbols": feed._symbols,
        "streams": feed._followings,
    },
    "MemoryPresence": lambda store: {"presence": store._rooms},
}


def sizes() -> dict[str, int]:
    found: dict[str, int] = {}
    for thing in gc.get_objects():
        for kind in type(thing).__mro__:
            if kind.__name__ in TABLES:
                for name, table in TABLES[kind.__name__](thing).items():
                    found[name] = found.get(name, 0) + len(table)
    return found


def report() -> None:
    path = Path(os.environ["TABLES"])
    while True:
        time.sleep(0.3)
        if not path.with_suffix(".wanted").exists():
            continue
        try:
            text = json.dumps(sizes())
        except (AttributeError, RuntimeError):
            continue  # it is just being made, or has changed in between
        unfinished = path.with_suffix(f".{os.getpid()}")
        unfinished.write_text(text)
        unfinished.replace(path)


def begin() -> None:
    threading.Thread(target=report, daemon=True).start()


def begin_soon(*_: object) -> None:
    """At the next garbage collection: not every server wants a new thread while it forks."""
    if begin_soon in gc.callbacks:
        gc.callbacks.remove(begin_soon)
        begin()
    else:
        gc.callbacks.append(begin_soon)


os.register_at_fork(after_in_child=begin_soon)
if "gunicorn" not in os.environ["SERVER"]:  # nothing forks: this process serves
    begin()
