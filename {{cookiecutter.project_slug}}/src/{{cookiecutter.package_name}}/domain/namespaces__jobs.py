"""The namespaces of this service."""

from __future__ import annotations

from .contract import Command, Namespace
from .events import (
    CHAT,
    SERVER_DRAINING,
    TICKS,
    TOKEN_EXPIRING,
    TOKEN_REFRESH,
    Subscribe,
    Subscribed,
    Unsubscribe,
    Unsubscribed,
)
from .jobs import EXPORT, JOB_DONE, JOB_PROGRESS

FEED = Namespace(
    path="/feed",
    scope="feed:read",
    commands=(
        Command("subscribe", Subscribe, Subscribed, "Get the ticks of symbols from now on."),
        Command("unsubscribe", Unsubscribe, Unsubscribed, "Get them no longer."),
        EXPORT,
        TOKEN_REFRESH,
    ),
    notices=(TICKS, JOB_PROGRESS, JOB_DONE, TOKEN_EXPIRING, SERVER_DRAINING),
)

NAMESPACES = (CHAT, FEED)
