"""What this service publishes by itself: nothing, or a made-up market."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Literal

import msgspec

from .ports import Clock, TickStore
from .services.producer import Source
from .services.simulation import SimulatedMarket


class SourceSettings(msgspec.Struct, frozen=True, kw_only=True):
    feed: Literal["simulated", "none"] | None = None


@asynccontextmanager
async def open_source(
    settings: SourceSettings, *, development: bool, name: str, store: TickStore, clock: Clock
) -> AsyncIterator[Source | None]:
    """Where the ticks come from that one worker publishes; ``None`` if from nowhere.

    :param development: whether there is a market unless the settings say otherwise.
    :param name: of this service, where a source wants to know who asks.
    :param store: what has been published, for a source that gives the same again and again.
    """
    usual = "simulated" if development else "none"
    yield SimulatedMarket(clock) if (settings.feed or usual) == "simulated" else None
