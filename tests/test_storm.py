"""Nothing acknowledged is lost, doubled or out of order, whatever is killed (guarantee G8)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from baking import CHOICES
from storm.run import Storm, weather

pytestmark = pytest.mark.slow

HARM = {"kill_a_worker", "freeze_redis", "restart_redis", "cut_clients"}


@pytest.mark.parametrize("mode", CHOICES["async_mode"])
async def test_every_member_ends_with_the_same_sequence(
    mode: str, installed: Callable[..., Path], tmp_path: Path
) -> None:
    project = installed(async_mode=mode, queue="redis", database="none")
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
    print(mode, report.figures)
    assert not report.problems
    assert report.figures["harm"].keys() == HARM
    assert report.figures["acknowledged"] > 200
    assert report.figures["tracebacks"] == 0
