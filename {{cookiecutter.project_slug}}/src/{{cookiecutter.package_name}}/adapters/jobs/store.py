"""Jobs and their results, in Redis."""

from __future__ import annotations

from functools import partial

import msgspec

from ...domain.jobs import KEPT_SECONDS, Job
from ...job_ports import Change
from ..redis.link import RedisLink

# KEYS: job, result. ARGV: seconds kept, state, progress, error as JSON, and a result if there is
# one. A job that has ended stays as it is, so that one that is done twice ends once.
_CHANGE = """
local text = redis.call('GET', KEYS[1])
if not text then return false end
local job = cjson.decode(text)
if job.state == 'done' or job.state == 'failed' then return false end
job.state, job.progress, job.error = ARGV[2], tonumber(ARGV[3]), cjson.decode(ARGV[4])[1]
text = cjson.encode(job)
redis.call('SET', KEYS[1], text, 'EX', ARGV[1])
if ARGV[5] then redis.call('SET', KEYS[2], ARGV[5], 'EX', ARGV[1]) end
return text
"""


class RedisJobStore:
    """Implements :class:`~..job_ports.JobStore`."""

    def __init__(self, link: RedisLink, *, prefix: str) -> None:
        self._link = link
        self._prefix = f"{prefix}:job"
        self._change = link.script(_CHANGE)

    async def add(self, job: Job) -> None:
        text = msgspec.json.encode(job).decode()
        await self._link.call(partial(self._set, self._key(job.id), text))

    async def find(self, job_id: str) -> Job | None:
        text = await self._link.call(partial(self._get, self._key(job_id)))
        return None if text is None else msgspec.json.decode(text, type=Job)

    async def change(self, job_id: str, change: Change) -> Job | None:
        key = self._key(job_id)
        error = msgspec.json.encode([change.error]).decode()
        result = () if change.result is None else (change.result,)
        arguments = (KEPT_SECONDS, change.state, change.progress, error, *result)
        text = await self._change((key, f"{key}:result"), arguments)
        return None if text is None else msgspec.json.decode(text, type=Job)

    async def result(self, job_id: str) -> str | None:
        return await self._link.call(partial(self._get, f"{self._key(job_id)}:result"))

    async def _set(self, key: str, text: str) -> None:
        await self._link.client.set(key, text, ex=KEPT_SECONDS)

    async def _get(self, key: str) -> str | None:
        text = await self._link.client.get(key)
        return None if text is None else str(text)

    def _key(self, job_id: str) -> str:
        return f"{self._prefix}:{job_id}"
