"""What every message log must do, whatever keeps the messages.

A log's own test module subclasses :class:`MessageLogContract` and gives it a fixture ``log``: an
empty log opened with ``history_size=HISTORY_SIZE``. Logs that hold exactly that many messages
subclass :class:`BoundedLogContract`.
"""

from datetime import UTC, datetime, timedelta
from functools import partial

from {{cookiecutter.package_name}}.domain.events import Message, Position
from {{cookiecutter.package_name}}.ports import Appended, MessageLog
from {{cookiecutter.package_name}}.runtime.mode import together

HISTORY_SIZE = 20
START = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)


async def fill(log: MessageLog, count: int, room: str = "lobby", first: int = 1) -> str:
    """Append messages ``m<first>``, … from ada; returns the room's epoch."""
    epoch = ""
    for number in range(first, first + count):
        sent_at = START + timedelta(seconds=number)
        appended = await log.append(room, f"m{number}", "ada", f"text {number}", sent_at)
        epoch = appended.message.epoch
    return epoch


def offsets(messages: list[Message]) -> list[int]:
    return [message.offset for message in messages]


class MessageLogContract:
    async def test_a_message_comes_back_as_it_was_sent(self, log: MessageLog) -> None:
        text = 'Grüße 👋 "quoted" {braces} \\ \n line two'
        appended = await log.append("lobby", "id-1", "zoë", text, START)

        assert not appended.duplicate
        message = appended.message
        assert (message.room, message.id, message.user) == ("lobby", "id-1", "zoë")
        assert (message.offset, message.text, message.sent_at) == (1, text, START)
        assert message.sent_at.tzinfo is not None
        assert message.epoch
        assert await log.before("lobby", None, 10) == [message]
        replay = await log.replay("lobby", Position(message.epoch, 0), 10)
        assert replay.messages == [message]

    async def test_offsets_count_up_by_one_in_each_room(self, log: MessageLog) -> None:
        await fill(log, 3, "lobby")
        await fill(log, 2, "kitchen")

        assert offsets(await log.before("lobby", None, 10)) == [3, 2, 1]
        assert offsets(await log.before("kitchen", None, 10)) == [2, 1]

    async def test_the_same_id_of_the_same_user_is_stored_once(self, log: MessageLog) -> None:
        first = await log.append("lobby", "id-1", "ada", "hello", START)
        again = await log.append("lobby", "id-1", "ada", "other", START + timedelta(seconds=9))

        assert again.duplicate
        assert again.message == first.message
        assert await log.before("lobby", None, 10) == [first.message]

    async def test_the_same_id_of_another_user_or_room_is_another_message(
        self, log: MessageLog
    ) -> None:
        await log.append("lobby", "id-1", "ada", "hello", START)
        other_user = await log.append("lobby", "id-1", "bob", "hello", START)
        other_room = await log.append("kitchen", "id-1", "ada", "hello", START)

        assert (other_user.duplicate, other_user.message.offset) == (False, 2)
        assert (other_room.duplicate, other_room.message.offset) == (False, 1)

    async def test_user_and_id_are_never_run_together(self, log: MessageLog) -> None:
        await log.append("lobby", "b:c", "a", "one", START)
        for user, message_id in (("a:b", "c"), ("a b", "c"), ("a", "b c")):
            appended = await log.append("lobby", message_id, user, "two", START)
            assert not appended.duplicate

    async def test_concurrent_appends_leave_no_gap_and_no_double(self, log: MessageLog) -> None:
        ids = [f"m{number // 2}" for number in range(HISTORY_SIZE)]  # impatient: every id twice
        results = await together(
            *(partial(log.append, "lobby", name, "ada", "hi", START) for name in ids)
        )

        appended = [result for result in results if isinstance(result, Appended)]
        assert len(appended) == HISTORY_SIZE, results
        assert sum(not one.duplicate for one in appended) == HISTORY_SIZE // 2
        stored = await log.before("lobby", None, HISTORY_SIZE)
        assert offsets(stored) == list(range(HISTORY_SIZE // 2, 0, -1))
        assert len({message.id for message in stored}) == HISTORY_SIZE // 2

    async def test_an_unwritten_room_has_a_head_that_the_first_message_follows(
        self, log: MessageLog
    ) -> None:
        empty = await log.replay("lobby", None, 10)
        assert empty.head.offset == 0
        assert empty.head.epoch
        assert empty.messages == []
        assert not empty.complete
        assert (await log.replay("lobby", empty.head, 10)).complete

        await fill(log, 2)
        after = await log.replay("lobby", empty.head, 10)
        assert after.complete
        assert offsets(after.messages) == [1, 2]

    async def test_replay_returns_all_that_followed(self, log: MessageLog) -> None:
        epoch = await fill(log, 6)
        replay = await log.replay("lobby", Position(epoch, 2), 4)

        assert replay.complete
        assert offsets(replay.messages) == [3, 4, 5, 6]
        assert replay.head == Position(epoch, 6)

    async def test_replay_at_the_head_is_complete_and_empty(self, log: MessageLog) -> None:
        epoch = await fill(log, 3)
        replay = await log.replay("lobby", Position(epoch, 3), 10)

        assert (replay.complete, replay.messages) == (True, [])

    async def test_replay_is_never_partial(self, log: MessageLog) -> None:
        epoch = await fill(log, 6)
        replay = await log.replay("lobby", Position(epoch, 2), 3)

        assert not replay.complete
        assert offsets(replay.messages) == [4, 5, 6]
        assert replay.head == Position(epoch, 6)

    async def test_replay_of_another_epoch_gives_the_latest(self, log: MessageLog) -> None:
        epoch = await fill(log, 5)
        for since in (Position("another", 2), Position("another", 5), None):
            replay = await log.replay("lobby", since, 3)
            assert not replay.complete
            assert offsets(replay.messages) == [3, 4, 5]
            assert replay.head == Position(epoch, 5)

    async def test_replay_from_ahead_of_the_head_gives_the_latest(self, log: MessageLog) -> None:
        epoch = await fill(log, 5)
        for offset in (6, 2**53 - 1):
            replay = await log.replay("lobby", Position(epoch, offset), 3)
            assert not replay.complete
            assert offsets(replay.messages) == [3, 4, 5]

    async def test_before_pages_backwards(self, log: MessageLog) -> None:
        await fill(log, 7)

        assert offsets(await log.before("lobby", None, 3)) == [7, 6, 5]
        assert offsets(await log.before("lobby", 5, 3)) == [4, 3, 2]
        assert offsets(await log.before("lobby", 2, 3)) == [1]
        assert await log.before("lobby", 1, 3) == []
        assert await log.before("lobby", 0, 3) == []
        assert offsets(await log.before("lobby", 2**53 - 1, 2)) == [7, 6]
        assert await log.before("never-written", None, 3) == []

    async def test_heads_are_those_of_replay(self, log: MessageLog) -> None:
        epoch = await fill(log, 3, "lobby")
        await fill(log, 1, "kitchen")
        unwritten = (await log.replay("attic", None, 1)).head

        heads = await log.heads(["lobby", "kitchen", "attic", "cellar"])

        assert heads["lobby"] == Position(epoch, 3)
        assert heads["kitchen"].offset == 1
        assert heads["attic"] == unwritten
        assert heads["cellar"] == (await log.replay("cellar", None, 1)).head
        assert await log.heads([]) == {}

    async def test_more_than_the_history_is_complete_or_says_not(self, log: MessageLog) -> None:
        """However a log prunes, it never calls a part of what followed the whole."""
        count = HISTORY_SIZE + 5
        epoch = await fill(log, count)
        for since in range(count + 1):
            replay = await log.replay("lobby", Position(epoch, since), 10 * count)
            if replay.complete:
                assert offsets(replay.messages) == list(range(since + 1, count + 1))
            else:
                assert offsets(replay.messages)[-1] == count
        latest = await log.replay("lobby", Position(epoch, 5), HISTORY_SIZE)
        assert latest.complete


class BoundedLogContract(MessageLogContract):
    """For logs that hold exactly the latest ``HISTORY_SIZE`` messages of a room."""

    async def test_only_the_latest_are_held(self, log: MessageLog) -> None:
        epoch = await fill(log, HISTORY_SIZE + 5)

        held = await log.before("lobby", None, 10 * HISTORY_SIZE)
        assert offsets(held) == list(range(HISTORY_SIZE + 5, 5, -1))
        assert (await log.replay("lobby", Position(epoch, 5), 100)).complete
        gone = await log.replay("lobby", Position(epoch, 4), 100)
        assert not gone.complete
        assert len(gone.messages) == HISTORY_SIZE

    async def test_an_id_is_known_for_as_long_as_its_message_is_held(self, log: MessageLog) -> None:
        await fill(log, HISTORY_SIZE + 5)

        assert (await log.append("lobby", "m6", "ada", "again", START)).duplicate
        forgotten = await log.append("lobby", "m5", "ada", "again", START)
        assert (forgotten.duplicate, forgotten.message.offset) == (False, HISTORY_SIZE + 6)
        assert not (await log.append("lobby", "m6", "ada", "again", START)).duplicate
