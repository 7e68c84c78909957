"""Everything in this process' memory, bounded: for one worker, and gone when it ends."""

from __future__ import annotations

from .limiter import MemoryLimiter
from .message_log import MemoryMessageLog
from .presence import MemoryPresence
from .revocations import MemoryRevocations
from .signals import NoSignals

__all__ = [
    "MemoryLimiter",
    "MemoryMessageLog",
    "MemoryPresence",
    "MemoryRevocations",
    "NoSignals",
]
