"""Everything in this process' memory, bounded: for one worker, and gone when it ends."""

from __future__ import annotations

from .leases import MemoryLeases
from .limiter import MemoryLimiter
from .message_log import MemoryMessageLog
from .presence import MemoryPresence
from .revocations import MemoryRevocations
from .signals import NoSignals
from .tick_history import MemoryTickHistory
from .ticks import MemoryTickStore

__all__ = [
    "MemoryLeases",
    "MemoryLimiter",
    "MemoryMessageLog",
    "MemoryPresence",
    "MemoryRevocations",
    "MemoryTickHistory",
    "MemoryTickStore",
    "NoSignals",
]
