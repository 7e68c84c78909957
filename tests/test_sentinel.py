"""Redis by Sentinel: the primary is killed under two workers, and nothing acknowledged is lost."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from storm.failover import fail_over
from storm.run import Storm

pytestmark = pytest.mark.slow

READY_SECONDS = 40
"""Some five are expected: one of silence, an election, and the next attempt to ask."""


@pytest.mark.parametrize("mode", ["asgi", "gevent", "threading"])
async def test_people_talk_on_when_the_primary_is_killed(
    mode: str, installed: Callable[..., Path], tmp_path: Path
) -> None:
    project = installed(async_mode=mode, queue="redis", database="none")
    storm = Storm(
        project=project,
        python=project / ".venv/bin/python",
        directory=tmp_path,
        clients=12,
        rooms=2,
        seconds=0,
    )
    report = await fail_over(storm)
    print(mode, report.figures)
    assert not report.problems
    assert report.figures["connections_lost"] == 0
    assert report.figures["ready_again_seconds"] < READY_SECONDS
    assert report.figures["acknowledged"] > 100
    assert report.figures["tracebacks"] == 0
