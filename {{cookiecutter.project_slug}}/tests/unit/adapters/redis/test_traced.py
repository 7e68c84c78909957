"""Signals that bring the span they were sent in, between workers that trace and others."""

from collections.abc import AsyncIterator

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.trace import SpanKind

from {{cookiecutter.package_name}}.adapters.redis.link import RedisLink
from {{cookiecutter.package_name}}.adapters.redis.signals import RedisSignals
from {{cookiecutter.package_name}}.adapters.redis.traced import TracedSignals
from {{cookiecutter.package_name}}.runtime.tracing import spans

from ....support.waiting import until


class Inbox(list[tuple[bytes, int]]):
    """Keeps what came, and in which trace."""

    async def receive(self, data: bytes) -> None:
        here = trace.get_current_span().get_span_context()
        self.append((bytes(data), here.trace_id))


@pytest.fixture
async def workers(redis_url: str, prefix: str) -> AsyncIterator[list[RedisSignals]]:
    """Two that trace, and one that does not."""
    links = [RedisLink(redis_url) for _ in range(3)]
    classes = [TracedSignals, TracedSignals, RedisSignals]
    workers = [
        signals(link, redis_url, prefix=prefix, worker=f"worker{number}")
        for number, (signals, link) in enumerate(zip(classes, links, strict=True))
    ]
    for worker in workers:
        await worker.start()
    yield workers
    for worker, link in zip(workers, links, strict=True):
        await worker.close()
        await link.close()


async def test_those_that_trace_and_others_understand_each_other(
    workers: list[RedisSignals], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spans, "TRACER", TracerProvider().get_tracer("test"))
    inboxes = [Inbox() for _ in workers]
    for worker, inbox in zip(workers, inboxes, strict=True):
        worker.subscribe("topic", inbox.receive)
    with spans.span("above", SpanKind.SERVER) as above:
        await workers[0].publish("topic", b"a;b:c")
    ours = above.get_span_context().trace_id
    await until(lambda: all(inboxes[1:]))
    assert inboxes == [[], [(b"a;b:c", ours)], [(b"a;b:c", 0)]]

    await workers[2].publish("topic", b"plain")
    await until(lambda: len(inboxes[1]) == 2 and inboxes[0])
    assert inboxes[0] == [(b"plain", 0)]
    assert inboxes[1][1] == (b"plain", 0)
