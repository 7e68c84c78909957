"""The README of a generated project says how to change it. Done as it says, it works."""

from __future__ import annotations

import ast
import queue
import re
import shutil
import subprocess
import textwrap
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
import socketio
from baking import bake
from serving import make, served


def blocks(readme: str, heading: str) -> list[str]:
    """The Python blocks under a heading, in order."""
    _, _, section = readme.partition(f"### {heading}\n")
    return re.findall(r"```python\n(.*?)```", re.split(r"\n##+ ", section)[0], re.S)


def insert(file: Path, text: str, before: str) -> None:
    source = file.read_text("utf-8")
    assert source.count(before) == 1, f"{file.name} no longer holds {before!r} once"
    file.write_text(source.replace(before, text + before), "utf-8")


def follow(project: Path) -> None:
    """Do what the README says, as a reader would."""
    readme = (project / "README.md").read_text("utf-8")
    [package] = (project / "src").iterdir()

    types, service, edge = blocks(readme, "Add an event")
    [command] = re.findall(r"`(Command\(.*?\),)`", readme)
    events = package / "domain/events.py"
    insert(events, f"{types}\n", "CHAT = Namespace(")
    insert(events, f"{command}\n        ", "TOKEN_REFRESH,\n")
    insert(events, "TYPING, ", "TOKEN_EXPIRING, SERVER_DRAINING)")
    insert(package / "services/chat.py", f"{service}\n", "    def _require(")
    insert(package / "realtime/chat.py", f"{edge}\n", "    async def gone(")
    names = "from ..domain.events import "
    insert(package / "services/chat.py", f"{names}TYPING, Noted, Typing, UserTyping\n", names)
    insert(package / "realtime/chat.py", f"{names}Noted, Typing\n", names)

    [route] = blocks(readme, "Add a route")
    (package / "http/me.py").write_text(route, "utf-8")
    insert(package / "http/blueprints.py", "me, ", "messages, quotes, ")
    insert(package / "http/blueprints.py", "me.bp,\n    ", "messages.bp,")

    [setting] = blocks(readme, "Add a setting")
    insert(package / "settings.py", setting, "    history_size: ")

    [policy] = blocks(readme, "Change who may enter a room")
    rooms = package / "domain/rooms.py"
    kept, _, _ = rooms.read_text("utf-8").partition("def may_enter(")
    rooms.write_text(kept + policy, "utf-8")


BARE = {"HOST", "PORT", "WEB_CONCURRENCY", "REDIS_URL", "DATABASE_URL"}


def settings_in_the_source(project: Path) -> dict[str, str]:
    """Variable → its default as the source has it, from the fields of the settings structs."""
    found: dict[str, str] = {}
    files = [*project.glob("src/*/*.py"), *project.glob("src/*/runtime/server_settings.py")]
    trees = [ast.parse(file.read_bytes()) for file in files]
    nodes = [node for tree in trees for node in ast.walk(tree)]
    structs = [node for node in nodes if isinstance(node, ast.ClassDef)]
    for struct in structs:
        if struct.name in {"Settings", "BackendSettings", "ServerSettings", "SourceSettings"}:
            for field in struct.body:
                if isinstance(field, ast.AnnAssign) and field.value is not None:
                    default = ast.unparse(field.value)
                    named = re.search(r"name='(\w+)'", default)
                    name = (named[1] if named else ast.unparse(field.target)).upper()
                    found[name if name in BARE else f"APP_{name}"] = default
    return found


def settings_in_the_readme(project: Path) -> dict[str, str]:
    readme = (project / "README.md").read_text("utf-8")
    _, _, table = readme.partition("| setting | default | |")
    found: dict[str, str] = {}
    for names, defaults in re.findall(r"^\| (`[A-Z].*?) \| (.*?) \|", table, re.M):
        listed = re.findall(r"`([A-Z_]+)`", names)
        values = re.findall(r"`([^`]+)`", defaults)
        values = values if len(values) == len(listed) else values[:1] * len(listed)
        found |= dict(zip(listed, values or [""] * len(listed), strict=True))
    return found


@pytest.mark.parametrize(
    ("queue", "database", "scraper"),
    [
        ("none", "none", "none"),
        ("none", "sqlite", "beautifulsoup"),
        ("none", "postgresql", "selenium"),
        ("redis", "none", "selenium"),
        ("redis", "sqlite", "none"),
        ("redis", "postgresql", "beautifulsoup"),
    ],
)
def test_the_table_of_settings_is_true(
    baked: Callable[..., Path], queue: str, database: str, scraper: str
) -> None:
    project = baked(queue=queue, database=database, scraper=scraper)
    source, readme = settings_in_the_source(project), settings_in_the_readme(project)
    assert set(source) == set(readme)
    for name, default in source.items():
        if default.isdigit():
            assert readme[name] == default, name


@pytest.fixture(scope="module")
def changed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    project = bake(tmp_path_factory.mktemp("guide"), queue="none", database="none")
    follow(project)
    make(project, "assets", "format")
    return project


@pytest.mark.slow
def test_what_the_guide_adds_passes_the_checks(changed: Path) -> None:
    make(changed, "lint")
    make(changed, "contract")
    assert "Say that you are writing." in (changed / "contract/asyncapi.json").read_text("utf-8")
    assert "/api/v1/me" in (changed / "contract/openapi.json").read_text("utf-8")


@pytest.mark.slow
def test_what_the_guide_adds_works(changed: Path, tmp_path: Path) -> None:
    with served(changed, tmp_path, {"APP_MAX_ROOMS": "7"}) as service:
        bearer = {"Authorization": f"Bearer {service.token('ada')}"}
        answer = httpx.get(f"{service.url}/api/v1/me", headers=bearer)
        assert answer.json() == {"user": "ada", "scopes": ["chat"]}

        heard: queue.Queue[dict[str, str]] = queue.Queue()
        ada = connect(service.url, service.token("ada"))
        bob = connect(service.url, service.token("bob"))
        bob.on("typing", heard.put, namespace="/chat")
        for client in (ada, bob):
            assert client.call("join", {"room": "lobby"}, namespace="/chat")["ok"]
        ack = ada.call("typing", {"room": "lobby"}, namespace="/chat")
        assert ack == {"ok": True, "room": "lobby"}
        ack = ada.call("typing", {"room": "elsewhere"}, namespace="/chat")
        assert ack["error"]["code"] == "not_in_room"
        ack = ada.call("join", {"room": "staff-only"}, namespace="/chat")
        assert ack["error"]["code"] == "forbidden"
        assert heard.get(timeout=10) == {"room": "lobby", "user": "ada"}
        for client in (ada, bob):
            client.disconnect()


def connect(url: str, token: str) -> socketio.Client:
    client = socketio.Client()
    client.connect(
        url,
        auth={"token": token},
        namespaces=["/chat"],
        transports=["websocket"],
        wait_timeout=10,
    )
    return client


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("node") is None, reason="there is no Node here")
def test_the_javascript_parses(changed: Path, tmp_path: Path) -> None:
    readme = (changed / "README.md").read_text("utf-8")
    scripts = re.findall(r"```js\n(.*?)```", readme, re.S)
    assert len(scripts) == 3
    for number, script in enumerate(scripts):
        file = tmp_path / f"client{number}.mjs"
        file.write_text(textwrap.dedent(script), "utf-8")
        subprocess.run(["node", "--check", file], check=True, timeout=60)
