"""One trace from the request that starts a job to the socket that hears of it."""

import json
import secrets
from pathlib import Path

import httpx

from ..support.client import connect
from ..support.collector import running_collector
from ..support.job_worker import running_job_worker
from ..support.service import running_service
from ..support.valkey import Valkey
from ..support.waiting import eventually


def test_request_job_and_news_are_one_trace(tmp_path: Path) -> None:
    valkey = Valkey(tmp_path)
    valkey.start()
    trace, above = secrets.token_hex(16), secrets.token_hex(8)
    try:
        with (
            running_collector() as collector,
            running_service({"REDIS_URL": valkey.url, **collector.environment}) as service,
            running_job_worker(service) as worker,
            connect(service.url, service.token("ada", "feed:read"), "/feed") as client,
        ):
            answer = httpx.post(
                f"{service.url}/api/v1/jobs/export",
                json={"symbol": "TRACED", "day": "2026-01-31"},
                headers={
                    "Authorization": f"Bearer {service.token('ada', 'feed:read')}",
                    "traceparent": f"00-{trace}-{above}-01",
                },
            )
            assert answer.status_code == 202, answer.text
            assert client.next("job_done", 30)["state"] == "done"
            request = collector.wait_for("POST /api/v1/jobs/export", trace)
            run = collector.wait_for("run job", trace)
            told = collector.wait_for(
                "deliver jobs", trace, where=lambda one: "run job" in collector.above(one)
            )
            assert request.parent == above
            assert collector.above(run) == ["enqueue job", "POST /api/v1/jobs/export"]
            assert collector.above(told)[:2] == ["publish jobs", "run job"]
            assert told.process == request.process != run.process
            logged = [json.loads(line) for line in worker.output().splitlines()]
            assert "job done" in [x["event"] for x in logged if x.get("trace_id") == trace]
            assert worker.terminate() == 0
            eventually(lambda: "worker has stopped" in worker.output())
    finally:
        valkey.kill()
