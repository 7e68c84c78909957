"""Where only WebSockets are taken, they are taken."""

from collections.abc import Iterable
from typing import Any

import pytest

from {{cookiecutter.package_name}}.runtime.gateway import WebSocketOnly
from {{cookiecutter.package_name}}.runtime.wsgi import Environ, StartResponse


@pytest.mark.parametrize("upgrade", ["websocket", "WebSocket"])
def test_websockets_are_let_through(upgrade: str) -> None:
    seen: list[str] = []

    def app(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        seen.append(environ["PATH_INFO"])
        return []

    def nothing(*_: Any) -> None: ...

    environ = {"PATH_INFO": "/socket.io/", "QUERY_STRING": "", "HTTP_UPGRADE": upgrade}
    assert WebSocketOnly(app)(environ, nothing) == []
    assert seen == ["/socket.io/"]
