"""dramatiq's worker in this process: it takes jobs until it is told to stop."""

from __future__ import annotations

import logging
import signal
import time
from collections.abc import Callable
from types import FrameType

import dramatiq
import structlog
from dramatiq.broker import MessageProxy
from dramatiq.middleware import AgeLimit, Retries, TimeLimit
from dramatiq.worker import Worker
from redis.exceptions import RedisError

from .broker import ACTOR, BEAT_SECONDS, QUEUE, Heartbeat, make_broker

_log = logging.getLogger(__name__)

MAX_RETRIES = 3
MIN_BACKOFF_SECONDS = 1
MAX_BACKOFF_SECONDS = 30
MAX_AGE_SECONDS = 3600
"""A job that waited for longer is not begun any more."""
POLL_SECONDS = 1.0
LOOK_SECONDS = 0.1


class Correlation(dramatiq.Middleware):
    """Puts the id of the request that started a job into every line about it."""

    def before_process_message(self, broker: dramatiq.Broker, message: MessageProxy) -> None:
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(
            request_id=message.options["request_id"], job=message.args[0]
        )


class GivingUp(dramatiq.Middleware):
    """Tells when a job will not be tried again: `fail` gets its id, and a sentence for its user."""

    def __init__(self, fail: Callable[[str, str], None]) -> None:
        self._fail = fail

    def after_nack(self, broker: dramatiq.Broker, message: MessageProxy) -> None:
        tried = "retries" in message.options
        reason = "it failed; tell us the request_id" if tried else "it waited for too long"
        try:
            self._fail(message.args[0], reason)
        except Exception:
            _log.exception("job failed, and nobody could be told")


def middleware(fail: Callable[[str, str], None], time_limit: float) -> list[dramatiq.Middleware]:
    """What a worker does around each job.

    :param time_limit: in seconds.
    """
    return [
        Correlation(),
        GivingUp(fail),
        AgeLimit(max_age=MAX_AGE_SECONDS * 1000),
        TimeLimit(time_limit=time_limit * 1000),
        Retries(
            max_retries=MAX_RETRIES,
            min_backoff=MIN_BACKOFF_SECONDS * 1000,
            max_backoff=MAX_BACKOFF_SECONDS * 1000,
        ),
    ]


def declare(broker: dramatiq.Broker, run: Callable[[str], None]) -> None:
    """Let `run` do what comes from the queue."""
    dramatiq.actor(broker=broker, queue_name=QUEUE, actor_name=ACTOR)(run)


def work(
    url: str,
    *,
    prefix: str,
    name: str,
    threads: int,
    run: Callable[[str], None],
    fail: Callable[[str, str], None],
    time_limit: float,
    drain_seconds: float,
) -> None:
    """Do jobs until SIGTERM or SIGINT. What is under way then has `drain_seconds` to end; what
    does not is done anew by another worker.

    :param name: of this worker.
    :param run: does the job with an id; what it raises is worth another attempt.
    :param fail: gives it up, for the reason that its user is told.
    :param time_limit: seconds after which a job that did not end by itself is interrupted.
    """
    stopped: list[int] = []

    def stop(number: int, frame: FrameType | None) -> None:
        stopped.append(number)

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    broker = make_broker(url, prefix=prefix, middleware=middleware(fail, time_limit))
    declare(broker, run)
    broker.emit_after("process_boot")
    worker = Worker(broker, worker_threads=threads, worker_timeout=int(POLL_SECONDS * 1000))
    worker.start()
    heartbeat = Heartbeat(broker, prefix=prefix, worker=name)
    _log.info("worker takes jobs, %d at once", threads)
    beaten = float("-inf")
    while not stopped:
        if time.monotonic() - beaten > BEAT_SECONDS:
            beaten = time.monotonic()
            _attempt(heartbeat.beat)
        time.sleep(LOOK_SECONDS)
    _attempt(heartbeat.leave)
    worker.stop(timeout=int(1000 * max(0.5, drain_seconds - 2 * POLL_SECONDS)))
    broker.close()
    _log.info("worker has stopped")


def _attempt(call: Callable[[], None]) -> None:
    try:
        call()
    except (RedisError, OSError) as error:
        _log.warning("nobody can see that this worker is there: %s", error)
