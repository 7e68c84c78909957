"""Jobs, with a service, a worker process and the queue between them."""

import csv
import io
import json
import secrets
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import msgspec
import pytest
import redis

from {{cookiecutter.package_name}}.adapters.jobs.broker import make_broker, message
from {{cookiecutter.package_name}}.domain.jobs import Job
from {{cookiecutter.package_name}}.settings import PACKAGE

from ..support.client import Client, connect
from ..support.job_worker import running_job_worker
from ..support.service import Service, running_service
from ..support.valkey import Valkey
from ..support.waiting import eventually

SYMBOL = "JOBS"
DAY = (datetime.now(UTC) - timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
TICKS = 2500
EVERY = timedelta(seconds=30)
RETRIED = 90.0
"""Seconds in which a job is done by somebody else, or given up after all its attempts."""


@pytest.fixture(scope="module")
def valkey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Valkey]:
    server = Valkey(tmp_path_factory.mktemp("valkey"))
    server.start()
    yield server
    server.kill()


@pytest.fixture(scope="module")
def service(valkey: Valkey) -> Iterator[Service]:
    """A service that has the ticks of a day, and one the day before and after."""
    # A worker that is told to stop has this long for what it does; a slow one takes 5 s.
    with running_service({"REDIS_URL": valkey.url, "APP_DRAIN_SECONDS": "30"}) as service:
        within = [DAY + number * EVERY for number in range(TICKS)]
        moments = [DAY - EVERY, *within, DAY + timedelta(days=1)]
        ticks = [
            {"symbol": SYMBOL, "price": number, "at": at.isoformat()}
            for number, at in enumerate(moments)
        ]
        bearer = {"Authorization": f"Bearer {service.token('desk', 'feed:write feed:read')}"}
        for start in range(0, len(ticks), 1000):
            body = {"ticks": ticks[start : start + 1000]}
            answer = httpx.post(f"{service.url}/api/v1/ticks", json=body, headers=bearer)
            assert answer.status_code == 202, answer.text
        url = f"{service.url}/api/v1/symbols/{SYMBOL}/candles?limit=1000"
        eventually(lambda: len(httpx.get(url, headers=bearer).json()["candles"]) == 1000)
        eventually(lambda: _kept(service, bearer) == len(ticks))
        yield service


def _kept(service: Service, bearer: dict[str, str]) -> int:
    url = f"{service.url}/api/v1/symbols/{SYMBOL}/ticks"
    count, query = 0, {"limit": "1000"}
    while True:
        page = httpx.get(url, params=query, headers=bearer).json()
        count += len(page["ticks"])
        if page["next"] is None:
            return count
        query["before"] = page["next"]


def headers(service: Service, user: str, scope: str = "feed:read") -> dict[str, str]:
    return {"Authorization": f"Bearer {service.token(user, scope)}"}


def listener(service: Service, user: str) -> Client:
    return connect(service.url, service.token(user, "feed:read"), "/feed")


def started(service: Service, user: str = "ada", **more: str) -> dict[str, Any]:
    """Start an export over HTTP."""
    answer = httpx.post(
        f"{service.url}/api/v1/jobs/export",
        json={"symbol": SYMBOL, "day": DAY.date().isoformat()},
        headers={**headers(service, user), **more},
    )
    assert answer.status_code == 202, answer.text
    body: dict[str, Any] = answer.json()
    return body


def status(service: Service, job: str, user: str = "ada", scope: str = "feed:read") -> Any:
    url = f"{service.url}/api/v1/jobs/{job}"
    return httpx.get(url, headers=headers(service, user, scope))


def heard_until_done(client: Client, job: str, timeout: float = 30.0) -> tuple[list[int], Any]:
    """The progress that a client heard of, and how the job ended."""
    deadline = time.monotonic() + timeout
    progress: list[int] = []
    while True:
        event, data = client.received.get(timeout=max(0.0, deadline - time.monotonic()))
        assert data["job"] == job
        if event == "job_done":
            return progress, data
        progress.append(data["progress"])


def check_result(service: Service, job: str) -> None:
    answer = httpx.get(f"{service.url}/api/v1/jobs/{job}/result", headers=headers(service, "ada"))
    assert answer.status_code == 200, answer.text
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert len(rows) == TICKS // 2
    for number, row in enumerate(rows):  # two ticks a minute
        minute = (DAY + timedelta(minutes=number)).isoformat().replace("+00:00", "Z")
        first, last = float(2 * number + 1), float(2 * number + 2)
        assert row.pop("minute") == minute
        prices = (float(row[name]) for name in ("open", "high", "low", "close"))
        assert (*prices, row["count"]) == (first, last, first, last, "2")


def test_over_http(service: Service, valkey: Valkey) -> None:
    with (
        running_job_worker(service) as worker,
        running_service({"REDIS_URL": valkey.url, "APP_JWT_SECRET": service.secret}) as other,
        connect(other.url, service.token("ada", "feed:read"), "/feed") as here,
        listener(service, "eve") as elsewhere,
    ):
        eventually(lambda: "jobs_workers 1.0" in httpx.get(f"{service.url}/metrics").text)
        request_id = secrets.token_hex(8)
        answer = started(service, **{"X-Request-ID": request_id})
        assert answer["worker"] is True
        job = answer["job"]
        progress, done = heard_until_done(here, job)
        assert len(progress) >= 3
        assert progress == sorted(progress)
        assert done == {"job": job, "state": "done", "error": None, "request_id": request_id}
        expected = {"job": job, "state": "done", "progress": 100, "error": None}
        assert status(service, job).json() == {**expected, "request_id": request_id}
        check_result(service, job)
        assert elsewhere.all("job_done") == []
        for path in (f"jobs/{job}", f"jobs/{job}/result"):
            url = f"{service.url}/api/v1/{path}"
            assert httpx.get(url, headers=headers(service, "eve")).status_code == 404
            boss = headers(service, "eve", "feed:read admin")
            assert httpx.get(url, headers=boss).status_code == 200
        lines = [json.loads(line) for line in worker.output().splitlines() if job in line]
        assert len(lines) >= 2
        assert {line["request_id"] for line in lines} == {request_id}


def test_by_an_event(service: Service) -> None:
    with running_job_worker(service), listener(service, "ada") as client:
        ack = client.call("export", {"symbol": SYMBOL, "day": DAY.date().isoformat()})
        assert ack["ok"] is True
        _, done = heard_until_done(client, ack["job"])
        assert done["state"] == "done"
        check_result(service, ack["job"])
        bad = client.call("export", {"symbol": SYMBOL, "day": "2026-02-30"})
        assert bad["error"]["code"] == "invalid_payload"


def test_killed_in_the_middle_it_is_done_by_another_once(service: Service) -> None:
    with listener(service, "ada") as client:
        with running_job_worker(service, slow=True) as killed:
            job = started(service)["job"]
            while client.next("job_progress", 30)["progress"] < 30:
                pass
            killed.kill()
        assert status(service, job).json()["state"] == "running"
        with running_job_worker(service):
            client.all("job_progress")
            assert client.next("job_done", RETRIED)["state"] == "done"
            assert client.all("job_done", quiet=3.0) == []
        check_result(service, job)


def test_one_that_fails_is_tried_again_and_given_up(service: Service, valkey: Valkey) -> None:
    job = Job(
        id=secrets.token_hex(16),
        kind="export",
        arguments={"symbol": SYMBOL, "day": "of reckoning"},
        user="ada",
        request_id="request-of-it",
    )
    with redis.Redis.from_url(valkey.url) as client:
        client.set(f"{PACKAGE}:job:{job.id}", msgspec.json.encode(job))
    broker = make_broker(valkey.url, prefix=PACKAGE, middleware=[])
    with running_job_worker(service) as worker, listener(service, "ada") as client:
        broker.enqueue(message(job.id, job.request_id))
        done = client.next("job_done", RETRIED)
        assert (done["state"], done["request_id"]) == ("failed", job.request_id)
        assert "request_id" in done["error"]
        assert worker.output().count('"job begins: export"') == 4
        failures = [line for line in worker.output().splitlines() if "unhandled" in line]
        assert {json.loads(line)["request_id"] for line in failures} == {job.request_id}
    broker.close()
    assert status(service, job.id).json()["state"] == "failed"


def test_without_a_worker_it_is_said_and_waits(service: Service) -> None:
    eventually(lambda: "jobs_workers 0.0" in httpx.get(f"{service.url}/metrics").text)
    answer = started(service)
    assert answer["worker"] is False
    assert status(service, answer["job"]).json()["state"] == "queued"
    doctor = [sys.executable, "-m", PACKAGE, "doctor"]
    env, cwd = dict(service.env), service.log.parent
    found = subprocess.run(doctor, env=env, cwd=cwd, capture_output=True, text=True, timeout=60)
    assert "no worker is there" in found.stdout
    with running_job_worker(service), listener(service, "ada"):
        eventually(lambda: status(service, answer["job"]).json()["state"] == "done")
        found = subprocess.run(doctor, env=env, cwd=cwd, capture_output=True, text=True, timeout=60)
        assert "jobs: 1 at work" in found.stdout


def test_told_to_stop_a_worker_ends_what_it_does(service: Service) -> None:
    with running_job_worker(service, slow=True) as worker, listener(service, "ada") as client:
        job = started(service)["job"]
        while client.next("job_progress", 30)["progress"] < 20:
            pass
        assert status(service, job).json()["state"] == "running"
        assert worker.terminate() == 0
        assert status(service, job).json()["state"] == "done"
        assert "Traceback" not in worker.output()
        assert "worker has stopped" in worker.output()


def test_without_redis_the_service_does_it_itself() -> None:
    with running_service() as alone, listener(alone, "ada") as client:
        answer = started(alone)
        assert answer["worker"] is True
        _, done = heard_until_done(client, answer["job"])
        assert done["state"] == "done"
        url = f"{alone.url}/api/v1/jobs/{answer['job']}/result"
        result = httpx.get(url, headers=headers(alone, "ada"))
        assert result.text.splitlines() == ["minute,open,high,low,close,count"]
        command = [sys.executable, "-m", PACKAGE, "worker"]
        env, cwd = dict(alone.env), alone.log.parent
        ended = subprocess.run(
            command, env=env, cwd=cwd, capture_output=True, text=True, timeout=60
        )
        assert ended.returncode == 1
        assert "REDIS_URL is not set" in ended.stderr
