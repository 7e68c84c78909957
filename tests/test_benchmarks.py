"""The benchmarks measure what they say: their figures, their goals, their report, and one run."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest
from baking import REPOSITORY

from benchmarks import chart, report
from benchmarks.candidates import CANDIDATES
from benchmarks.figures import Figure, Sample, figure, figure_of_samples
from benchmarks.goals import GOALS, Goal, judge_all
from benchmarks.machine import describe
from benchmarks.runner import Outcome
from benchmarks.works import BY_NAME, IDLE, WORKS

MACHINE = {"cores": 2, "processor": "<any>", "kernel": "6", "python": "3", "node": "20"}
SECONDS = 300


def sample(work: int, cpu: float = 1.0, load: float = 0.5) -> Sample:
    return Sample(work, seconds=2.0, server_cpu=cpu, load_cpu=2.0 * load, p50_us=work)


def outcome() -> Outcome:
    found = Outcome()
    found.results["echo"] = {
        "asgi": figure_of_samples([sample(200), sample(240), sample(220)]),
        "node": figure_of_samples([sample(100), sample(100), sample(100)]),
    }
    found.results["idle_memory"] = {"asgi": figure([20.0])}
    found.results["idle_cpu"] = {"asgi": figure([0.5])}
    found.loads["echo"] = (0.5, 1.5)
    return found


def test_a_figure_is_the_median_and_says_how_far_repetitions_differ() -> None:
    found = figure_of_samples([sample(100), sample(300), sample(110)])
    assert found.value == 110
    assert found.spread == pytest.approx(200 / 110)
    assert found.repetitions == 3
    assert found.p50_us == 110
    assert found.per_second == 55


def test_work_is_counted_by_the_servers_cpu_time() -> None:
    assert figure_of_samples([sample(100, cpu=0.5)]).value == 200
    assert figure_of_samples([sample(100, cpu=0.0)]).value == 10_000  # less than a tick


@pytest.mark.parametrize(("share", "bottleneck"), [(0.8, False), (0.9, True)])
def test_it_says_when_the_load_generator_was_the_bottleneck(share: float, bottleneck: bool) -> None:
    assert figure_of_samples([sample(1, load=share)]).load_was_bottleneck is bottleneck


def test_goals_are_judged_by_ratio_or_by_value_and_missed_ones_come_first() -> None:
    results = {
        "echo": {"asgi": figure([200.0]), "node": figure([100.0])},
        "idle_memory": {"asgi": figure([20.0])},
    }
    judged = judge_all(results)
    assert [(goal["title"], goal["value"], goal["reached"]) for goal in judged] == [
        ("Memory of an idle connection", 20.0, False),
        ("Echo, one under way, against Node", 2.0, True),
    ]


def test_a_goal_without_figures_is_neither_reached_nor_missed() -> None:
    goal = Goal("echo", ("echo", "asgi"), ("echo", "node"), at_least=1.0)
    assert goal.judge({"echo": {"asgi": figure([1.0])}}) is None


def test_works_goals_and_candidates_know_each_other() -> None:
    for work in WORKS:
        named = {*work.candidates, *work.others, work.reference}
        assert named <= CANDIDATES.keys()
        assert work.reference in work.candidates
    assert set(IDLE) <= CANDIDATES.keys()
    for goal in GOALS:
        for name, candidate in filter(None, (goal.of, goal.against)):
            if name in BY_NAME:
                work = BY_NAME[name]
                assert candidate in (*work.candidates, *work.others), goal.title


def test_a_report_keeps_the_works_of_an_earlier_one() -> None:
    earlier = report.report(outcome(), {**MACHINE, "pinned": True})
    later = Outcome()
    later.results["generation"] = {"cookiecutter": Figure(0.8, 0.1, 5)}
    found = report.report(later, {**MACHINE, "pinned": True}, earlier)
    assert found["works"].keys() == {"echo", "idle_memory", "idle_cpu", "generation"}
    assert found["works"]["echo"]["candidates"]["asgi"]["ratio"] == 2.2
    assert {goal["title"] for goal in found["goals"]} == {
        "Memory of an idle connection",
        "CPU of 1,000 idle connections",
        "Echo, one under way, against Node",
        "Generating a project",
    }


def test_the_tables_go_between_the_markers_again_and_again(tmp_path: Path) -> None:
    readme = tmp_path / "README.md"
    readme.write_text(f"before\n\n{report.BEGIN}\nold\n{report.END}\n\nafter\n")
    text = report.markdown(report.report(outcome(), {**MACHINE, "pinned": True}))
    for _ in range(2):
        report.put_into(readme, text)
    content = readme.read_text()
    assert content.startswith("before\n")
    assert content.endswith("after\n")
    assert content.count(text) == 1
    assert "old" not in content
    assert "| generated, asgi | 2.20 |" in content
    readme.write_text("no markers")
    with pytest.raises(ValueError, match="lacks the markers"):
        report.put_into(readme, text)


def test_a_report_says_of_a_python_that_it_may_not_be_optimized() -> None:
    said = [
        report.markdown(report.report(outcome(), {**MACHINE, "pinned": True, **build}))
        for build in ({"python_optimized": False}, {"python_optimized": True})
    ]
    assert ["--enable-optimizations" in text for text in said] == [True, False]
    assert describe(None, sys.executable)["python"] == platform.python_version()


def test_the_readme_has_a_place_for_the_tables() -> None:
    content = (REPOSITORY / "README.md").read_text()
    assert content.count(report.BEGIN) == content.count(report.END) == 1


def test_the_chart_is_svg_with_a_bar_for_each_candidate() -> None:
    found = report.report(outcome(), {**MACHINE, "pinned": True})
    root = ElementTree.fromstring(chart.chart(found))  # noqa: S314
    bars = root.findall("{http://www.w3.org/2000/svg}rect")
    assert [bar.get("fill") for bar in bars] == [
        chart.COLOURS["generated"],
        chart.COLOURS["reference"],
    ]
    assert float(bars[0].get("width", 0)) == pytest.approx(
        2.2 * float(bars[1].get("width", 0)), 0.01
    )


@pytest.mark.slow
def test_a_quick_run_measures_two_candidates(tmp_path: Path) -> None:
    """Generated service and raw limit: what they need is installed into a cache of the tests."""
    command = [sys.executable, "-m", "benchmarks", "--quick", "--out", str(tmp_path)]
    selection = ["--only", "echo", "--candidates", "asgi", "naive"]
    cache = {"BENCH_CACHE": os.environ.get("TEMPLATE_CACHE", str(tmp_path)) + "/bench"}
    done = subprocess.run(
        [*command, *selection],
        cwd=REPOSITORY,
        env={**os.environ, **cache},
        capture_output=True,
        text=True,
        timeout=SECONDS,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads((tmp_path / "results.json").read_text())
    assert found["failures"] == {}
    candidates = found["works"]["echo"]["candidates"]
    assert candidates.keys() == {"asgi", "naive", "node"}
    assert candidates["node"]["ratio"] == 1
    for name, entry in candidates.items():
        assert entry["value"] > 0, name
        expected = entry["value"] / candidates["node"]["value"]
        assert entry["ratio"] == pytest.approx(expected, rel=0.01)
        assert {"spread", "repetitions", "load_was_bottleneck", "server_share"} <= entry.keys()
    assert [goal["title"] for goal in found["goals"]] == ["Echo, one under way, against Node"]
    assert "| generated, asgi |" in done.stdout
    assert (tmp_path / "chart.svg").read_text().startswith("<svg")
