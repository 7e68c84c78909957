"""Tasks that begin at once where Python can: what never waits is done when the call returns."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Coroutine
from contextvars import Context
from typing import Any

Call = Coroutine[Any, Any, Any]

if sys.version_info >= (3, 12):

    def start(
        call: Call, loop: asyncio.AbstractEventLoop, context: Context | None = None
    ) -> asyncio.Task[Any]:
        """Run `call` until it waits."""
        return asyncio.Task(call, loop=loop, context=context, eager_start=True)

else:

    def start(
        call: Call, loop: asyncio.AbstractEventLoop, context: Context | None = None
    ) -> asyncio.Task[Any]:
        """Run `call` soon."""
        return asyncio.Task(call, loop=loop, context=context)
