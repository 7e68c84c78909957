"""What is made of repeated measurements."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

BOTTLENECK = 0.85
"""Share of its core from which on the load generator was what limited the rate."""
SATURATED = 0.9
"""Share of its core above which a server had no time left."""


@dataclass(frozen=True)
class Sample:
    """One measurement. CPU and time in seconds, latencies in microseconds."""

    work: int
    seconds: float
    server_cpu: float
    load_cpu: float
    p50_us: int | None = None
    p99_us: int | None = None

    @property
    def per_cpu_second(self) -> float:
        """Work per second of CPU time of the server's processes, which is counted in ticks."""
        return self.work / max(self.server_cpu, 0.01)

    @property
    def per_second(self) -> float:
        return self.work / self.seconds

    @property
    def load_share(self) -> float:
        """How much of its own core the load generator used."""
        return self.load_cpu / self.seconds

    @property
    def server_share(self) -> float:
        return self.server_cpu / self.seconds


@dataclass(frozen=True)
class Figure:
    """What a candidate reached in a work: the median of its repetitions, and how far they differ.

    :param spread: of the repetitions, from the lowest to the highest, as a part of the median.
    """

    value: float
    spread: float
    repetitions: int
    load_was_bottleneck: bool = False
    server_share: float | None = None
    per_second: float | None = None
    p50_us: float | None = None
    p99_us: float | None = None

    def as_dict(self) -> dict[str, Any]:
        return {name: value for name, value in asdict(self).items() if value is not None}


def figure(values: Sequence[float]) -> Figure:
    """The figure of plain numbers.

    :raises statistics.StatisticsError: if there is none.
    """
    median = statistics.median(values)
    spread = (max(values) - min(values)) / median if median else 0.0
    return Figure(median, spread, len(values))


def figure_of_samples(samples: Sequence[Sample]) -> Figure:
    """Work per CPU second; with what tells how far to trust it."""
    plain = figure([sample.per_cpu_second for sample in samples])
    return Figure(
        plain.value,
        plain.spread,
        plain.repetitions,
        load_was_bottleneck=statistics.median(s.load_share for s in samples) > BOTTLENECK,
        server_share=statistics.median(s.server_share for s in samples),
        per_second=statistics.median(s.per_second for s in samples),
        p50_us=_median_of([s.p50_us for s in samples]),
        p99_us=_median_of([s.p99_us for s in samples]),
    )


def ratio(value: float, reference: float | None) -> float | None:
    return value / reference if reference else None


def _median_of(values: Sequence[int | None]) -> float | None:
    known = [value for value in values if value is not None]
    return statistics.median(known) if known else None
