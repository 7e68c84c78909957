"""``python -m benchmarks``: see ``make bench`` and the README."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from pathlib import Path

from . import chart, report
from .cache import HERE, REPOSITORY, Cache, Unavailable, node
from .candidates import CANDIDATES
from .goals import GOALS
from .machine import describe
from .measure import Duration
from .runner import Plan, Runner
from .servers import raise_open_files
from .works import WORKS

EXTRA = ("idle", "async_views", "generation")


def main(words: list[str] | None = None) -> int:
    options = _parser().parse_args(words)
    raise_open_files()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that servers are stopped
    root = Path(os.environ.get("BENCH_CACHE", Path.home() / ".cache/benchmarks"))
    cache = Cache(root, options.python)
    cache.root.mkdir(parents=True, exist_ok=True)
    options.out.mkdir(parents=True, exist_ok=True)
    try:
        runner = Runner(cache, _plan(options), say=lambda line: print(line, file=sys.stderr))
        outcome = runner.run(WORKS)
    except Unavailable as reason:
        print(reason, file=sys.stderr)
        return 1
    file = options.out / "results.json"
    before = report.read(file) if options.add else None
    found = report.report(outcome, describe(node(), options.python), before)
    report.write(found, file)
    (options.out / "chart.svg").write_text(chart.chart(found), encoding="utf-8")
    print(report.markdown(found))
    if options.readme:
        report.put_into(REPOSITORY / "README.md", report.markdown(found))
    return 0


def _plan(options: argparse.Namespace) -> Plan:
    amount = {
        "quick": (1, Duration(0.2, 0.5), 3.0),
        "default": (3, Duration(0.5, 1.5), 26.0),
        "full": (5, Duration(1.0, 3.0), 52.0),
    }[options.amount]
    repetitions, duration, idle_seconds = amount
    return Plan(
        repetitions,
        duration,
        full=options.amount == "full",
        only=frozenset(options.only),
        against=frozenset(options.candidates),
        idle_seconds=idle_seconds,
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="make bench", description=f"{len(GOALS)} goals.")
    amount = parser.add_mutually_exclusive_group()
    amount.add_argument("--quick", dest="amount", action="store_const", const="quick", help="once")
    amount.add_argument(
        "--full", dest="amount", action="store_const", const="full", help="everybody, five times"
    )
    works = [*(work.name for work in WORKS), *EXTRA]
    parser.add_argument("--only", nargs="+", choices=works, default=[], help="these works")
    parser.add_argument(
        "--candidates", nargs="+", choices=CANDIDATES, default=[], help="these, and the reference"
    )
    parser.add_argument(
        "--add", action="store_true", help="keep what other works have in the results"
    )
    parser.add_argument("--readme", action="store_true", help="put the tables into README.md")
    parser.add_argument("--python", default=sys.executable, help="the interpreter that serves")
    parser.add_argument("--out", type=Path, default=HERE / "results", help="for results and chart")
    parser.set_defaults(amount="default")
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
