"""Metrics of a service with two workers, and the dashboard and the alerts that are made of them.

What the service reports is compared with what its clients counted; every metric and label that a
panel or an alert names must be one that it has.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import socketio
import yaml
from baking import CHOICES
from serving import Served, redis_url, served
from socketio.exceptions import ConnectionError as SocketRefused

pytestmark = pytest.mark.xdist_group("test_monitoring")

SAMPLE = re.compile(r"(?P<name>\w+)(?:\{(?P<labels>.*)\})? (?P<value>\S+)")
LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')
SECONDS = 15.0
PEOPLE, MESSAGES = 8, 5
FUNCTIONS = {"count", "histogram_quantile", "max", "min", "rate", "sum", "vector"}
OF_THE_SCRAPE = {"instance", "job", "le", "namespace", "pod"}


def expressions(project: Path) -> Iterator[tuple[str, str]]:
    """Where each expression stands, and the expression."""
    dashboard = json.loads((project / "deploy/monitoring/dashboard.json").read_text("utf-8"))
    for panel in dashboard["panels"]:
        for target in panel.get("targets", ()):
            yield panel["title"], target["expr"]
    rules = yaml.safe_load((project / "deploy/monitoring/alerts.yaml").read_text("utf-8"))
    for group in rules["groups"]:
        for rule in group["rules"]:
            yield rule["alert"], rule["expr"]
    adapter = project / "deploy/monitoring/metrics-adapter.yaml"
    if adapter.exists():
        for rule in yaml.safe_load(adapter.read_text("utf-8"))["rules"]["custom"]:
            yield "autoscaling", rule["seriesQuery"]


def metrics_in(expression: str) -> set[str]:
    bare = re.sub(r"\{[^}]*\}|\[[^]]*\]|\b(?:by|on|without) \([^)]*\)", " ", expression)
    return set(re.findall(r"\b[a-z_]\w*\b", bare)) - FUNCTIONS - {"or", "and", "unless"}


def labels_in(expression: str) -> set[str]:
    groups = re.findall(r"\{([^}]*)\}", expression)
    inside = [name for group in groups for name in re.findall(r"(\w+)(?:=~|!=|!~|=)", group)]
    lists = re.findall(r"\b(?:by|on|without) \(([^)]*)\)", expression)
    return {*inside, *(name.strip() for names in lists for name in names.split(","))}


@pytest.fixture
def described(baked: Callable[..., Path]) -> Path:
    return baked(deploy="kubernetes", database="postgresql")


def test_every_panel_and_alert_can_be_read(described: Path) -> None:
    dashboard = json.loads((described / "deploy/monitoring/dashboard.json").read_text("utf-8"))
    shown = [panel for panel in dashboard["panels"] if panel["type"] != "row"]
    identifiers = [panel["id"] for panel in dashboard["panels"]]
    assert len(identifiers) == len(set(identifiers))
    assert all(panel["description"] and panel["targets"] for panel in shown)
    variables = {variable["name"] for variable in dashboard["templating"]["list"]}
    used = set(re.findall(r"\$\{?(\w+)", json.dumps(dashboard)))
    assert used - {"__rate_interval"} == variables
    rules = yaml.safe_load((described / "deploy/monitoring/alerts.yaml").read_text("utf-8"))
    for group in rules["groups"]:
        for rule in group["rules"]:
            assert {"alert", "expr", "for", "labels", "annotations"} == set(rule)
            assert rule["labels"]["severity"] in ("critical", "warning")
            named = set(re.findall(r"\$labels\.(\w+)", json.dumps(rule["annotations"])))
            assert named <= labels_in(rule["expr"]), rule["alert"]
    assert len(list(expressions(described))) > 30


@pytest.mark.parametrize("deploy", CHOICES["deploy"])
def test_who_deploys_watches(deploy: str, baked: Callable[..., Path]) -> None:
    assert (baked(deploy=deploy) / "deploy/monitoring").is_dir() == (deploy != "none")


@pytest.fixture(scope="module")
def service(
    installed: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Served]:
    project = installed(async_mode="asgi", queue="redis", database="sqlite")
    folder = tmp_path_factory.mktemp("monitored")
    env = {"DATABASE_URL": f"sqlite:///{folder}/messages.sqlite3", "WEB_CONCURRENCY": "2"}
    with redis_url() as url, served(project, folder, env | {"REDIS_URL": url}) as service:
        yield service


def scrape(service: Served) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    text = httpx.get(f"{service.url}/metrics", timeout=SECONDS).text
    found = (SAMPLE.fullmatch(line) for line in text.splitlines() if not line.startswith("#"))
    return {
        (one["name"], frozenset(LABEL.findall(one["labels"] or ""))): float(one["value"])
        for one in found
        if one
    }


def total(service: Served, name: str, **labels: str) -> float:
    """The sum over all series that have these labels."""
    wanted = set(labels.items())
    samples = scrape(service).items()
    return sum(value for (found, series), value in samples if found == name and wanted <= series)


def connect(service: Served, user: str, **claims: Any) -> socketio.Client:
    client = socketio.Client(reconnection=False)
    client.connect(
        service.url,
        auth={"token": service.token(user, **claims)},
        namespaces=["/chat"],
        transports=["websocket"],
        wait_timeout=SECONDS,
    )
    return client


@pytest.mark.slow
def test_the_sum_of_the_workers_is_what_clients_counted(service: Served) -> None:
    people = [connect(service, f"user{n}") for n in range(PEOPLE)]
    for _ in range(2):
        with pytest.raises(SocketRefused):
            connect(service, "mallory", scope="elsewhere")
    refused = 0
    for number, person in enumerate(people):
        assert person.call("join", {"room": "lobby"}, namespace="/chat", timeout=SECONDS)["ok"]
        for count in range(MESSAGES):
            said = {"room": "lobby", "text": "hello", "id": f"{number}-{count}"}
            assert person.call("message", said, namespace="/chat", timeout=SECONDS)["ok"]
        wrong = person.call("message", {"room": "lobby"}, namespace="/chat", timeout=SECONDS)
        refused += not wrong["ok"]
    counted = {
        "socketio_connections": PEOPLE,
        "socketio_handshakes_total outcome=accepted": PEOPLE,
        "socketio_handshakes_total outcome=forbidden": 2,
        "socketio_events_total event=join outcome=ok": PEOPLE,
        "socketio_events_total event=message outcome=ok": PEOPLE * MESSAGES,
        "socketio_events_total outcome=invalid_payload": refused,
        "socketio_event_seconds_count event=message": PEOPLE * (MESSAGES + 1),
        "limiter_decisions_total limit=handshake": PEOPLE + 2,
        "limiter_decisions_total limit=message": PEOPLE * (MESSAGES + 1),
    }
    seen = {}
    for what in counted:
        name, *labels = what.split()
        seen[what] = total(service, name, **dict(label.split("=") for label in labels))
    assert seen == counted
    assert total(service, "backend_seconds_count", backend="redis") > PEOPLE
    assert total(service, "backend_seconds_count", backend="database") > PEOPLE
    assert total(service, "worker_lag_seconds_count") > 0
    assert total(service, "workers_draining") == 0
    kill_busiest_worker(service)
    until(
        lambda: (
            total(service, "socketio_connections", nsp="/chat")
            == sum(person.connected for person in people)
            < PEOPLE
        )
    )
    assert total(service, "socketio_handshakes_total", outcome="accepted") == PEOPLE
    for person in people:
        person.disconnect()


def kill_busiest_worker(service: Served) -> None:
    """The one with the most descriptors: clients choose theirs by chance."""
    master = service.process.pid
    workers = Path(f"/proc/{master}/task/{master}/children").read_text().split()
    os.kill(int(max(workers, key=lambda pid: len(os.listdir(f"/proc/{pid}/fd")))), signal.SIGKILL)


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.1)


DECLARED = """
import json
from prometheus_client import REGISTRY
import realtime_service.app
names = {}
for collector in REGISTRY._names_to_collectors.values():
    for name in REGISTRY._collector_to_names[collector]:
        names[name] = list(getattr(collector, "_labelnames", ()))
print(json.dumps(names))
"""


@pytest.mark.slow
def test_panels_and_alerts_name_only_what_there_is(
    installed: Callable[..., Path], described: Path, tmp_path: Path
) -> None:
    """Every name stands in what a service, with one worker, shows; every label is one of its."""
    project = installed(async_mode="asgi", queue="redis", database="sqlite")
    env = {"DATABASE_URL": f"sqlite:///{tmp_path}/messages.sqlite3"}
    with redis_url() as url, served(project, tmp_path, env | {"REDIS_URL": url}) as service:
        text = httpx.get(f"{service.url}/metrics", timeout=SECONDS).text
    shown: set[str] = set()
    for name, kind in re.findall(r"^# TYPE (\w+) (\w+)$", text, re.MULTILINE):
        shown |= (
            {f"{name}_bucket", f"{name}_sum", f"{name}_count"} if kind == "histogram" else {name}
        )
    done = subprocess.run(
        [project / ".venv/bin/python", "-c", DECLARED],
        env={**os.environ, "PYTHONPATH": "src"},
        cwd=project,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    labels: dict[str, list[str]] = json.loads(done.stdout)
    for where, expression in expressions(described):
        names = metrics_in(expression)
        assert names, f"{where}: {expression}"
        assert names <= shown, f"{where} names what there is not"
        known = {label for name in names for label in labels[name]}
        assert labels_in(expression) <= known | OF_THE_SCRAPE, where
