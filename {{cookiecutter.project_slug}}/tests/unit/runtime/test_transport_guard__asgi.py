"""Where only WebSockets are taken, they are taken."""

from {{cookiecutter.package_name}}.runtime.asgi import Receive, Scope, Send
from {{cookiecutter.package_name}}.runtime.transport_guard import WebSocketOnly


async def test_websockets_are_let_through() -> None:
    seen: list[str] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        seen.append(scope["type"])

    async def nothing(*_: object) -> dict[str, str]:
        return {}

    scope = {"type": "websocket", "path": "/socket.io/", "query_string": b""}
    await WebSocketOnly(app)(scope, nothing, nothing)  # type: ignore[arg-type]
    assert seen == ["websocket"]
