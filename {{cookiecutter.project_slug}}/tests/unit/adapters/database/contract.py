"""What message logs in a database and its migrations must do, whatever kind of database it is.

The test module of each kind subclasses these and brings the fixture ``url`` (with tables) or
``empty_url`` (without).
"""

import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, Engine, event, inspect, text

from {{cookiecutter.package_name}}.adapters.database import statements
from {{cookiecutter.package_name}}.adapters.database.engine import open_database
from {{cookiecutter.package_name}}.adapters.database.message_log import (
    DatabaseMessageLog,
)
from {{cookiecutter.package_name}}.adapters.database.migrations import (
    SchemaBehind,
    configuration,
    migrating,
    upgrade,
)
from {{cookiecutter.package_name}}.adapters.database.models import Base
from {{cookiecutter.package_name}}.adapters.database.tick_history import (
    KEPT,
    DatabaseTickHistory,
)
from {{cookiecutter.package_name}}.domain.errors import Refused
from {{cookiecutter.package_name}}.domain.events import Position
from {{cookiecutter.package_name}}.domain.ticks import Tick
from {{cookiecutter.package_name}}.runtime.mode import sleep, together

from ..message_log_contract import HISTORY_SIZE, START, MessageLogContract, fill, offsets
from ..tick_history_contract import TickHistoryContract, tick
from .conftest import OpenLog, OpenStores

TASKS, EACH = 8, 50


@contextmanager
def counted_statements() -> Iterator[list[str]]:
    """Collects what any engine executes, transaction control aside."""
    executed: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if not statement.startswith("BEGIN"):
            executed.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield executed
    finally:
        event.remove(Engine, "before_cursor_execute", note)


class DatabaseLogContract(MessageLogContract):
    @pytest.fixture
    async def log(self, open_log: OpenLog, url: str) -> DatabaseMessageLog:
        return await open_log(url)

    async def test_workers_that_write_to_one_room_leave_no_gap_and_no_double(
        self, open_log: OpenLog, url: str
    ) -> None:
        logs = [await open_log(url), await open_log(url)]

        def writer(task: int) -> Callable[[], Awaitable[list[int]]]:
            async def write() -> list[int]:
                log = logs[task % 2]
                sent = [f"{task}-{number}" for number in range(EACH)]
                return [
                    (await log.append("lobby", id, "ada", "hi", START)).message.offset
                    for id in sent
                ]

            return write

        results = await together(*map(writer, range(TASKS)))

        taken = [offset for result in results if isinstance(result, list) for offset in result]
        assert sorted(taken) == list(range(1, TASKS * EACH + 1))
        assert (await logs[0].heads(["lobby"]))["lobby"].offset == TASKS * EACH

    async def test_workers_that_open_the_same_rooms_agree_on_their_epochs(
        self, open_log: OpenLog, url: str
    ) -> None:
        logs = [await open_log(url), await open_log(url)]
        rooms = [f"room-{number}" for number in range(10)]

        results = await together(
            *(lambda log=log: log.heads(rooms) for log in logs),
            *(lambda log=log: log.heads(rooms[::-1]) for log in logs),
        )

        assert [result for result in results if result != results[0]] == []
        assert await logs[0].heads(rooms) == results[0]

    async def test_workers_that_send_the_same_message_store_it_once(
        self, open_log: OpenLog, url: str
    ) -> None:
        logs = [await open_log(url), await open_log(url)]
        for number in range(10):
            results = await together(
                *(
                    lambda log=log, id=f"m{number}": log.append("lobby", id, "ada", "hi", START)
                    for log in logs
                )
            )
            failed = [result for result in results if isinstance(result, BaseException)]
            assert failed == []
            appended = [result for result in results if not isinstance(result, BaseException)]
            assert sorted(result.duplicate for result in appended) == [False, True]
            assert {result.message.offset for result in appended} == {number + 1}

    async def test_epoch_and_messages_survive_a_restart(self, open_log: OpenLog, url: str) -> None:
        before = await open_log(url)
        epoch = await fill(before, 3)
        unwritten = await before.heads(["attic"])

        after = await open_log(url)

        replay = await after.replay("lobby", Position(epoch, 1), 10)
        assert (replay.complete, offsets(replay.messages)) == (True, [2, 3])
        assert await after.heads(["attic"]) == unwritten

    async def test_a_room_that_is_gone_comes_back_in_another_epoch(
        self, log: DatabaseMessageLog, url: str
    ) -> None:
        epoch = await fill(log, 3)
        async with open_database(url) as database:
            await database.write("lobby", lambda rows: rows.execute(text("DELETE FROM rooms")))

        assert (await log.heads(["lobby"]))["lobby"].epoch != epoch
        assert not (await log.replay("lobby", Position(epoch, 0), 10)).complete
        assert await log.before("lobby", None, 10) == []

    async def test_what_fails_takes_no_offset(self, log: DatabaseMessageLog, url: str) -> None:
        def fail_halfway(connection: Connection) -> None:
            connection.execute(statements.NEXT_OFFSET, {"of_room": "lobby"})
            raise ZeroDivisionError

        await fill(log, 2)
        async with open_database(url) as database:
            with pytest.raises(ZeroDivisionError):
                await database.write("lobby", fail_halfway)
            with pytest.raises(Refused, match="characters") as refused:
                await log.append("lobby", "m3", "ada", "half a pair: \ud83d", START)

        assert refused.value.code == "invalid_payload"
        assert (await log.append("lobby", "m4", "ada", "hi", START)).message.offset == 3

    async def test_more_than_the_history_is_neither_shown_nor_kept_for_long(
        self, log: DatabaseMessageLog, url: str
    ) -> None:
        epoch = await fill(log, 2 * HISTORY_SIZE + 3)

        shown = await log.before("lobby", None, 10 * HISTORY_SIZE)
        assert offsets(shown) == list(range(2 * HISTORY_SIZE + 3, HISTORY_SIZE + 3, -1))
        replay = await log.replay("lobby", Position(epoch, 1), 10 * HISTORY_SIZE)
        assert (replay.complete, len(replay.messages)) == (False, HISTORY_SIZE)
        count = text("SELECT count(*) FROM messages")
        async with open_database(url) as database:
            assert await database.read(lambda rows: rows.scalar(count)) < 2 * HISTORY_SIZE

    async def test_times_are_kept_to_the_microsecond_whatever_their_zone(
        self, log: DatabaseMessageLog
    ) -> None:
        sent_at = datetime.fromisoformat("2026-07-01T01:30:00.000001+05:30")
        await log.append("lobby", "m1", "ada", "hi", sent_at)

        [message] = await log.before("lobby", None, 1)
        assert message.sent_at == sent_at
        assert message.sent_at.tzinfo == UTC

    async def test_each_call_is_as_few_statements_as_can_be(self, log: DatabaseMessageLog) -> None:
        epoch = await fill(log, 5)
        rooms = [f"room-{number}" for number in range(50)]
        await log.heads(rooms)
        calls: list[tuple[int, Callable[[], Awaitable[Any]]]] = [
            (2, lambda: log.append("lobby", "m6", "ada", "hi", START)),
            (3, lambda: log.append("lobby", "m6", "ada", "hi", START)),
            (1, lambda: log.replay("lobby", Position(epoch, 1), 10)),
            (1, lambda: log.replay("lobby", None, 10)),
            (1, lambda: log.before("lobby", None, 10)),
            (1, lambda: log.before("lobby", 4, 10)),
            (1, lambda: log.heads(rooms)),
        ]
        for expected, call in calls:
            with counted_statements() as executed:
                await call()
            assert len(executed) == expected, executed

    async def test_it_is_ready(self, log: DatabaseMessageLog) -> None:
        await log.ping()


class DatabaseHistoryContract(TickHistoryContract):
    @pytest.fixture
    async def history(self, open_worker: OpenStores, url: str) -> DatabaseTickHistory:
        return (await open_worker(url)).history

    async def test_a_batch_is_two_statements_and_a_page_is_one(
        self, history: DatabaseTickHistory
    ) -> None:
        await history.record([tick("A", 0)])  # which also forgets what is old
        with counted_statements() as executed:
            await history.record([tick("A", number, number) for number in range(100)])
        assert [statement.split()[2] for statement in executed] == ["ticks", "candles"]
        for before in (None, (START, 1.0)):
            with counted_statements() as executed:
                await history.ticks("A", before, 50)
            assert len(executed) == 1

    async def test_workers_add_to_the_same_candle(
        self, open_worker: OpenStores, history: DatabaseTickHistory, url: str
    ) -> None:
        other = (await open_worker(url)).history
        calls = [
            partial(worker.record, [tick("A", number, number % 50), tick("B", number, 1)])
            for number in range(40)
            for worker in (history, other)  # each tick twice
        ]
        assert not any(await together(*calls))
        [candle] = await history.candles("A", None, 10)
        assert (candle.count, candle.low, candle.high) == (40, 0, 39)
        assert (candle.open, candle.close) == (0, 39)

    async def test_what_is_old_is_forgotten_and_its_candles_stay(
        self, open_worker: OpenStores, history: DatabaseTickHistory, url: str
    ) -> None:
        old = Tick("A", 1, datetime.now(UTC) - KEPT - timedelta(hours=1))
        new = Tick("A", 2, datetime.now(UTC) - KEPT + timedelta(hours=1))
        await history.record([old, new])  # forgets afterwards
        assert await history.ticks("A", None, 10) == [new]
        assert len(await history.candles("A", None, 10)) == 2


class MigrationsContract:
    def test_the_migrations_make_what_the_models_describe(self, empty_url: str) -> None:
        upgrade(empty_url)

        with migrating(empty_url) as connection:
            context = MigrationContext.configure(connection, opts={"compare_type": True})
            assert compare_metadata(context, Base.metadata) == []

    def test_every_migration_can_be_undone_and_done_again(self, empty_url: str) -> None:
        for _ in range(2):
            upgrade(empty_url)
            command.downgrade(configuration(empty_url), "base")
            with migrating(empty_url) as connection:
                assert inspect(connection).get_table_names() == ["alembic_version"]

    async def test_those_who_migrate_at_the_same_time_do_it_once(self, empty_url: str) -> None:
        program = f"from {upgrade.__module__} import upgrade; upgrade({empty_url!r})"
        with migrating(empty_url):
            other = subprocess.Popen([sys.executable, "-c", program])
            await sleep(3.0)  # a second of which is its start
            assert other.poll() is None
        assert other.wait(30) == 0

    async def test_an_empty_database_gets_its_tables_at_start_whoever_starts(
        self, open_log: OpenLog, empty_url: str
    ) -> None:
        for _ in range(2):
            log = await open_log(empty_url)
            await log.ping()
        assert (await log.append("lobby", "m1", "ada", "hi", START)).message.offset == 1

    async def test_readiness_names_the_command_while_a_migration_is_due(
        self, open_log: OpenLog, empty_url: str
    ) -> None:
        upgrade(empty_url)
        command.downgrade(configuration(empty_url), "base")
        log = await open_log(empty_url)
        with pytest.raises(SchemaBehind, match=r"python -m \w+ migrate"):
            await log.ping()
        upgrade(empty_url)
        await log.ping()
