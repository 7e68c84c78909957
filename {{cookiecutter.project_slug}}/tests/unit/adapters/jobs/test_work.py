"""What a worker does around each job, on dramatiq's broker for tests."""

import threading
from collections.abc import Callable, Iterator

import pytest
import structlog
from dramatiq.brokers.stub import StubBroker
from dramatiq.worker import Worker

from {{cookiecutter.package_name}}.adapters.jobs import work as module
from {{cookiecutter.package_name}}.adapters.jobs.broker import QUEUE, message
from {{cookiecutter.package_name}}.adapters.jobs.work import declare, middleware

from ....support.waiting import eventually

Started = Callable[[Callable[[str], None]], StubBroker]


class GaveUp:
    def __init__(self) -> None:
        self.reasons: list[tuple[str, str]] = []

    def __call__(self, job_id: str, reason: str) -> None:
        self.reasons.append((job_id, reason))


@pytest.fixture
def gave_up() -> GaveUp:
    return GaveUp()


@pytest.fixture
def started(gave_up: GaveUp, monkeypatch: pytest.MonkeyPatch) -> Iterator[Started]:
    """Starts a worker that does jobs with what it is given."""
    monkeypatch.setattr(module, "MIN_BACKOFF_SECONDS", 0.01)
    monkeypatch.setattr(module, "MAX_BACKOFF_SECONDS", 0.05)
    workers: list[Worker] = []

    def start(run: Callable[[str], None]) -> StubBroker:
        broker = StubBroker(middleware=middleware(gave_up, 60))
        declare(broker, run)
        broker.emit_after("process_boot")
        worker = Worker(broker, worker_timeout=50, worker_threads=1)
        worker.start()
        workers.append(worker)
        return broker

    yield start
    for worker in workers:
        worker.stop()


def test_each_line_has_the_id_of_the_request(started: Started, gave_up: GaveUp) -> None:
    seen = []

    def run(job_id: str) -> None:
        seen.append((job_id, structlog.contextvars.get_contextvars()))

    broker = started(run)
    for number in range(3):
        broker.enqueue(message(f"j-{number}", f"r-{number}"))
    eventually(lambda: len(seen) == 3)
    assert seen == [
        (f"j-{number}", {"request_id": f"r-{number}", "job": f"j-{number}"}) for number in range(3)
    ]
    assert gave_up.reasons == []


def test_three_more_attempts_then_it_is_given_up(started: Started, gave_up: GaveUp) -> None:
    attempts = []

    def run(job_id: str) -> None:
        attempts.append(job_id)
        raise ValueError("a detail of the inside")

    started(run).enqueue(message("j", "r"))
    eventually(lambda: gave_up.reasons)
    assert attempts == ["j"] * 4
    assert gave_up.reasons == [("j", "it failed; tell us the request_id")]


def test_a_second_attempt_may_succeed(started: Started, gave_up: GaveUp) -> None:
    attempts = []
    succeeded = threading.Event()

    def run(job_id: str) -> None:
        attempts.append(job_id)
        if len(attempts) == 1:
            raise ValueError
        succeeded.set()

    broker = started(run)
    broker.enqueue(message("j", "r"))
    eventually(succeeded.is_set)
    broker.join(QUEUE, timeout=5000)
    assert attempts == ["j", "j"]
    assert gave_up.reasons == []


def test_one_that_waited_for_too_long_is_not_begun(
    started: Started, gave_up: GaveUp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MAX_AGE_SECONDS", 10)
    attempts: list[str] = []
    broker = started(attempts.append)
    old = message("j", "r")
    broker.enqueue(old.copy(message_timestamp=old.message_timestamp - 11_000))
    eventually(lambda: gave_up.reasons)
    assert gave_up.reasons == [("j", "it waited for too long")]
    assert attempts == []
