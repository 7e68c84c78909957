"""The Engine.IO v4 suite: 25 cases, of which the Socket.IO suite repeats 16 on its own path."""

import asyncio

import httpx
import pytest

from .target import INTERVAL, TIMEOUT, Poller, Target, get, handshake


class TestHandshakePolling:
    async def test_opens_a_session(self, either: Target) -> None:
        answer = await get(either.polling)
        assert answer.status_code == 200
        assert handshake(answer.text)["upgrades"] == ["websocket"]

    @pytest.mark.parametrize("query", ["transport=polling", "EIO=abc&transport=polling"])
    async def test_an_invalid_version(self, either: Target, query: str) -> None:
        assert (await get(either.url(query))).status_code == 400

    @pytest.mark.parametrize("query", ["EIO=4", "EIO=4&transport=abc"])
    async def test_an_invalid_transport(self, either: Target, query: str) -> None:
        assert (await get(either.url(query))).status_code == 400

    @pytest.mark.parametrize("method", ["POST", "PUT"])
    async def test_an_invalid_method(self, either: Target, method: str) -> None:
        async with httpx.AsyncClient() as client:
            assert (await client.request(method, either.polling)).status_code == 400


class TestHandshakeWebSocket:
    async def test_opens_a_session(self, either: Target) -> None:
        async with either.socket() as socket:
            assert handshake(await socket.next())["upgrades"] == []

    @pytest.mark.parametrize("query", ["transport=websocket", "EIO=abc&transport=websocket"])
    async def test_an_invalid_version(self, either: Target, query: str) -> None:
        assert await either.refuses(query)

    @pytest.mark.parametrize("query", ["EIO=4", "EIO=4&transport=abc"])
    async def test_an_invalid_transport(self, either: Target, query: str) -> None:
        assert await either.refuses(query)


class TestMessagePolling:
    @pytest.mark.parametrize(
        "payload",
        ["4hello", "4test1\x1e4test2\x1e4test3", "4hello\x1ebAQIDBA=="],
        ids=["text", "several", "binary"],
    )
    async def test_is_echoed(self, eio: Target, payload: str) -> None:
        client = await Poller.open(eio)
        pushed = await client.push(payload)
        assert (pushed.status_code, pushed.text) == (200, "ok")
        await client.poll(payload)

    async def test_an_invalid_packet_ends_the_session(self, eio: Target) -> None:
        client = await Poller.open(eio)
        assert (await client.push("abc")).status_code == 400
        assert (await client.poll()).status_code == 400

    async def test_a_second_poll_ends_the_session(self, eio: Target) -> None:
        client = await Poller.open(eio)
        first = asyncio.create_task(client.poll("1"))
        await asyncio.sleep(0.05)
        assert (await client.poll(extra="&t=burst")).status_code in (400, 500)
        await first
        assert (await client.poll()).status_code == 400

    async def test_a_cancelled_poll_ends_the_session(self, eio: Target) -> None:
        client = await Poller.open(eio)
        poll = asyncio.create_task(client.poll())
        await asyncio.sleep(0.05)
        poll.cancel()
        await asyncio.gather(poll, return_exceptions=True)
        assert (await client.poll()).status_code == 400


class TestMessageWebSocket:
    @pytest.mark.parametrize("message", ["4hello", b"\1\2\3\4"], ids=["text", "binary"])
    async def test_is_echoed(self, eio: Target, message: str | bytes) -> None:
        async with eio.socket() as socket:
            handshake(await socket.next())
            await socket.send(message)
            await socket.expect(message)

    async def test_an_invalid_packet_ends_the_session(self, eio: Target) -> None:
        async with eio.socket() as socket:
            await socket.skip()
            await socket.send("abc")
            await socket.until_closed()


class TestHeartbeat:
    async def test_polling_sends_pings(self, either: Target) -> None:
        client = await Poller.open(either)
        for _ in range(3):
            await client.poll("2")
            assert (await client.push("3")).status_code == 200

    async def test_polling_ends_without_a_pong(self, either: Target) -> None:
        client = await Poller.open(either)
        await asyncio.sleep(INTERVAL + TIMEOUT)
        assert (await client.poll()).status_code == 400

    async def test_websocket_sends_pings(self, either: Target) -> None:
        async with either.socket() as socket:
            await socket.skip()
            for _ in range(3):
                await socket.expect("2")
                await socket.send("3")

    async def test_websocket_ends_without_a_pong(self, either: Target) -> None:
        async with either.socket() as socket:
            await socket.until_closed()


class TestClose:
    async def test_polling(self, either: Target) -> None:
        client = await Poller.open(either)
        poll = asyncio.create_task(client.poll("6"))
        await asyncio.sleep(0.02)
        await client.push("1")
        await poll
        assert (await client.poll()).status_code == 400

    async def test_websocket(self, either: Target) -> None:
        async with either.socket() as socket:
            await socket.skip()
            await socket.send("1")
            async with asyncio.timeout(INTERVAL):  # not only when no pong comes
                await socket.until_closed()


class TestUpgrade:
    async def test_from_polling_to_websocket(self, either: Target) -> None:
        client = await Poller.open(either)
        async with either.socket(f"EIO=4&transport=websocket&sid={client.sid}") as socket:
            await socket.send("2probe")
            await socket.expect("3probe")
            await client.poll("6")
            await socket.send("5")
            if either.path == "/engine.io/":
                await socket.send("4hello")
                await socket.expect("4hello")

    async def test_a_waiting_poll_is_ended(self, either: Target) -> None:
        client = await Poller.open(either)
        poll = asyncio.create_task(client.poll("6"))
        await asyncio.sleep(0.05)
        async with either.socket(f"EIO=4&transport=websocket&sid={client.sid}") as socket:
            await socket.send("2probe")
            await socket.expect("3probe")
            await poll
            await socket.send("5")
            await socket.expect("2")

    async def test_requests_with_its_sid_are_refused_then(self, either: Target) -> None:
        client = await Poller.open(either)
        async with either.socket(f"EIO=4&transport=websocket&sid={client.sid}") as socket:
            await socket.send("2probe", "5")
            await socket.expect("3probe")
            assert (await client.poll()).status_code == 400
            if either.path == "/engine.io/":
                await socket.send("4hello")
                await socket.expect("4hello")

    async def test_websockets_with_its_sid_are_refused_then(self, either: Target) -> None:
        client = await Poller.open(either)
        query = f"EIO=4&transport=websocket&sid={client.sid}"
        async with either.socket(query) as socket:
            await socket.send("2probe", "5")
            await socket.expect("3probe")
            assert await either.refuses(query)
            if either.path == "/engine.io/":
                await socket.send("4hello")
                await socket.expect("4hello")

    async def test_a_given_up_upgrade_leaves_polling_as_it_was(self, either: Target) -> None:
        client = await Poller.open(either)
        query = f"EIO=4&transport=websocket&sid={client.sid}"
        async with either.socket(query) as socket:
            await socket.send("2probe")
            await socket.expect("3probe")
        while (answer := await client.poll()).text == "6":
            pass
        assert answer.text == "2"
        async with either.socket(query) as socket:
            await socket.send("2probe")
            await socket.expect("3probe")
