"""Keeping tokens, passwords and endless values out of the log, whoever writes them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

MAX_TEXT = 4096
MAX_ITEMS = 50
MAX_DEPTH = 8
HIDDEN = "***"

_SECRET_KEYS = frozenset(
    {"authorization", "proxy_authorization", "cookie", "set_cookie", "auth", "token", "jwt"}
    | {"secret", "password", "passwd", "api_key", "apikey"}
)
_SECRET_ENDINGS = ("_token", "_secret", "_password", "_api_key")
_NAMES = r"token|secret|password|passwd|api_?key|authorization|cookie"

# Every pattern runs in linear time: repetition is bounded, or consumes whole runs.
_WORDS = re.compile(r"[\w.~+/=-]{16,}")
_SCHEMES = re.compile(r"\b(bearer|basic)\s+[\w.~+/=-]{6,}", re.IGNORECASE)
_QUOTED = re.compile(rf"({_NAMES})([\"']\s*[:=]\s*b?)([\"'])(?:(?!\3).){{1,4096}}\3", re.I)
_ASSIGNED = re.compile(rf"({_NAMES})=(?!\*)[\"']?[^\s\"'&,;)}}]{{1,4096}}", re.I)
_SUSPECT = re.compile(r"[=@\"']|eyj|bearer|basic", re.I)
"""Without one of these, none of the patterns matches: most values need no more than this look."""
_PASSWORD_IN_URL = re.compile(r"(://[^\s/@:\"']{0,256}:)[^\s\"'<>]{1,256}@")
_CONTROL = {
    code: "\ufffd" for code in (*range(32), 127, *range(128, 160)) if chr(code) not in "\t\n"
}


def redact(value: Any, key: str = "", depth: int = 0) -> Any:
    """A copy of `value` of plain types, bounded in size, without what only its owner may know."""
    if is_secret(key) and value is not None and not isinstance(value, bool):
        return HIDDEN
    if value is None or isinstance(value, (bool, int, float)):
        return value
    if isinstance(value, str):
        return redact_text(value)
    if depth >= MAX_DEPTH:
        return "…"
    if isinstance(value, Mapping):
        return {
            redact_text(str(name)): redact(item, str(name), depth + 1)
            for name, item in list(value.items())[:MAX_ITEMS]
        }
    if isinstance(value, (list, tuple, set, frozenset)):
        return [redact(item, "", depth + 1) for item in list(value)[:MAX_ITEMS]]
    return redact_text(_shown(value))


def is_secret(key: str) -> bool:
    """Whether a field of this name holds something only its owner may know."""
    name = key.lower().replace("-", "_")
    return name in _SECRET_KEYS or name.endswith(_SECRET_ENDINGS)


def redact_text(text: str, limit: int = MAX_TEXT) -> str:
    """`text` without tokens and passwords, cut after about `limit` characters, printable."""
    if len(text) <= limit and text.isprintable() and text.isascii() and not _SUSPECT.search(text):
        return text
    cut = text[: 2 * limit]  # a token at the cut is recognised by its beginning
    cut = _PASSWORD_IN_URL.sub(rf"\1{HIDDEN}@", cut)
    cut = _SCHEMES.sub(rf"\1 {HIDDEN}", cut)
    cut = _QUOTED.sub(rf"\1\2\3{HIDDEN}\3", cut)
    cut = _ASSIGNED.sub(rf"\1={HIDDEN}", cut)
    cut = _WORDS.sub(_without_jwt, cut)
    if len(text) > limit:
        cut = f"{cut[:limit]}… ({len(text)} characters)"
    if not cut.isascii():
        cut = cut.encode("utf-8", "replace").decode()
    return cut.translate(_CONTROL)


def _without_jwt(match: re.Match[str]) -> str:
    word = match[0]
    start = word.find("eyJ")  # base64 of '{"', with which every JOSE header begins
    return word if start < 0 or "." not in word[start:] else word[:start] + HIDDEN


def _shown(value: object) -> str:
    try:
        return repr(value)
    except Exception:
        return f"<{type(value).__name__}>"
