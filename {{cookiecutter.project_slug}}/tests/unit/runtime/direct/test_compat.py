"""What the direct way needs of other packages is there; each failure names what has moved."""

from importlib import import_module
from importlib.metadata import version

import pytest
from engineio import Server as EngineServer
from engineio.socket import Socket
from socketio import Manager, Server

from {{cookiecutter.package_name}}.runtime import mode
from {{cookiecutter.package_name}}.runtime.direct import compat, server_class
from {{cookiecutter.package_name}}.runtime.direct.messagepack import (
    DirectMessagePackServer,
)
from {{cookiecutter.package_name}}.runtime.direct.realtime import DirectServer
from {{cookiecutter.package_name}}.runtime.direct.session import Session
from {{cookiecutter.package_name}}.runtime.polling_server import PollingServer

NAMES = [(place, name) for place, names in compat.INTERNALS.items() for name in names.split()]
INSTANCE_NAMES = [
    (place, name) for place, names in compat.INSTANCES.items() for name in names.split()
]
INSTANCES = {
    "engineio:Server": EngineServer(async_mode=mode.ASYNC_MODE),
    "socketio:Server": Server(async_mode=mode.ASYNC_MODE),
    "socketio:Manager": Manager(),
}


@pytest.mark.parametrize(("place", "name"), NAMES, ids=" ".join)
def test_it_is_there(place: str, name: str) -> None:
    module, _, kind = place.partition(":")
    owner = import_module(module)
    assert hasattr(getattr(owner, kind) if kind else owner, name)


@pytest.mark.parametrize(("place", "name"), INSTANCE_NAMES, ids=" ".join)
def test_instances_have_it(place: str, name: str) -> None:
    assert hasattr(INSTANCES[place], name)


@pytest.mark.parametrize("distribution", compat.TESTED)
def test_the_installed_version_is_one_of_the_tested(distribution: str) -> None:
    first, last = compat.TESTED[distribution]
    found = tuple(map(int, version(distribution).split(".")[:2]))
    assert first <= found <= last, f"try {distribution} {version(distribution)} and widen TESTED"


def test_nothing_stands_in_the_way() -> None:
    assert compat.obstacle() is None
    assert server_class("fast", "json") is DirectServer
    assert server_class("fast", "msgpack") is DirectMessagePackServer
    assert server_class("stock", "json") is PollingServer


def test_another_version_is_served_as_stock_and_said(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setitem(dict_of(compat.TESTED), "python-engineio", ((99, 0), (99, 1)))
    assert server_class("fast", "json") is PollingServer
    found = version("python-engineio")
    assert f"python-engineio {found} is not a version it is tested with" in caplog.text


def test_a_missing_name_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(dict_of(compat.INTERNALS), "engineio:Server", "no_such_method")
    assert compat.obstacle() == "engineio:Server.no_such_method is not there"


def dict_of(mapping: object) -> dict[str, object]:
    assert isinstance(mapping, dict)
    return mapping


def test_a_session_has_what_engineio_uses_of_a_socket() -> None:
    socket = Socket(INSTANCES["engineio:Server"], "sid")
    used = {"send", "close", "closed", "closing", "connected", "upgraded", "upgrading", "session"}
    used |= {"sid", "server", "queue", "check_ping_timeout"}
    assert used <= {*dir(socket)}
    assert used <= {*dir(Session)}
