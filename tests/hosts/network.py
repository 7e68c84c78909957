"""Computers with an address each, of which one can be cut off.

Network namespaces on a bridge where this process may make them; else addresses of the loopback.
A host that is cut off hears nothing and is not heard: no RST, no FIN, and no ARP that fails, as
every host knows every other's hardware address.
"""

from __future__ import annotations

import ctypes
import os
import secrets
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Protocol

CLONE_NEWNET = 0x40000000


class Network(Protocol):
    kind: str
    """What it is made of, in words."""

    def address(self, name: str) -> str: ...

    def command(self, name: str, words: Sequence[str]) -> list[str]:
        """The words that run a command on a host."""
        ...

    def enter(self, name: str) -> None:
        """Let the sockets that this thread opens from now on be those of a host."""
        ...

    def cut(self, name: str, processes: Sequence[int]) -> None:
        """:param processes: all that run on the host."""
        ...

    def mend(self, name: str, processes: Sequence[int]) -> None: ...


class Namespaces:
    """A namespace a host, and one for the bridge between them. Nothing leads out of it."""

    kind = "network namespaces"

    def __init__(self, names: Sequence[str]) -> None:
        self._run = f"rt{secrets.token_hex(3)}"
        self._numbers = {name: number for number, name in enumerate(names, 1)}
        self._switch = f"{self._run}-switch"

    def build(self) -> None:
        """:raises OSError: if this process may not, or has no iproute2."""
        _ip("netns", "add", self._switch)
        _ip("-n", self._switch, "link", "add", "bridge", "type", "bridge")
        _ip("-n", self._switch, "link", "set", "bridge", "up")
        for name in self._numbers:
            self._plug_in(name)
        for here in self._numbers:
            for there, number in self._numbers.items():
                if here != there:
                    words = f"neigh add {self.address(there)} lladdr {_mac(number)} dev eth0"
                    _ip("-n", self._space(here), *words.split(), "nud", "permanent")

    def remove(self) -> None:
        for space in (self._switch, *map(self._space, self._numbers)):
            with suppress(OSError):
                _ip("netns", "delete", space)

    def address(self, name: str) -> str:
        return f"10.77.0.{self._numbers[name]}"

    def command(self, name: str, words: Sequence[str]) -> list[str]:
        return ["ip", "netns", "exec", self._space(name), *words]

    def enter(self, name: str) -> None:
        with open(f"/run/netns/{self._space(name)}", "rb") as space:
            if ctypes.CDLL(None, use_errno=True).setns(space.fileno(), CLONE_NEWNET):
                raise OSError(ctypes.get_errno(), "setns")

    def cut(self, name: str, processes: Sequence[int]) -> None:
        _ip("-n", self._switch, "link", "set", self._port(name), "nomaster")

    def mend(self, name: str, processes: Sequence[int]) -> None:
        _ip("-n", self._switch, "link", "set", self._port(name), "master", "bridge")

    def _space(self, name: str) -> str:
        return f"{self._run}-{name}"

    def _port(self, name: str) -> str:
        return f"port{self._numbers[name]}"

    def _plug_in(self, name: str) -> None:
        space, port, number = self._space(name), self._port(name), self._numbers[name]
        _ip("netns", "add", space)
        pair = f"link add {port} type veth peer name eth0 address {_mac(number)} netns {space}"
        _ip("-n", self._switch, *pair.split())
        _ip("-n", self._switch, "link", "set", port, "master", "bridge", "up")
        _ip("-n", space, "link", "set", "lo", "up")
        _ip("-n", space, "address", "add", f"{self.address(name)}/24", "dev", "eth0")
        _ip("-n", space, "link", "set", "eth0", "up")


class Loopback:
    """An address a host. One that is cut off stands still: the kernel goes on to take in for it."""

    kind = "loopback addresses"

    def __init__(self, names: Sequence[str]) -> None:
        self._numbers = {name: number for number, name in enumerate(names, 1)}

    def address(self, name: str) -> str:
        return f"127.0.77.{self._numbers[name]}"

    def command(self, name: str, words: Sequence[str]) -> list[str]:
        return list(words)

    def enter(self, name: str) -> None:
        pass

    def cut(self, name: str, processes: Sequence[int]) -> None:
        for process in processes:
            os.kill(process, signal.SIGSTOP)

    def mend(self, name: str, processes: Sequence[int]) -> None:
        for process in processes:
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGCONT)


@contextmanager
def network(*names: str) -> Iterator[Network]:
    """A network with these hosts, gone at the end."""
    spaces = Namespaces(names)
    try:
        try:
            spaces.build()
        except OSError as error:
            print(f"no network namespaces here ({error}): loopback addresses", file=sys.stderr)
            spaces.remove()
            yield Loopback(names)
        else:
            yield spaces
    finally:
        spaces.remove()


def _ip(*words: str) -> None:
    done = subprocess.run(["ip", *words], capture_output=True, text=True, timeout=20, check=False)
    if done.returncode:
        raise OSError(f"ip {' '.join(words)}: {done.stderr.strip()}")


def _mac(number: int) -> str:
    return f"02:00:00:00:77:{number:02x}"
