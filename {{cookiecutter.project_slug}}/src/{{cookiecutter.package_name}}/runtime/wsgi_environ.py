"""A WSGI environ (PEP 3333) from an ASGI scope."""

from __future__ import annotations

import sys
from functools import lru_cache
from typing import IO, Any

from werkzeug.wsgi import FileWrapper

from .asgi import Scope
from .body_file import BodyFile

_FILE_BLOCK = 64 * 1024  # bytes; every block of a file costs a trip to the loop and back


def build_environ(scope: Scope, body: IO[bytes] | BodyFile) -> dict[str, Any]:
    """What the application sees of a request.

    ``REMOTE_ADDR`` is the scope's client: whoever stands outside has replaced a proxy's address by
    the client's. Strings are bytes in latin-1, as WSGI wants it.
    """
    root, path = scope.get("root_path", "").rstrip("/"), scope["path"]
    if root and (path == root or path.startswith(root + "/")):
        path = path[len(root) :]
    server = scope.get("server") or ("localhost", 80)
    client = scope.get("client") or ("", 0)
    environ: dict[str, Any] = {
        "REQUEST_METHOD": scope["method"],
        "SCRIPT_NAME": _wsgi(root),
        "PATH_INFO": _wsgi(path),
        "QUERY_STRING": scope["query_string"].decode("latin-1"),
        "SERVER_PROTOCOL": "HTTP/" + scope["http_version"],
        "SERVER_NAME": server[0],
        "SERVER_PORT": str(server[1] or 0),
        "REMOTE_ADDR": client[0],
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope.get("scheme", "http"),
        "wsgi.input": body,
        # Without this, werkzeug takes a body of unknown length (chunked) for an empty one.
        "wsgi.input_terminated": True,
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
        "wsgi.file_wrapper": _file_blocks,
        "asgi.scope": scope,
    }
    for name, value in scope["headers"]:
        key = _environ_key(name)
        if key is None:
            continue
        text = value.decode("latin-1")
        if key in environ:
            text = environ[key] + ("; " if key == "HTTP_COOKIE" else ",") + text
        environ[key] = text
    return environ


def _wsgi(text: str) -> str:
    return text if text.isascii() else text.encode("utf-8", "surrogateescape").decode("latin-1")


def _file_blocks(file: IO[bytes], _block: int = 0) -> FileWrapper:
    return FileWrapper(file, _FILE_BLOCK)


@lru_cache(maxsize=256)
def _environ_key(name: bytes) -> str | None:
    """``None`` for a name with an underscore: WSGI could not tell it from the one with a hyphen,
    and so a client could pass ``X_Forwarded_For`` by a proxy that watches ``X-Forwarded-For``."""
    if b"_" in name:
        return None
    key = name.decode("latin-1").upper().replace("-", "_")
    return key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else "HTTP_" + key
