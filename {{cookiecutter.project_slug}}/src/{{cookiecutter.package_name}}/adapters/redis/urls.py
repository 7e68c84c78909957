"""The forms of REDIS_URL: those of redis-py and python-socketio, and Valkey's names for them."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

from redis.asyncio import BlockingConnectionPool

Address = tuple[str, int]

SCHEMES = {"redis": "redis", "rediss": "rediss", "unix": "unix"} | {
    "valkey": "redis",
    "valkeys": "rediss",
}
"""Scheme → what redis-py calls it."""
FORMS = (
    "redis://host:6379/0, rediss://user:password@host:6379/0?ssl_ca_certs=/path/to/ca.pem,"
    " unix:///path/to/socket?db=0, redis+sentinel://host:26379,host:26379/0/name,"
    " or valkey://, valkeys://, valkey+sentinel:// for the same"
)
SENTINEL = "+sentinel"
SENTINEL_PORT = 26379
OWN = ("sentinel_username", "sentinel_password")
"""Parameters for the Sentinels themselves; the rest of a URL is for the Redis they name."""


class Sentinels(NamedTuple):
    """Who knows where the primary is.

    `options`: what redis-py needs to connect to them, beside the address.
    """

    addresses: list[Address]
    service_name: str
    options: dict[str, Any]


def plain_url(url: str) -> str:
    """`url` as redis-py takes it. Where it names Sentinels, the host in it is the first of them."""
    scheme, separator, rest = url.partition("://")
    if not scheme.endswith(SENTINEL):
        return SCHEMES.get(scheme, scheme) + separator + rest
    parts = urlsplit(url)
    who, at, hosts = parts.netloc.rpartition("@")
    query = urlencode([pair for pair in parse_qsl(parts.query) if pair[0] not in OWN])
    database = parts.path.split("/")[1] if parts.path else ""
    return (
        f"{SCHEMES[scheme.removesuffix(SENTINEL)]}://{who}{at}{hosts.partition(',')[0]}"
        f"/{database}{'?' if query else ''}{query}"
    )


def sentinels(url: str) -> Sentinels | None:
    """Whom `url` says to ask for the primary; ``None`` where it names a Redis.

    :raises ValueError: if it is not of the form ``redis+sentinel://host:port,…/db/service``.
    """
    parts = urlsplit(url)
    if not parts.scheme.endswith(SENTINEL):
        return None
    tls = SCHEMES[parts.scheme.removesuffix(SENTINEL)] == "rediss"
    hosts = parts.netloc.rpartition("@")[2]
    addresses = [_address(host) for host in hosts.split(",")]
    _, database, service_name = parts.path.split("/")
    if not service_name or (database and not database.isdecimal()):
        raise ValueError
    query = dict(parse_qsl(parts.query))
    options: dict[str, Any] = {
        name.removeprefix("sentinel_"): query[name] for name in OWN if name in query
    }
    if tls:
        given = {name: value for name, value in query.items() if name.startswith("ssl_")}
        options |= {"ssl": True, **given}
    return Sentinels(addresses, service_name, options)


def _address(text: str) -> Address:
    parts = urlsplit(f"//{text}")
    if not parts.hostname:
        raise ValueError
    return parts.hostname, parts.port or SENTINEL_PORT


def keepalive(url: str) -> dict[str, bool]:
    """The option that lets the kernel find dead peers, where `url` leads over TCP."""
    return {} if url.startswith("unix:") else {"socket_keepalive": True}


def redis_problems(url: str) -> list[str]:
    """Why `url` cannot be used; never with any part of it, as it may hold a password."""
    try:
        parts = urlsplit(url)
        query = parse_qs(parts.query)
    except ValueError:
        return [f"REDIS_URL is not a URL redis-py takes: {FORMS}"]
    by_sentinel = parts.scheme.endswith(SENTINEL)
    if "cluster" in parts.scheme or (not by_sentinel and "," in parts.netloc.rpartition("@")[2]):
        return [
            "REDIS_URL names several nodes; presence, leases and ticks are changed by scripts over"
            " keys that a cluster would spread, and each signal would go to every node: name one"
            " Redis, with replicas and Sentinels (redis+sentinel://) if you like; what is too much"
            " for one is shared out as docs/sizing.md says"
        ]
    certificates = query.get("ssl_ca_certs", [""])[0]
    if certificates and not Path(certificates).is_file():
        return ["REDIS_URL has ssl_ca_certs, and there is no such file"]
    try:
        if parts.scheme.removesuffix(SENTINEL) not in SCHEMES:
            raise ValueError
        if by_sentinel and (parts.scheme.startswith("unix") or sentinels(url) is None):
            raise ValueError
        pool: Any = BlockingConnectionPool.from_url(plain_url(url))
        pool.make_connection()  # which looks at the parameters, and does not connect
    except (ValueError, AttributeError):
        if by_sentinel:
            return [
                "REDIS_URL is not redis+sentinel://user:password@host:26379,host:26379/0/name: the"
                " Sentinels, the number of the database, and what Sentinels call the primary"
            ]
        return [f"REDIS_URL is not a URL redis-py takes: {FORMS}"]
    except TypeError:
        return ["REDIS_URL has a parameter after its ? that redis-py does not know"]
    return []
