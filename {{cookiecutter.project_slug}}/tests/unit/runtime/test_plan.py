"""The arithmetic of a plan, what it warns of, and what it refuses."""

import re
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from {{cookiecutter.package_name}}.command_line import main
from {{cookiecutter.package_name}}.runtime.capacity import CAPACITY
from {{cookiecutter.package_name}}.runtime.plan import (
    Capacity,
    Demand,
    TooMuch,
    make_plan,
    warnings,
)

ROUND = Capacity(
    worker_bytes=100_000_000,
    connection_bytes=20_000,
    connection_us=10,
    arrival_us=1_000,
    message_us=200,
    delivery_us=5,
    hearing_us=20,
    redis_arrival_us=100,
    redis_message_us=80,
    redis_subscriber_us=2,
    redis_worker_us=500,
    message_commands=5,
    message_bytes=2_000,
    subscriber_bytes=300,
)
SMALL = Demand(users=1_000, rate=100, audience=11)


def test_a_small_service_has_one_worker_and_another() -> None:
    plan = make_plan(SMALL, ROUND, 20_000)
    assert (plan.workers_for_connections, plan.workers_for_messages, plan.workers) == (1, 1, 2)
    # pings, then messages with ten further members each
    assert plan.worker_share == pytest.approx((1_000 * 10 + 100 * (250 + 20)) / 1e6 / 2)
    assert plan.memory == 2 * 100_000_000 + 1_000 * 20_000
    assert plan.descriptors == 1_000 + 64
    assert plan.redis_commands == 500
    assert plan.redis_bytes == 100 * (2_000 + 2 * 300)
    assert plan.redis_share == pytest.approx((100 * (80 + 2 * 2) + 2 * 500) / 1e6)
    assert plan.return_seconds == pytest.approx(500 * 1_000 / 1e6 / (1 - 0.035))


def test_connections_ask_for_workers() -> None:
    plan = make_plan(replace(SMALL, users=40_001), ROUND, 20_000)
    assert (plan.workers_for_connections, plan.workers) == (3, 4)
    assert plan.descriptors == 13_334 + 64


def test_messages_ask_for_workers() -> None:
    plan = make_plan(replace(SMALL, rate=10_000), ROUND, 20_000)
    # 2.51 cores for messages and pings, and 0.2 in each other worker, which hears of them
    assert plan.workers_for_messages == 6
    assert plan.workers == 7
    assert plan.worker_share == pytest.approx((2.51 + 6 * 0.2) / 7)


def test_more_than_a_worker_can_hear_of() -> None:
    with pytest.raises(TooMuch, match=r"30,000 a second: shard it into 2 services"):
        make_plan(replace(SMALL, rate=30_000), ROUND, 20_000)


def test_who_is_gone_comes_back_no_faster_than_redis_lets_in() -> None:
    slow = replace(ROUND, redis_arrival_us=10_000)
    assert make_plan(SMALL, slow, 20_000).return_seconds == pytest.approx(500 * 0.01)


def warned(capacity: Capacity = ROUND, descriptors: int = 100_000, **changes: float) -> list[str]:
    demand = replace(SMALL, **changes)  # type: ignore[arg-type]
    return list(warnings(make_plan(demand, capacity, 20_000), demand, descriptors))


def test_warnings() -> None:
    assert warned() == []
    assert "ulimit -n" in warned(descriptors=1_063)[0]
    assert warned(descriptors=1_064) == []
    [redis] = warned(users=100_000, rate=7_000)
    assert "one Redis cannot do this" in redis
    assert "into 2 services" in redis
    [network] = warned(replace(ROUND, message_bytes=1_000_000))
    assert "102 MB" in network or "100 MB" in network
    [coming] = warned(replace(ROUND, arrival_us=200_000))
    assert "to come back" in coming
    assert "APP_RATE_MESSAGE" in warned(users=20, rate=41)[0]


def test_more_needs_more() -> None:
    """With the figures of this service."""
    before = make_plan(SMALL, CAPACITY, 20_000)
    for demand in (
        replace(SMALL, users=100_000),
        replace(SMALL, users=50_000, rate=3_000),
        replace(SMALL, audience=900, rate=2_000),
    ):
        plan = make_plan(demand, CAPACITY, 20_000)
        assert plan.workers > before.workers
        assert plan.memory > before.memory


def test_the_figures_stand_in_the_documentation() -> None:
    text = Path("docs/sizing.md").read_text("utf-8")
    rows = dict(re.findall(r"^\| `(\w+)` \| ([\d.,]+) \|", text, re.MULTILINE))
    found = {name: float(value.replace(",", "")) for name, value in rows.items()}
    assert found == {name: float(value) for name, value in asdict(CAPACITY).items()}


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Result]:
    monkeypatch.delenv("APP_MAX_CONNECTIONS", raising=False)
    return lambda line: CliRunner().invoke(main, ["plan", *line.split()])


def test_it_is_printed(run: Callable[[str], Result]) -> None:
    """Without any setting: nothing needs to be there yet."""
    result = run("--users 1000 --rate 100")
    assert result.exit_code == 0, result.output
    assert result.stdout.startswith("1,000 connections; 100 messages a second, each to 10\n")
    assert re.search(r"workers +\d+ ", result.stdout)
    assert "warning" not in result.stdout
    result = run("--users 10000000 --rate 1000000000")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "shard it" in result.stderr


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("", "--users"),
        ("--users 10", "--rate"),
        ("--users 0 --rate 1", "--users"),
        ("--users many --rate 1", "many"),
        ("--users 10 --rate -1", "--rate"),
        ("--users 10 --rate nan", "--rate"),
        ("--users 10 --rate 1 --audience 11", "11 of 10 users"),
        ("--users 10 --rate 1 --connections 0", "--connections"),
    ],
)
def test_what_is_refused(run: Callable[[str], Result], line: str, words: str) -> None:
    result = run(line)
    assert (result.exit_code, result.stdout) == (2, "")
    assert words in result.stderr
