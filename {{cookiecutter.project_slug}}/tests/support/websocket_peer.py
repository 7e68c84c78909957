"""A WebSocket client at the level of bytes, which can do what no client should."""

import socket
import struct

TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10
HANDSHAKE = {
    "HTTP_SEC_WEBSOCKET_KEY": "dGhlIHNhbXBsZSBub25jZQ==",
    "HTTP_SEC_WEBSOCKET_VERSION": "13",
    "request_id": "r-1",
}


class Peer:
    """The client's end of a connection, at the level of bytes."""

    def __init__(self, connection: socket.socket) -> None:
        self.connection = connection
        connection.settimeout(10)

    def send(self, opcode: int, payload: bytes = b"", first: int = 0x80) -> None:
        self.connection.sendall(head(opcode, len(payload), first) + mask(payload))

    def answer(self) -> bytes:
        """The head of the answer to the handshake."""
        answer = b""
        while not answer.endswith(b"\r\n\r\n"):
            answer += self.exactly(1)
        return answer

    def frame(self) -> tuple[int, bytes]:
        """The opcode and the payload of the next frame."""
        first, size = self.exactly(2)
        if size == 126:
            [size] = struct.unpack("!H", self.exactly(2))
        elif size == 127:
            [size] = struct.unpack("!Q", self.exactly(8))
        return first & 0x0F, self.exactly(size)

    def exactly(self, size: int) -> bytes:
        data = bytearray()
        while len(data) < size:
            part = self.connection.recv(size - len(data))
            if not part:
                raise EOFError
            data += part
        return bytes(data)

    def close_code(self) -> int:
        """The code of the close frame that comes now."""
        opcode, payload = self.frame()
        assert opcode == CLOSE
        code: int = struct.unpack("!H", payload[:2])[0]
        return code


def head(opcode: int, size: int, first: int = 0x80, masked: bool = True) -> bytes:
    flag = 0x80 if masked else 0
    if size < 126:
        length = bytes([flag | size])
    elif size < 65536:
        length = bytes([flag | 126]) + struct.pack("!H", size)
    else:
        length = bytes([flag | 127]) + struct.pack("!Q", size)
    return bytes([first | opcode]) + length + (b"\1\2\3\4" if masked else b"")


def mask(payload: bytes) -> bytes:
    key = (b"\1\2\3\4" * (len(payload) // 4 + 1))[: len(payload)]
    return (int.from_bytes(payload, "big") ^ int.from_bytes(key, "big")).to_bytes(
        len(payload), "big"
    )
