"""What is said once: a log that a crowd cannot fill."""

from __future__ import annotations

from collections import OrderedDict

REMEMBERED = 1024
"""Keys that are known; of those before them nothing is."""


class Once:
    """Called with a key, such as a client's address: whether it is a new one."""

    def __init__(self) -> None:
        self._known: OrderedDict[str, None] = OrderedDict()

    def __call__(self, key: str) -> bool:
        is_new = key not in self._known
        self._known[key] = None
        self._known.move_to_end(key)
        if len(self._known) > REMEMBERED:
            self._known.popitem(last=False)
        return is_new
