"""Tasks that begin at once where Python can: what never waits is done when the call returns."""

from __future__ import annotations

import asyncio
import sys
from functools import partial

if sys.version_info >= (3, 12):
    start = partial(asyncio.Task, eager_start=True)
else:
    start = asyncio.Task
