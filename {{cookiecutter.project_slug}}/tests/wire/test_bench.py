"""What `make bench` runs."""

import re

import pytest

from .. import bench


def test_it_measures_every_kind_of_work(capsys: pytest.CaptureFixture[str]) -> None:
    bench.main(["--seconds", "0.3", "--clients", "3"])
    kinds = ("handshake and join", "connection", "message", "delivery to another", "HTTP request")
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == len(kinds)
    for kind, line in zip(kinds, lines, strict=True):
        assert re.match(rf"{kind} +-?\d+(\.\d KB| µs of CPU)", line), line
    assert "p99" in lines[2]
