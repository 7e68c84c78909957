"""The forms of REDIS_URL: those of redis-py, and Valkey's names for the same."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from redis.asyncio import BlockingConnectionPool

SCHEMES = {"redis": "redis", "rediss": "rediss", "unix": "unix"} | {
    "valkey": "redis",
    "valkeys": "rediss",
}
"""Scheme → what redis-py calls it."""
FORMS = (
    "redis://host:6379/0, rediss://user:password@host:6379/0?ssl_ca_certs=/path/to/ca.pem,"
    " unix:///path/to/socket?db=0, or valkey:// and valkeys:// for the first two"
)


def plain_url(url: str) -> str:
    """`url` as redis-py takes it."""
    scheme, separator, rest = url.partition("://")
    return SCHEMES.get(scheme, scheme) + separator + rest


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
    if "sentinel" in parts.scheme:
        return [
            "REDIS_URL names Sentinels, which are not asked for the primary here; name an address"
            " that follows it, such as a proxy's or your provider's"
        ]
    if "cluster" in parts.scheme or "," in parts.netloc.rpartition("@")[2]:
        return [
            "REDIS_URL names several nodes; presence, leases and ticks are changed by scripts over"
            " keys that a cluster would spread: name one Redis, with replicas if you like"
        ]
    certificates = query.get("ssl_ca_certs", [""])[0]
    if certificates and not Path(certificates).is_file():
        return ["REDIS_URL has ssl_ca_certs, and there is no such file"]
    try:
        if parts.scheme not in SCHEMES:
            raise ValueError
        pool: Any = BlockingConnectionPool.from_url(plain_url(url))
        pool.make_connection()  # which looks at the parameters, and does not connect
    except (ValueError, AttributeError):
        return [f"REDIS_URL is not a URL redis-py takes: {FORMS}"]
    except TypeError:
        return ["REDIS_URL has a parameter after its ? that redis-py does not know"]
    return []
