"""Nothing acknowledged is lost, doubled or out of order, whatever is killed (guarantee G8)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from baking import CHOICES
from storm.run import Storm, weather

pytestmark = pytest.mark.slow

HARM = {"kill_a_worker", "freeze_redis", "restart_redis", "rolling_restart", "cut_clients"}
"""What is done at least once; where messages are in a database, Redis also comes back empty."""
STORES = [
    *((mode, "none") for mode in CHOICES["async_mode"]),
    ("asgi", "sqlite"),
    ("gevent", "sqlite"),
]


@pytest.mark.parametrize(("mode", "database"), STORES, ids=map("-".join, STORES))
async def test_every_member_ends_with_the_same_sequence(
    mode: str, database: str, installed: Callable[..., Path], tmp_path: Path
) -> None:
    project = installed(async_mode=mode, queue="redis", database=database)
    alone = mode == "eventlet"
    storm = Storm(
        project=project,
        python=project / ".venv/bin/python",
        directory=tmp_path,
        clients=12,
        rooms=2,
        seconds=14,
        processes=2 if alone else 1,
        workers=1 if alone else 2,
    )
    report = await weather(storm)
    print(mode, database, report.figures)
    assert not report.problems
    harm = HARM if database == "none" else {*HARM, "empty_redis"}
    assert report.figures["harm"].keys() == harm
    assert report.figures["acknowledged"] > 200
    assert report.figures["tracebacks"] == 0
