"""Results as JSON, and as the Markdown that stands in the README."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from .candidates import CANDIDATES
from .figures import ratio
from .goals import judge_all
from .runner import Outcome
from .works import BY_NAME, WORKS

Report = dict[str, Any]

BEGIN = "<!-- benchmarks: begin (written by `make bench`) -->"
END = "<!-- benchmarks: end -->"
NOISY = 0.25


def report(outcome: Outcome, machine: dict[str, Any], earlier: Report | None = None) -> Report:
    """Everything that was found; what `earlier` has of other works stays."""
    works = dict(earlier["works"]) if earlier else {}
    for name, candidates in outcome.results.items():
        works[name] = _work(name, candidates, outcome)
    results = {
        name: {candidate: _Value(found["value"]) for candidate, found in work["candidates"].items()}
        for name, work in works.items()
    }
    return {
        "machine": machine,
        "goals": judge_all(results),  # type: ignore[arg-type]
        "works": works,
        "failures": outcome.failures,
    }


def read(path: Path) -> Report | None:
    if not path.exists():
        return None
    found: Report = json.loads(path.read_text(encoding="utf-8"))
    return found


def write(found: Report, path: Path) -> None:
    text = json.dumps(found, indent=1, ensure_ascii=False)
    path.write_text(text + "\n", encoding="utf-8")


class _Value:
    """A figure that was read back: of an earlier run, its value is what counts."""

    def __init__(self, value: float) -> None:
        self.value = value


def _work(name: str, candidates: dict[str, Any], outcome: Outcome) -> dict[str, Any]:
    work = BY_NAME.get(name)
    reference = candidates.get(work.reference) if work else None
    measured = "idle" if name.startswith("idle_") else name
    entries = {}
    for candidate, found in candidates.items():
        entry = {key: _rounded(value) for key, value in found.as_dict().items()}
        compared = ratio(found.value, reference.value if reference else None)
        if compared is not None:
            entry["ratio"] = _rounded(compared)
        entries[candidate] = entry
    return {
        "title": work.title if work else name.replace("_", " "),
        "unit": f"{work.unit} per CPU second" if work else None,
        "reference": work.reference if work else None,
        "load_average": outcome.loads.get(measured),
        "candidates": entries,
    }


def _rounded(value: Any) -> Any:
    return float(f"{value:.4g}") if isinstance(value, float) else value


def markdown(found: Report) -> str:
    """The goals, those that were missed first; then every candidate's ratio to the reference."""
    return "\n\n".join([_machine(found), _goals(found), *_tables(found), _notes(found)])


def put_into(readme: Path, text: str) -> None:
    """Replace what stands between the markers.

    :raises ValueError: if they are not there.
    """
    content = readme.read_text(encoding="utf-8")
    before, begin, rest = content.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"{readme} lacks the markers {BEGIN} and {END}")
    readme.write_text(f"{before}{BEGIN}\n\n{text}\n\n{END}{after}", encoding="utf-8")


def _machine(found: Report) -> str:
    machine = found["machine"]
    pinned = (
        "server and load generator each on a core of its own"
        if machine["pinned"]
        else ("not pinned to cores")
    )
    optimized = machine.get("python_optimized", True)
    build = "" if optimized else " (built without --enable-optimizations, or silent about it)"
    return (
        f"{machine['cores']} cores ({machine['processor']}), Linux {machine['kernel']}, "
        f"Python {machine['python']}{build}, Node {machine['node']}; {pinned}."
    )


def _goals(found: Report) -> str:
    lines = ["| goal | at stake | reached? | measured |", "|---|---|---|---|"]
    for goal in found["goals"]:
        verdict = "yes" if goal["reached"] else "**no**"
        value = f"{goal['value']:.2f} {goal['unit']}"
        lines.append(f"| {goal['title']} | {goal['goal']} | {verdict} | {value} |")
    return "\n".join(lines)


def _tables(found: Report) -> list[str]:
    """One table for each reference: rows are candidates, columns works."""
    works = {work.name: found["works"][work.name] for work in WORKS if work.name in found["works"]}
    tables = []
    for reference in dict.fromkeys(work["reference"] for work in works.values()):
        columns = {name: work for name, work in works.items() if work["reference"] == reference}
        rows = dict.fromkeys(c for work in columns.values() for c in work["candidates"])
        head = [
            f"| ratio to {CANDIDATES[reference].title} |",
            *(f" {_short(n)} |" for n in columns),
        ]
        lines = ["".join(head), "|---" * (1 + len(columns)) + "|"]
        for row in sorted(rows, key=list(CANDIDATES).index):
            cells = [
                _cell(work["candidates"].get(row), row == reference) for work in columns.values()
            ]
            lines.append(f"| {CANDIDATES[row].title} | " + " | ".join(cells) + " |")
        tables.append("\n".join(lines))
    if "idle_memory" in found["works"]:
        tables.append(_idle(found))
    return tables


def _idle(found: Report) -> str:
    memory, cpu = (found["works"][name]["candidates"] for name in ("idle_memory", "idle_cpu"))
    lines = ["| 1,000 idle connections | KB each | % of a core |", "|---|---|---|"]
    for name, value in memory.items():
        title = CANDIDATES[name].title
        lines.append(f"| {title} | {value['value']:.1f} | {cpu[name]['value']:.2f} |")
    return "\n".join(lines)


def _short(name: str) -> str:
    return name.replace("_", " ")


def _cell(entry: dict[str, Any] | None, is_reference: bool) -> str:
    if entry is None:
        return ""
    marks = ("*" if entry["load_was_bottleneck"] else "") + ("~" if entry["spread"] > NOISY else "")
    if is_reference:
        return f"1 ({_thousands(entry['value'])}){marks}"
    return f"{entry.get('ratio', float('nan')):.2f}{marks}"


def _thousands(value: float) -> str:
    return f"{value / 1000:.1f} k" if value >= 1000 else f"{value:.0f}"


def _notes(found: Report) -> str:
    loads = [load for work in found["works"].values() for load in work["load_average"] or ()]
    busiest = f"{min(loads):.1f} to {max(loads):.1f}" if loads else "not known"
    return (
        "Work per second of the server's CPU time, medians; in brackets the reference's own. "
        f"`~`: repetitions differ by more than {NOISY:.0%}. `*`: the load generator was the "
        f"bottleneck, so that the server could not gather as much per turn as it might. "
        f"Load average of the machine during the run: {busiest}."
    )
