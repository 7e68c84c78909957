"""The namespace ``/admin`` sees the sockets of every worker."""

import os
import signal
from pathlib import Path

from ..support.client import connect, joined
from ..support.service import Service, running_service
from ..support.valkey import Valkey
from .test_admin import administrator, hear


def kill(service: Service) -> None:
    """Without a chance to say goodbye: the workers too, where the server has any."""
    master = service.process.pid
    workers = Path(f"/proc/{master}/task/{master}/children").read_text().split()
    for pid in (master, *map(int, workers)):
        os.kill(pid, signal.SIGKILL)


def test_it_sees_the_other_worker_and_its_end(tmp_path: Path, room: str) -> None:
    valkey = Valkey(tmp_path)
    valkey.start()
    try:
        env = {"REDIS_URL": valkey.url, "APP_ADMIN_UI": "1"}
        with (
            running_service(env) as one,
            running_service({**env, "APP_JWT_SECRET": one.secret}) as other,
            connect(other.url, one.token("early")) as early,
            administrator(one) as admin,
        ):
            sid = early.sid
            hear(admin, "socket_connected", lambda data: data[0]["id"] == sid)
            with joined(other.url, one.token("late"), room) as late:
                hear(admin, "socket_connected", lambda data: data[0]["id"] == late.sid)
                late.call("leave", {"room": room})
                left = hear(admin, "room_left", lambda data: data[2] == late.sid)
                assert list(left[:2]) == ["/chat", room]
            with administrator(one) as second:
                shown = second.next("all_sockets")
                assert sid in [found["id"] for found in shown]
            kill(other)
            hear(admin, "socket_disconnected", lambda data: data[1] == sid, timeout=60)
    finally:
        valkey.kill()
