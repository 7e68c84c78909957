"""The Socket.IO v5 suite without those of Engine.IO: 16 cases; and clients of both kinds."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from .target import Poller, Socket, Target

BINARY = [b"\1\2\3", b"\4\5\6"]
PLACEHOLDERS = '{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}'


@asynccontextmanager
async def opened(sio: Target) -> AsyncIterator[Socket]:
    async with sio.socket() as socket:
        await socket.skip()  # Engine.IO's handshake
        yield socket


@asynccontextmanager
async def connected(sio: Target) -> AsyncIterator[Socket]:
    async with opened(sio) as socket:
        await socket.send("40")
        await socket.skip(2)  # Socket.IO's handshake, and "auth"
        yield socket


class TestConnect:
    @pytest.mark.parametrize("namespace", ["", "/custom,"], ids=["main", "custom"])
    @pytest.mark.parametrize("auth", ["", '{"token":"123"}'], ids=["", "payload"])
    async def test_is_let_in(self, sio: Target, namespace: str, auth: str) -> None:
        async with opened(sio) as socket:
            await socket.send(f"40{namespace}{auth}")
            answer = str(await socket.next())
            assert answer.startswith(f"40{namespace}{{")
            sid = json.loads(answer.removeprefix(f"40{namespace}"))
            assert sid.keys() == {"sid"}
            await socket.expect(f'42{namespace}["auth",{auth or "{}"}]')

    async def test_an_unknown_namespace(self, sio: Target) -> None:
        async with opened(sio) as socket:
            await socket.send("40/random")
            await socket.expect('44/random,{"message":"Invalid namespace"}')

    async def test_an_invalid_handshake(self, sio: Target) -> None:
        async with opened(sio) as socket:
            await socket.send("4abc")
            await socket.until_closed()

    async def test_no_handshake(self, sio: Target) -> None:
        async with opened(sio) as socket:
            pongs = asyncio.create_task(answer_pings(socket))
            await pongs


async def answer_pings(socket: Socket) -> None:
    """Answer until the server closes."""
    while True:
        try:
            if await socket.next() == "2":
                await socket.send("3")
        except Exception:
            return


class TestDisconnect:
    async def test_from_the_main_namespace(self, sio: Target) -> None:
        async with connected(sio) as socket:
            await socket.send("41")
            await socket.expect("2")

    async def test_from_a_custom_namespace(self, sio: Target) -> None:
        async with connected(sio) as socket:
            await socket.expect("2")
            await socket.send("3", "40/custom")
            await socket.skip(2)
            await socket.send("41/custom", '42["message","message to main namespace"]')
            await socket.expect('42["message-back","message to main namespace"]')


class TestMessage:
    async def test_text(self, sio: Target) -> None:
        async with connected(sio) as socket:
            await socket.send('42["message",1,"2",{"3":[true]}]')
            await socket.expect('42["message-back",1,"2",{"3":[true]}]')

    async def test_attachments(self, sio: Target) -> None:
        async with connected(sio) as socket:
            await socket.send(f'452-["message",{PLACEHOLDERS}]', *BINARY)
            await socket.expect(f'452-["message-back",{PLACEHOLDERS}]', *BINARY)

    async def test_text_with_an_ack(self, sio: Target) -> None:
        async with connected(sio) as socket:
            await socket.send('42456["message-with-ack",1,"2",{"3":[false]}]')
            await socket.expect('43456[1,"2",{"3":[false]}]')

    async def test_attachments_with_an_ack(self, sio: Target) -> None:
        async with connected(sio) as socket:
            await socket.send(f'452-789["message-with-ack",{PLACEHOLDERS}]', *BINARY)
            await socket.expect(f"462-789[{PLACEHOLDERS}]", *BINARY)

    @pytest.mark.parametrize(
        "packet",
        ["4abc", "42{}", '42abc["message-with-ack",1,"2",{"3":[false]}]'],
        ids=["packet type", "payload format", "ack id"],
    )
    async def test_an_invalid_format_closes_the_connection(self, sio: Target, packet: str) -> None:
        async with connected(sio) as socket:
            await socket.send(packet)
            await socket.until_closed()


class TestBothKindsOfClients:
    """FINDINGS of others: one encoding kept for two transports answers the second with a 500."""

    async def test_a_binary_broadcast_reaches_both(self, sio: Target) -> None:
        poller = await Poller.open(sio)
        assert (await poller.push("40")).status_code == 200
        await poller.poll()
        async with connected(sio) as socket:
            await socket.send('451-["broadcast",{"_placeholder":true,"num":0}]', b"\1\2")
            event = '451-["broadcast",{"_placeholder":true,"num":0}]'
            await socket.expect(event, b"\1\2")
            answer = await poller.poll()
            received = answer.text.split("\x1e")
            assert [part for part in received if part[0] in "4b"][-2:] == [event, "bAQI="]
