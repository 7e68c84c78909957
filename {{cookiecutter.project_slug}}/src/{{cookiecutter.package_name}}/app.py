"""The composition root: the only module that knows every other one."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from functools import partial
from typing import Any

from .adapters.quotes import open_quotes
from .backends import Backends, open_backends
from .domain.events import CHAT, TOKEN_EXPIRING, TokenExpiring
from .domain.namespaces import FEED
from .extensions import open_extensions
from .http import HttpDependencies, create_http
from .realtime.audience import SocketAudience
from .realtime.chat import ChatNamespace
from .realtime.departure import Departure
from .realtime.refusals import explain
from .runtime import mode
from .runtime.admin import TOPIC as ADMIN_TOPIC
from .runtime.admin import AdminNamespace, AdminView
from .runtime.drain import Drain
from .runtime.entry import Entry, Running
from .runtime.gateway import open_gateway
from .runtime.handshake import Handshake
from .runtime.jwks import JwksClient
from .runtime.lag import watch_lag
from .runtime.logs import configure_logging
from .runtime.server import RealtimeServer
from .runtime.sessions import Session, Sessions
from .runtime.socketio_server import server_class
from .runtime.tokens import TokenVerifier
from .runtime.tracing import Tracing, choose_tracing
from .services.chat import Chat
from .services.fanout import Fanout
from .services.feed import Feed
from .services.presence import Presence
from .services.producer import Producer
from .services.publisher import Publisher
from .services.quotes import Quotes
from .services.recorder import open_recorder
from .services.tokens import Tokens
from .settings import PACKAGE, Settings, settings_or_exit
from .sources import open_source


def create_app() -> Entry:
    """The application of one worker. With wrong settings the process ends with status 2."""
    settings = settings_or_exit()
    tracing = choose_tracing(PACKAGE)
    configure_logging(settings.log_level, settings.log_format)
    return tracing.entry(partial(running, settings, tracing))


@asynccontextmanager
async def running(settings: Settings, tracing: Tracing) -> AsyncIterator[Running]:
    """Everything one worker consists of, from opened connections to the outermost application."""
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(tracing.opened())
        backends = await stack.enter_async_context(
            open_backends(settings.backends, prefix=PACKAGE, history_size=settings.history_size)
        )
        drain = Drain(settings.drain_seconds)
        server = _server(settings, backends)
        sessions = _sessions(server)
        verifier = _verifier(settings, backends)
        handshake = Handshake(
            verifier,
            limit=partial(backends.limiter.hit, "handshake", settings.rate_handshake),
            is_crowded=server.is_crowded,
            sockets_of=sessions.count,
            max_per_user=settings.max_connections_per_user,
            is_draining=lambda: drain.started,
        )

        audience = SocketAudience(server, CHAT.path)
        presence = Presence(backends.presence, audience)
        fanout = Fanout(backends.log, audience, backends.signals, settings.history_size)
        chat = Chat(
            backends.log,
            audience,
            presence,
            fanout,
            now,
            history_size=settings.history_size,
            replay_bytes=settings.max_send_bytes,
        )
        tokens = Tokens(backends.revocations, sessions, backends.signals, now)

        feed = Feed(
            backends.ticks,
            SocketAudience(server, FEED.path),
            backends.signals,
            settings.server.max_event_streams,
        )
        recorder = await stack.enter_async_context(open_recorder(backends.history))
        publisher = Publisher(backends.ticks, recorder, backends.signals, now, feed.receive)
        quotes = Quotes(await stack.enter_async_context(open_quotes(settings.quotes_url)))
        source = await stack.enter_async_context(
            open_source(
                settings.source,
                development=settings.env == "development",
                name=PACKAGE,
                store=backends.ticks,
                clock=now,
            )
        )

        hit_each = backends.limiter.hit_each
        every_event = (("events", settings.rate_events),)
        messages = (*every_event, ("message", settings.rate_message))
        machinery: dict[str, Any] = {
            "sessions": sessions,
            "handshake": handshake,
            "address_of": server.address_of,
            "leeway": settings.jwt_leeway,
            "limits": {"message": partial(hit_each, messages)},
            "limit": partial(hit_each, every_event),
            "explain": explain,
        }
        server.register_namespace(tracing.watched(ChatNamespace(CHAT, chat, **machinery)))
        extensions = await stack.enter_async_context(
            open_extensions(settings, backends, SocketAudience(server, FEED.path), sessions)
        )
        server.register_namespace(tracing.watched(extensions.feed_namespace(feed, **machinery)))
        http = create_http(
            HttpDependencies(
                settings=settings,
                chat=chat,
                feed=feed,
                publisher=publisher,
                history=backends.history,
                quotes=quotes,
                tokens=tokens,
                verifier=verifier,
                limiter=backends.limiter,
                checks=backends.checks,
                drain=drain,
            )
        )
        extensions.install(http)
        tracing.install(http)
        polling = "polling" in settings.transports
        app = await stack.enter_async_context(open_gateway(server, http, drain, polling=polling))
        drain.add(feed.end_streams)
        drain.add(Departure(server, sessions))
        watches: list[Callable[[], Awaitable[None]]] = [
            *(sessions.watch, server.watch, fanout.watch, presence.watch, watch_lag),
            *extensions.watches,
        ]
        if settings.admin_ui:
            view = AdminView(server, sessions, backends.signals.publish)
            backends.signals.subscribe(ADMIN_TOPIC, view.on_signal)
            server.register_namespace(tracing.watched(AdminNamespace(view, **machinery)))
            watches.append(view.watch)
        if source is not None:
            producer = Producer(source, publisher, backends.leases)
            drain.add(producer.leave)
            watches += [producer.hold, producer.publish]
        watching = [mode.spawn(watch) for watch in watches]
        stack.push_async_callback(mode.stop, *watching)
        yield Running(app, drain, settings.trusted_proxies)


def now() -> datetime:
    return datetime.now(UTC)


def _server(settings: Settings, backends: Backends) -> RealtimeServer:
    return server_class(settings.server, settings.serializer)(
        client_manager=backends.client_manager,
        address_of=mode.client_address,
        allowed_origins=settings.allowed_origins,
        transports=settings.transports,
        ping_interval=settings.ping_interval,
        ping_timeout=settings.ping_timeout,
        max_message_bytes=settings.max_message_bytes,
        max_send_bytes=settings.max_send_bytes,
        max_send_seconds=settings.max_send_seconds,
        connect_timeout=settings.connect_timeout,
        max_connections=settings.server.max_connections,
        max_connections_per_ip=settings.max_connections_per_ip,
        serializer=settings.serializer,
    )


def _sessions(server: RealtimeServer) -> Sessions:
    async def end(session: Session) -> None:
        await server.end_socket(session.sid, session.namespace)

    async def warn(session: Session, seconds: int) -> None:
        await server.emit(
            TOKEN_EXPIRING.name,
            TokenExpiring(seconds),
            room=session.sid,
            namespace=session.namespace,
            ignore_queue=True,
        )

    return Sessions(end, warn)


def _verifier(settings: Settings, backends: Backends) -> TokenVerifier:
    return TokenVerifier(
        algorithms=settings.jwt_algorithms,
        secret=settings.jwt_secret.reveal() if settings.jwt_secret else None,
        keys=JwksClient(settings.jwt_jwks_url) if settings.jwt_jwks_url else None,
        audience=settings.jwt_audience,
        issuer=settings.jwt_issuer,
        leeway=settings.jwt_leeway,
        is_revoked=backends.revocations.is_revoked,
    )
