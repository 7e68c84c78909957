"""Runs the real worker process next to a service, for tests that start jobs."""

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from {{cookiecutter.package_name}}.settings import PACKAGE

from .service import STOP_TIMEOUT, Service
from .waiting import eventually

SLOW = Path(__file__).with_name("slow_worker.py")


@dataclass
class JobWorker:
    process: subprocess.Popen[bytes]
    log: Path

    def output(self) -> str:
        """Everything it has logged so far."""
        return self.log.read_text(errors="replace")

    def terminate(self) -> int:
        """Send SIGTERM and return the exit status."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(STOP_TIMEOUT)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()


@contextmanager
def running_job_worker(service: Service, *, slow: bool = False) -> Iterator[JobWorker]:
    """A worker with the settings of `service`, in its directory, where the data are.

    :param slow: it takes some seconds for each job, with many pages.
    """
    program = ["-P", str(SLOW)] if slow else ["-m", PACKAGE]
    with tempfile.TemporaryDirectory() as directory:
        log = Path(directory) / "worker.log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                [sys.executable, *program, "worker"],
                env={**os.environ, **service.env},
                cwd=service.log.parent,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        worker = JobWorker(process, log)
        try:
            eventually(lambda: "worker takes jobs" in worker.output() or process.poll(), 60)
            assert process.poll() is None, worker.output()
            yield worker
        finally:
            if process.poll() is None:
                worker.kill()
