"""What the engine needs of other packages is there; each failure names what has moved."""

from importlib import import_module
from importlib.metadata import version

import pytest
from engineio import AsyncServer as EngineServer
from engineio.async_socket import AsyncSocket
from picows import WSCloseCode, WSFrame, WSListener, WSMsgType
from socketio import AsyncManager, AsyncServer
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from {{cookiecutter.package_name}}.runtime.engine import (
    compat,
    http_class,
    server_class,
)
from {{cookiecutter.package_name}}.runtime.engine.messagepack import (
    FastMessagePackServer,
)
from {{cookiecutter.package_name}}.runtime.engine.polling import StockServer
from {{cookiecutter.package_name}}.runtime.engine.realtime import FastServer
from {{cookiecutter.package_name}}.runtime.engine.session import Session

from .serving import begun

NAMES = [(place, name) for place, names in compat.INTERNALS.items() for name in names.split()]
INSTANCE_NAMES = [
    (place, name) for place, names in compat.INSTANCES.items() for name in names.split()
]
PROTOCOL = begun(HttpToolsProtocol)
INSTANCES = {
    "engineio:AsyncServer": EngineServer(async_mode="asgi"),
    "socketio:AsyncServer": AsyncServer(async_mode="asgi"),
    "socketio:AsyncManager": AsyncManager(),
    "uvicorn.protocols.http.httptools_impl:HttpToolsProtocol": PROTOCOL,
    "uvicorn:Config": PROTOCOL.config,
    "uvicorn.server:ServerState": PROTOCOL.server_state,
}


@pytest.mark.parametrize(("place", "name"), NAMES)
def test_it_is_there(place: str, name: str) -> None:
    module, _, kind = place.partition(":")
    owner = import_module(module)
    assert hasattr(getattr(owner, kind) if kind else owner, name)


@pytest.mark.parametrize(("place", "name"), INSTANCE_NAMES)
def test_instances_have_it(place: str, name: str) -> None:
    assert hasattr(INSTANCES[place], name)


@pytest.mark.parametrize("distribution", compat.TESTED)
def test_the_installed_version_is_one_of_the_tested(distribution: str) -> None:
    first, last = compat.TESTED[distribution]
    found = tuple(map(int, version(distribution).split(".")[:2]))
    assert first <= found <= last, f"try {distribution} {version(distribution)} and widen TESTED"


def test_nothing_stands_in_the_way() -> None:
    assert compat.obstacle() is None
    assert server_class("fast", "json") is FastServer
    assert server_class("fast", "msgpack") is FastMessagePackServer
    assert http_class("fast").endswith(".engine.protocol:HttpProtocol")
    assert http_class("stock") == "httptools"


def test_another_version_is_served_as_stock_and_said(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setitem(dict_of(compat.TESTED), "picows", ((99, 0), (99, 1)))
    assert server_class("fast", "json") is StockServer
    assert http_class("fast") == "httptools"
    assert f"picows {version('picows')} is not a version it is tested with" in caplog.text


def test_a_missing_name_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(dict_of(compat.INTERNALS), "engineio:AsyncServer", "no_such_method")
    assert compat.obstacle() == "engineio:AsyncServer.no_such_method is not there"


def dict_of(mapping: object) -> dict[str, object]:
    assert isinstance(mapping, dict)
    return mapping


def test_a_session_has_what_engineio_uses_of_a_socket() -> None:
    socket = AsyncSocket(INSTANCES["engineio:AsyncServer"], "sid")
    used = {"send", "close", "closed", "closing", "connected", "upgraded", "upgrading", "session"}
    used |= {"sid", "server", "queue", "check_ping_timeout"}
    assert used <= {*dir(socket)}
    assert used <= {*dir(Session)}


def test_engineio_swaps_its_sockets_class() -> None:
    """It has no slots, and nobody has subclassed it on the way."""
    socket = AsyncSocket(INSTANCES["engineio:AsyncServer"], "sid")
    assert type(socket) is AsyncSocket
    assert hasattr(socket, "__dict__")


def test_picows_speaks_of_frames_as_expected() -> None:
    assert {"fin", "rsv1", "rsv2", "rsv3", "msg_type", "payload_size", "last_in_buffer"} <= {
        *dir(WSFrame)
    }
    assert {"on_ws_connected", "on_ws_frame", "on_ws_disconnected", "pause_writing"} <= {
        *dir(WSListener)
    }
    assert {kind.value for kind in WSMsgType} == {0, 1, 2, 8, 9, 10}
    assert WSCloseCode.INVALID_TEXT.value == 1007


def test_uvicorn_keeps_connections_and_tasks() -> None:
    state = ServerState()
    assert isinstance(state.connections, set)
    assert isinstance(state.tasks, set)
