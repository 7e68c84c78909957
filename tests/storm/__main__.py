"""The storm by hand, as large as wished::

    python -m storm PROJECT --clients 200 --seconds 120 --rooms 4

PROJECT is a generated project with `queue=redis` whose dependencies are installed. Where it has a
database, that is a SQLite file, or the empty one named by --database-url.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import shutil
import sys
import tempfile
from pathlib import Path

from .run import Storm, weather


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("project", type=Path)
    parser.add_argument("--python", type=Path, help="else the project's own .venv/bin/python")
    parser.add_argument("--clients", type=int, default=50)
    parser.add_argument("--rooms", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--database-url", help="of an empty database")
    parser.add_argument("--log", type=Path, help="where to keep the service's log")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        storm = Storm(
            project=options.project.resolve(),
            python=options.python or options.project.resolve() / ".venv/bin/python",
            directory=Path(directory),
            clients=options.clients,
            rooms=options.rooms,
            seconds=options.seconds,
            processes=options.processes,
            workers=options.workers,
            database_url=options.database_url,
        )
        try:
            report = asyncio.run(weather(storm))
        finally:
            if options.log is not None:
                shutil.copy(storm.log, options.log)
    print(json.dumps(report.figures, indent=2))
    for problem in report.problems:
        print(problem, file=sys.stderr)
    sys.exit(bool(report.problems))


if __name__ == "__main__":
    main()
