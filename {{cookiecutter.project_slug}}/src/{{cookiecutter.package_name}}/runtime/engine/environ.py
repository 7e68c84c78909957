"""The environ that handlers get of a WebSocket's request, as python-engineio makes it."""

from __future__ import annotations

import sys
from typing import Any

from ..asgi import Scope

_KEYS_KEPT = 256
_keys: dict[bytes, str] = {}


def environ_of(scope: Scope) -> dict[str, Any]:
    """A WSGI-like environ. It lives as long as its connection, so what repeats is shared."""
    query: str = scope["query_string"].decode("utf-8", "replace")
    environ = {
        **_ALIKE,
        "PATH_INFO": scope["path"],
        "QUERY_STRING": query,
        "RAW_URI": f"{scope['path']}?{query}" if query else scope["path"],
        "asgi.scope": scope,
    }
    for name, value in scope["headers"]:
        key, text = _keys.get(name) or _key(name), value.decode("latin-1")
        environ[key] = f"{environ[key]},{text}" if key in environ else text
    environ["wsgi.url_scheme"] = environ.get("HTTP_X_FORWARDED_PROTO", "http")
    return environ


def _key(name: bytes) -> str:
    key = name.decode("latin-1").upper().replace("-", "_")
    if key not in ("CONTENT_TYPE", "CONTENT_LENGTH"):
        key = f"HTTP_{key}"
    if len(_keys) < _KEYS_KEPT:
        _keys[name] = key
    return key


_ALIKE: dict[str, Any] = {
    "wsgi.errors": sys.stderr,
    "wsgi.version": (1, 0),
    "wsgi.async": True,
    "wsgi.multithread": False,
    "wsgi.multiprocess": False,
    "wsgi.run_once": False,
    "SERVER_SOFTWARE": "asgi",
    "REQUEST_METHOD": "GET",
    "SCRIPT_NAME": "",
    "SERVER_PROTOCOL": "HTTP/1.1",
    "REMOTE_ADDR": "127.0.0.1",
    "REMOTE_PORT": "0",
    "SERVER_NAME": "asgi",
    "SERVER_PORT": "0",
}
