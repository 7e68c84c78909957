"""The forms the source has beside its own, which is that of ``async_mode=asgi``."""

from __future__ import annotations

from rewrite import Form

SYNC = Form(
    dropped=frozenset({"async", "await"}),
    names={
        "AbstractAsyncContextManager": "AbstractContextManager",
        "AsyncClient": "Client",
        "AsyncExitStack": "ExitStack",
        "AsyncIterator": "Iterator",
        "AsyncManager": "Manager",
        "AsyncNamespace": "Namespace",
        "AsyncPubSubManager": "PubSubManager",
        "AsyncServer": "Server",
        "AsyncSocket": "Socket",
        "aclose": "close",
        "aiter_bytes": "iter_bytes",
        "asynccontextmanager": "contextmanager",
        "enter_async_context": "enter_context",
        "push_async_callback": "callback",
    },
    modules={
        "engineio.async_socket": "engineio.socket",
        "redis.asyncio": "redis",
        "socketio.async_pubsub_manager": "socketio.pubsub_manager",
    },
    unwrapped=frozenset({"Awaitable"}),
    words={r"\basync def ": "def ", r"\bawait ": "", r"\basync with ": "with "},
    unknown=frozenset(
        {"AsyncGenerator", "Coroutine", "TaskGroup", "aiter", "anext", "asyncio", "gather"}
    ),
)
"""For greenlets and threads: nothing is awaited."""

QUART = Form(
    names={"Flask": "Quart"},
    modules={"flask": "quart"},
    words={r"\bFlask\b": "Quart"},
)
"""For Quart, which has Flask's interface."""
