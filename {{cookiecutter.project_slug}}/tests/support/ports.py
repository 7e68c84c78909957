"""Ports for the servers of tests."""

import random
import socket
from collections import deque

OURS = range(15_000, 32_000)
"""Below those that the kernel gives to clients, and to who binds to port 0."""
HELD = 100
"""How many ports a process keeps for itself at most."""

_claims: deque[socket.socket] = deque()


def free_port() -> int:
    """A port that nothing listens on, and that no other test is given meanwhile.

    As a sign to other processes that look for one, the UDP port of this number is held.

    :raises OSError: if none of a thousand is free.
    """
    for port in random.sample(OURS, 1000):
        claim = socket.socket(type=socket.SOCK_DGRAM)
        try:
            claim.bind(("127.0.0.1", port))
            with socket.socket() as listener:
                listener.bind(("127.0.0.1", port))
        except OSError:
            claim.close()
            continue
        _claims.append(claim)
        if len(_claims) > HELD:
            _claims.popleft().close()
        return port
    raise OSError(f"no free port from {OURS.start} to {OURS.stop}")
