"""Who may enter which room."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase

ROOM_PATTERN = r"^[a-z0-9][a-z0-9_-]{0,63}(?![\s\S])"
MAX_ROOMS_PER_SOCKET = 100


def may_enter(room: str, patterns: Sequence[str] | None) -> bool:
    """Whether a token whose ``rooms`` claim is `patterns` opens `room`.

    :param patterns: shell-style patterns (``team-*``); ``None``: the token does not restrict rooms.
    """
    return patterns is None or any(fnmatchcase(room, pattern) for pattern in patterns)
