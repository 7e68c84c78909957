"""Does every work to every candidate, in turn, several times."""

from __future__ import annotations

import itertools
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from .cache import Cache, Unavailable, copy_template, generate
from .candidates import CANDIDATES, App
from .figures import Figure, Sample, figure, figure_of_samples
from .machine import load_average
from .measure import Duration, Failed, idle_clients, measure, settle, together_seconds
from .servers import Server, redis_server, start
from .works import IDLE, IDLE_CLIENTS, Work

CONCURRENT_VIEWS = 50
GENERATIONS = 5


@dataclass(frozen=True)
class Plan:
    """How much is done.

    :param full: with the candidates that no goal asks for.
    :param only: names of works and of candidates; empty: all.
    :param idle_seconds: how long idle connections are watched; several pings of 25 s.
    """

    repetitions: int
    duration: Duration
    full: bool = False
    only: frozenset[str] = frozenset()
    against: frozenset[str] = frozenset()
    idle_seconds: float = 30.0

    def wants(self, work: str) -> bool:
        return not self.only or work in self.only

    def candidates(self, work: Work) -> list[str]:
        """Who does it, the reference always among them."""
        names = [*work.candidates, *(work.others if self.full else ())]
        return [n for n in names if not self.against or n in self.against or n == work.reference]


@dataclass
class Outcome:
    """What was measured; `loads`: the machine's load average before and after each work."""

    results: dict[str, dict[str, Figure]] = field(default_factory=dict)
    loads: dict[str, tuple[float, float]] = field(default_factory=dict)
    failures: dict[str, str] = field(default_factory=dict)


class Runner:
    """:param say: told what is being done."""

    def __init__(self, cache: Cache, plan: Plan, say: Callable[[str], None]) -> None:
        self._cache = cache
        self._plan = plan
        self._say = say
        self._load = cache.load_generator()
        self.outcome = Outcome()

    def run(self, works: Sequence[Work]) -> Outcome:
        wanted = [work for work in works if self._plan.wants(work.name)]
        for setting, group in itertools.groupby(wanted, key=lambda work: work.setting):
            self._run_setting(setting, list(group))
        for name, measurement in (
            ("idle", self._idle),
            ("async_views", self._async_views),
            ("generation", self._generation),
        ):
            if self._plan.wants(name):
                with self._noting_load(name):
                    measurement()
        return self.outcome

    def _run_setting(self, setting: tuple[App, int, bool], works: list[Work]) -> None:
        app, workers, redis = setting
        names = dict.fromkeys(n for work in works for n in self._plan.candidates(work))
        with ExitStack() as stack:
            logs = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            url = stack.enter_context(redis_server()) if redis else None

            def launch(name: str) -> Server:
                kind: App = "raw" if name.startswith("raw-") else app
                return start(
                    self._cache, CANDIDATES[name], kind, logs, workers=workers, redis_url=url
                )

            servers = self._start_all(names, launch)
            try:
                for work in works:
                    with self._noting_load(work.name):
                        self._run_work(work, servers, launch)
            finally:
                for server in servers.values():
                    server.stop()

    def _start_all(
        self, names: Mapping[str, None], launch: Callable[[str], Server]
    ) -> dict[str, Server]:
        servers = {}
        for name in names:
            self._say(f"  starting {CANDIDATES[name].title}")
            try:
                servers[name] = launch(name)
            except Unavailable as reason:
                self._fail(name, str(reason))
        return servers

    def _run_work(
        self, work: Work, servers: dict[str, Server], launch: Callable[[str], Server]
    ) -> None:
        self._say(f"{work.name}: {work.title}")
        samples: dict[str, list[Sample]] = {}
        names = [name for name in self._plan.candidates(work) if name in servers]
        if work.warm_seconds:
            for name in names:
                with suppress(Failed):  # it will fail again, and is heard then
                    measure(self._load, servers[name], work, Duration(0, work.warm_seconds))
        for repetition in range(self._plan.repetitions):
            for name in _turned(names, repetition):
                settle(servers[name])
                try:
                    sample = measure(self._load, servers[name], work, self._plan.duration)
                except Failed as reason:
                    self._fail(f"{work.name}/{name}", str(reason))
                    servers[name].stop()
                    servers[name] = launch(name)
                else:
                    samples.setdefault(name, []).append(sample)
        found = {name: figure_of_samples(taken) for name, taken in samples.items()}
        self.outcome.results[work.name] = found
        for name, value in found.items():
            self._say(f"    {CANDIDATES[name].title:40} {value.value:12,.0f} ± {value.spread:.0%}")

    def _idle(self) -> None:
        """All candidates side by side: what is at rest is in nobody's way."""
        self._say(f"idle: {IDLE_CLIENTS} connections for {self._plan.idle_seconds:.0f} s")
        with ExitStack() as stack:
            logs = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            servers, before, resting = {}, {}, {}
            for name in IDLE:
                if self._plan.against and name not in self._plan.against:
                    continue
                app: App = "chat" if name in ("asgi", "gevent", "node-contract") else "plain"
                try:
                    server = start(self._cache, CANDIDATES[name], app, logs)
                    stack.callback(server.stop)
                    settle(server)
                    # the first connections pay for what is imported and allocated but once
                    namespace = "/chat" if app == "chat" else "/"
                    with idle_clients(self._load, server, 50, namespace):
                        pass
                    settle(server)
                    before[name] = server.resident_bytes()
                    stack.enter_context(idle_clients(self._load, server, IDLE_CLIENTS, namespace))
                except (Failed, Unavailable) as reason:
                    self._fail(f"idle/{name}", str(reason))
                else:
                    servers[name] = server
            time.sleep(min(5.0, self._plan.idle_seconds))
            for name, server in servers.items():
                resting[name] = server.cpu_seconds(), time.monotonic()
            time.sleep(self._plan.idle_seconds)
            for name, server in servers.items():
                cpu, since = resting[name]
                share = 100 * (server.cpu_seconds() - cpu) / (time.monotonic() - since)
                grown = (server.resident_bytes() - before[name]) / IDLE_CLIENTS / 1024
                self._add("idle_cpu", name, figure([share * 1000 / IDLE_CLIENTS]))
                self._add("idle_memory", name, figure([grown]))
                self._say(f"    {CANDIDATES[name].title:40} {grown:8.1f} KB {share:6.2f} %")

    def _async_views(self) -> None:
        self._say(f"async_views: {CONCURRENT_VIEWS} views of a second, at once")
        with tempfile.TemporaryDirectory() as logs:
            for name in ("asgi", "quart"):
                if name == "quart" and not self._plan.full:
                    continue
                server = start(self._cache, CANDIDATES[name], "view", Path(logs))
                try:
                    seconds = [
                        together_seconds(self._load, server, CONCURRENT_VIEWS, "/second")
                        for _ in range(self._plan.repetitions)
                    ]
                finally:
                    server.stop()
                self._add("async_views", name, figure(seconds))
                self._say(f"    {CANDIDATES[name].title:40} {figure(seconds).value:8.2f} s")

    def _generation(self) -> None:
        self._say("generation: a project with the default answers")
        python = self._cache.python(["cookiecutter>=2.7,<3"])
        seconds = []
        with tempfile.TemporaryDirectory() as folder:
            template = copy_template(Path(folder) / "template")
            for number in range(1 + GENERATIONS):  # the first fills the system's cache of files
                output = Path(folder) / str(number)
                output.mkdir()
                began = time.monotonic()
                generate(template, output, python, database="sqlite", deploy="compose", ci="github")
                seconds.append(time.monotonic() - began)
        self._add("generation", "cookiecutter", figure(seconds[1:]))
        self._say(f"    {figure(seconds[1:]).value:.2f} s")

    def _add(self, work: str, name: str, value: Figure) -> None:
        self.outcome.results.setdefault(work, {})[name] = value

    def _fail(self, what: str, reason: str) -> None:
        self._say(f"  {what}: {reason}")
        self.outcome.failures[what] = reason

    @contextmanager
    def _noting_load(self, name: str) -> Iterator[None]:
        before = load_average()
        yield
        self.outcome.loads[name] = before, load_average()


def _turned(names: list[str], by: int) -> list[str]:
    """In another order with each repetition, so that nobody always comes after the same one."""
    start = by % len(names) if names else 0
    return names[start:] + names[:start]
