"""What an administrator sees of every worker's sockets, in the language of Socket.IO's Admin UI.

python-socketio's own ``instrument()`` is not used: it hands on every event with its payload, tokens
among them, every header and query of a handshake, lets an administrator emit to any namespace past
its gate, and replaces methods that the engine here does not call. This reads the same tables that
the server has anyway, and only while somebody looks; it changes nothing.
"""

from .namespace import AdminNamespace
from .view import TOPIC, AdminView

__all__ = ["TOPIC", "AdminNamespace", "AdminView"]
