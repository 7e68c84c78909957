"""The fast server: order, one event at a time, bounds, and nothing left behind."""

import asyncio
import json
import logging
from collections.abc import Iterator

import pytest
import websockets

from {{cookiecutter.package_name}}.runtime.engine import outgoing

from ....support.waiting import eventually, until
from .serving import PATIENCE, Connection, Fast, running


@pytest.fixture(scope="module", params=["auto", "asyncio"])
def fast(request: pytest.FixtureRequest) -> Iterator[Fast]:
    with running(request.param) as fast:
        yield fast


async def following(socket: Connection, count: int) -> list[str]:
    async with asyncio.timeout(PATIENCE):
        return [str(await socket.recv()) for _ in range(count)]


async def test_acks_and_emits_keep_their_order(fast: Fast) -> None:
    async with fast.client() as socket:
        for number in range(3):
            await socket.send(f'42{number}["order",{number}]')
        assert await following(socket, 12) == [
            expected
            for n in range(3)
            for expected in (
                f'42["direct",{n}]',
                f'42["room",{n}]',
                f'42["direct again",{n}]',
                f'43{n}["done"]',
            )
        ]


async def test_they_keep_it_where_a_turn_waits_for_more(
    fast: Fast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outgoing, "MANY", 1)
    monkeypatch.setattr(outgoing, "REST", 1000)
    async with fast.client() as socket:
        for number in range(10):
            await socket.send(f'42{number}["order",{number}]')
            await asyncio.sleep(0.005)
        messages = await following(socket, 40)
    for number in range(10):
        assert messages[4 * number : 4 * number + 4] == [
            f'42["direct",{number}]',
            f'42["room",{number}]',
            f'42["direct again",{number}]',
            f'43{number}["done"]',
        ]


async def test_events_of_a_socket_are_handled_one_at_a_time(fast: Fast) -> None:
    fast.lab.most_at_once, fast.lab.handled = 0, []
    async with fast.client() as socket:
        for number in range(8):
            await socket.send(f'42{number}["wait",{number},{0.02 if number % 2 else 0}]')
        assert await following(socket, 8) == [f"43{n}[{n}]" for n in range(8)]
    assert fast.lab.most_at_once == 1
    assert fast.lab.handled == list(range(8))


async def test_events_of_different_sockets_are_not(fast: Fast) -> None:
    fast.lab.most_at_once = 0
    async with fast.client() as one, fast.client() as other:
        for socket in (one, other):
            await socket.send('421["wait",1,0.3]')
        await asyncio.gather(following(one, 1), following(other, 1))
    assert fast.lab.most_at_once == 2


async def test_a_busy_handler_holds_its_client_back(fast: Fast) -> None:
    """What it sends meanwhile waits in the kernel's buffers, not in this process."""
    event = json.dumps(["wait", 0, 0, "x" * 1000])
    async with fast.client() as socket:
        await socket.send('420["wait",0,3]')
        [session] = fast.server.eio.sockets.values()

        async def flood() -> None:
            for _ in range(20_000):
                await socket.send(f"42{event}")

        flooding = asyncio.create_task(flood())
        await until(lambda: session._paused)
        await asyncio.sleep(0.3)
        assert len(session._inbox) < 300
        assert not flooding.done()
        flooding.cancel()
        assert await following(socket, 1) == ["430[0]"]


async def test_what_came_before_the_end_is_still_handled(fast: Fast) -> None:
    fast.lab.handled = []
    async with fast.client() as socket:
        for number in range(3):
            await socket.send(f'42["wait",{number},0.05]')
    eventually(lambda: fast.lab.handled == [0, 1, 2], PATIENCE)
    eventually(lambda: not fast.residue(), PATIENCE)


async def test_nothing_is_delivered_before_the_handshake_is_accepted(fast: Fast) -> None:
    async with fast.client() as other, fast.opened() as socket:
        await socket.send('40"slow"')
        await asyncio.sleep(0.1)
        await other.send('42["tell","during"]')
        first, second, third = await following(socket, 3)
        assert first.startswith("40{")
        assert [second, third] == ['42["early"]', '42["told","during"]']


async def test_a_refused_one_gets_the_refusal_alone(fast: Fast) -> None:
    async with fast.client() as other, fast.opened() as socket:
        await socket.send('40"refuse"')
        await other.send('42["tell","after"]')
        [only] = await following(socket, 1)
        assert only.startswith("44{")
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(socket.recv(), 0.3)
        assert fast.server.manager._held == {}


async def test_a_ping_of_the_client_is_answered_with_its_payload(fast: Fast) -> None:
    async with fast.client() as socket, asyncio.timeout(PATIENCE):
        await (await socket.ping("still there?"))


async def test_a_failing_handler_ends_nothing(fast: Fast, caplog: pytest.LogCaptureFixture) -> None:
    async with fast.client() as socket:
        await socket.send('42["fail"]')
        await socket.send('421["wait",1,0]')
        assert await following(socket, 1) == ["431[1]"]
    assert "a handler failed" in caplog.text


async def test_a_cancelled_handler_ends_nothing(fast: Fast) -> None:
    async with fast.client() as one:
        await one.send('421["cancel"]')
        await one.send('422["order",1]')
        assert (await following(one, 4))[-1] == '432["done"]'


async def test_what_cannot_be_sent_is_acknowledged_as_an_error_of_ours(
    fast: Fast, caplog: pytest.LogCaptureFixture
) -> None:
    async with fast.client() as socket:
        await socket.send('427["unsendable"]')
        [ack] = await following(socket, 1)
        assert ack.startswith('437[{"ok":false,"error":{"code":"internal"')
    assert "cannot be sent" in caplog.text


async def test_a_slow_reader_is_dropped_and_the_others_are_not(
    fast: Fast, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    async with fast.client() as deaf, fast.client() as other:
        deaf.transport.pause_reading()

        async def read() -> None:
            while True:
                await other.recv()

        reading = asyncio.create_task(read())
        while "reads too slowly" not in caplog.text:
            await other.send('42["flood",100,20000]')
            await asyncio.sleep(0.05)
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)
        deaf.transport.abort()
        await other.send('421["wait",1,0]')
        while await other.recv() != "431[1]":
            pass


async def test_a_slow_reader_that_only_old_bytes_wait_for(
    fast: Fast, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fast.server, "_max_send_seconds", 1.0)
    async with fast.client() as deaf:
        deaf.transport.pause_reading()
        await deaf.send('42["flood",1,9000000]')
        async with asyncio.timeout(10):
            while "reads too slowly" not in caplog.text:
                await asyncio.sleep(0.1)
        deaf.transport.abort()


@pytest.mark.parametrize("event", ["newest", "spare"])
async def test_who_may_miss_events_is_not_dropped(fast: Fast, event: str) -> None:
    """It gets the last one, whole, and is answered as before."""
    async with fast.client() as slow:
        slow.transport.pause_reading()
        await slow.send(f'42["many",{json.dumps(event)},200,100000]')
        await asyncio.sleep(0.5)
        slow.transport.resume_reading()
        await slow.send('421["wait",1,0]')
        numbers = []
        async with asyncio.timeout(PATIENCE):
            while (message := str(await slow.recv())) != "431[1]":
                name, number, text = json.loads(message[2:])
                assert (name, len(text)) == (event, 100_000)
                numbers.append(number)
        assert numbers == sorted(set(numbers))
        assert numbers[-1] == 199
        assert len(numbers) < 200


async def test_all_that_waits_goes_out_before_the_end(fast: Fast) -> None:
    fast.lab.filled = 0
    async with fast.client() as slow:
        slow.transport.pause_reading()
        fast.lab.handled = []
        await slow.send('42["fill"]')
        await slow.send('42["wait",0,0]')
        await until(lambda: fast.lab.handled)
        [session] = fast.server.eio.sockets.values()
        asyncio.run_coroutine_threadsafe(fast.server.end_connection(session.sid), session._loop)
        await until(lambda: session.closed)
        slow.transport.resume_reading()
        for number in range(fast.lab.filled):
            assert json.loads(str(await slow.recv())[2:])[1] == number
        assert await slow.recv() == "1"
        with pytest.raises(websockets.ConnectionClosedOK):
            await slow.recv()


async def test_a_storm_leaves_nothing_behind(fast: Fast) -> None:
    before = fast.lab.left

    async def come_and_go(number: int) -> None:
        async with fast.client() as socket:
            await socket.send('42["order",1]')
            if number % 4 == 0:
                socket.transport.abort()
            elif number % 4 == 1:
                await socket.send("42[")
            elif number % 4 == 2:
                await socket.send("1")
            else:
                await socket.send("41")

    await asyncio.gather(*(come_and_go(number) for number in range(60)))
    eventually(lambda: not fast.residue(), PATIENCE)
    assert fast.lab.left == before + 60


async def test_kicked_during_a_handler(fast: Fast) -> None:
    async with fast.client() as socket:
        await socket.send('42["wait",1,0.3]')
        await asyncio.sleep(0.1)
        [connection] = fast.server.eio.sockets
        loop = fast.server.eio.sockets[connection]._loop
        asyncio.run_coroutine_threadsafe(fast.server.end_connection(connection), loop)
        with pytest.raises(websockets.ConnectionClosedOK):
            await following(socket, 9)
    eventually(lambda: not fast.residue(), PATIENCE)


async def test_where_uvicorn_was_not_told_it_serves_as_stock() -> None:
    """``uvicorn package.app:create_app --factory`` has WebSockets of its own."""
    with running("auto", http="httptools") as fast:
        async with fast.client() as one, fast.client() as other:
            await one.send('421["order",1]')
            expected = ['42["direct",1]', '42["room",1]', '42["direct again",1]', '431["done"]']
            assert await following(one, 4) == expected
            assert await following(other, 1) == ['42["room",1]']
