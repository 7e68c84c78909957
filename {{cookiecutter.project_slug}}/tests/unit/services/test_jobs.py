"""Jobs in one process: who may start and see them, what is told, and how they end."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import msgspec
import pytest
import structlog

from {{cookiecutter.package_name}}.adapters.jobs.memory import InProcess, MemoryJobStore
from {{cookiecutter.package_name}}.adapters.memory import (
    MemoryLimiter,
    MemoryTickHistory,
)
from {{cookiecutter.package_name}}.domain.contract import Notice
from {{cookiecutter.package_name}}.domain.errors import Refused, Unavailable
from {{cookiecutter.package_name}}.domain.jobs import Export, Job
from {{cookiecutter.package_name}}.domain.policies import Rate
from {{cookiecutter.package_name}}.domain.ticks import Tick
from {{cookiecutter.package_name}}.ports import TickHistory
from {{cookiecutter.package_name}}.runtime import mode
from {{cookiecutter.package_name}}.services import job_run
from {{cookiecutter.package_name}}.services import jobs as module
from {{cookiecutter.package_name}}.services.job_run import JobRun, encode
from {{cookiecutter.package_name}}.services.jobs import Jobs

from ...support.waiting import until

EXPORT = Export(symbol="A", day=date(2026, 3, 1))


class Audience:
    def __init__(self) -> None:
        self.told: list[tuple[str, str, Any]] = []

    async def enter(self, sid: str, room: str) -> None: ...

    async def leave(self, sid: str, room: str) -> None: ...

    async def tell(self, room: str, notice: Notice, event: msgspec.Struct, skip: Any = ()) -> None:
        raise AssertionError("news of a job are for the sockets of one worker")

    async def tell_here(
        self, room: str, notice: Notice, event: msgspec.Struct, skip: Any = ()
    ) -> None:
        self.told.append((room, notice.name, event))


class Bench:
    """A service with its jobs in memory. `ada` has the sockets a1 and a2."""

    def __init__(self) -> None:
        self.store, self.history, self.audience = MemoryJobStore(), MemoryTickHistory(), Audience()
        self.run = JobRun(self.store, self.tell)
        self.queue = InProcess(self.do, self.run.fail)
        sockets = {"ada": ["a1", "a2"], "eve": ["e1"]}
        self.jobs = Jobs(
            self.store, self.queue, MemoryLimiter(), self.audience, lambda user: sockets[user]
        )

    async def do(self, job_id: str) -> None:
        await self.run.run(job_id, self.history)

    async def tell(self, job: Job) -> None:
        await self.jobs.on_signal(encode(job))

    async def ended(self, user: str = "ada") -> Job:
        """Start an export; the job when it has ended."""
        started = await self.jobs.export(user, EXPORT)
        assert started.worker
        await until(lambda: [e for _, name, e in self.audience.told if name == "job_done"])
        job = await self.jobs.find(started.job, user)
        assert job is not None
        return job


Does = Callable[..., Any]


@pytest.fixture
def does(monkeypatch: pytest.MonkeyPatch) -> Callable[[Does], None]:
    """Puts something else in the place of the export."""
    return lambda what: monkeypatch.setitem(job_run.KINDS, "export", what)


async def test_its_user_hears_of_it_and_gets_the_result() -> None:
    bench = Bench()
    await bench.history.record([Tick("A", 1.5, datetime(2026, 3, 1, 12, tzinfo=UTC))])
    with structlog.contextvars.bound_contextvars(request_id="r-1"):
        job = await bench.ended()
    assert (job.state, job.progress, job.request_id) == ("done", 100, "r-1")
    assert {sid for sid, _, _ in bench.audience.told} == {"a1", "a2"}
    assert [name for sid, name, _ in bench.audience.told if sid == "a1"] == [
        "job_progress",
        "job_done",
    ]
    text = await bench.jobs.result(job.id, "ada")
    assert text is not None
    assert text.splitlines()[1] == "2026-03-01T12:00:00Z,1.5,1.5,1.5,1.5,1"


async def test_only_its_user_sees_it_or_who_may_see_all() -> None:
    bench = Bench()
    job = await bench.ended()
    assert await bench.jobs.find(job.id, "eve") is None
    assert await bench.jobs.result(job.id, "eve") is None
    assert await bench.jobs.find(job.id, None) == job
    assert await bench.jobs.result(job.id, None) is not None


async def test_nobody_starts_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    bench = Bench()
    monkeypatch.setattr(module, "STARTS", Rate(1, 60, 1))
    await bench.jobs.export("ada", EXPORT)
    with pytest.raises(Refused) as refused:
        await bench.jobs.export("ada", EXPORT)
    assert refused.value.code == "rate_limited"
    await bench.jobs.export("eve", EXPORT)


async def test_one_that_breaks_says_no_more_than_that(
    does: Callable[[Does], None], caplog: pytest.LogCaptureFixture
) -> None:
    async def broken(history: TickHistory, arguments: Any, report: Any) -> str:
        raise ValueError("a detail of the inside")

    does(broken)
    job = await Bench().ended()
    assert (job.state, job.error) == ("failed", "it failed; tell us the request_id")
    assert "a detail of the inside" in caplog.text


async def test_one_that_is_refused_says_why(does: Callable[[Does], None]) -> None:
    async def refused(history: TickHistory, arguments: Any, report: Any) -> str:
        raise Refused("too_large", "the day is too long")

    does(refused)
    job = await Bench().ended()
    assert (job.state, job.error) == ("failed", "the day is too long")


async def test_one_that_takes_too_long_ends(
    does: Callable[[Does], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def endless(history: TickHistory, arguments: Any, report: Any) -> str:
        await mode.sleep(60)
        return ""

    does(endless)
    monkeypatch.setattr(job_run, "TIME_LIMIT", 0.05)
    job = await Bench().ended()
    assert job.state == "failed"
    assert job.error is not None
    assert job.error.startswith("it took longer")


async def test_a_store_that_does_not_answer_is_worth_another_attempt(
    does: Callable[[Does], None],
) -> None:
    async def unavailable(history: TickHistory, arguments: Any, report: Any) -> str:
        raise Unavailable("store")

    does(unavailable)
    bench = Bench()
    await bench.store.add(Job(id="j", kind="export", arguments={}, user="ada", request_id="r"))
    with pytest.raises(Unavailable):
        await bench.do("j")
    job = await bench.store.find("j")
    assert job is not None
    assert not job.ended


async def test_what_has_ended_is_not_done_again(does: Callable[[Does], None]) -> None:
    bench = Bench()
    job = await bench.ended()
    told = len(bench.audience.told)

    async def again(history: TickHistory, arguments: Any, report: Any) -> str:
        raise AssertionError("done again")

    does(again)
    await bench.do(job.id)
    await bench.run.fail(job.id, "too late")
    assert await bench.store.find(job.id) == job
    assert len(bench.audience.told) == told
