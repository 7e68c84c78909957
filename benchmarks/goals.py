"""What the template wants to reach, and whether it did."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .figures import Figure

Results = Mapping[str, Mapping[str, Figure]]
"""Work → candidate → figure."""


@dataclass(frozen=True)
class Goal:
    """`of` and `against`: a work and a candidate. Without `against`, the figure itself counts."""

    title: str
    of: tuple[str, str]
    against: tuple[str, str] | None = None
    at_least: float | None = None
    at_most: float | None = None
    unit: str = "×"

    def judge(self, results: Results) -> dict[str, Any] | None:
        """What came of it; ``None`` if it was not measured."""
        value = _value(results, self.of)
        if self.against is not None:
            reference = _value(results, self.against)
            value = value / reference if value is not None and reference else None
        if value is None:
            return None
        bound = self.at_least if self.at_least is not None else self.at_most
        assert bound is not None
        reached = value >= bound if self.at_least is not None else value <= bound
        sign = "≥" if self.at_least is not None else "≤"
        return {
            "title": self.title,
            "goal": f"{sign} {bound:g} {self.unit}",
            "value": value,
            "unit": self.unit,
            "reached": reached,
        }


def judge_all(results: Results) -> list[dict[str, Any]]:
    """All goals that were measured, those that were missed first."""
    judged = [found for goal in GOALS if (found := goal.judge(results)) is not None]
    return sorted(judged, key=lambda goal: bool(goal["reached"]))


def _value(results: Results, place: tuple[str, str]) -> float | None:
    work, candidate = place
    found = results.get(work, {}).get(candidate)
    return None if found is None else found.value


def _against_node(work: str, title: str, at_least: float) -> list[Goal]:
    return [
        Goal(f"{title}, against Node", (work, "asgi"), (work, "node"), at_least=at_least),
        Goal(
            f"{title}, against Node with eiows", (work, "asgi"), (work, "node-eiows"), at_least=1.0
        ),
    ]


def _against_flask_socketio(mode: str) -> list[Goal]:
    titles = {"echo": "Echo", "pipelined": "Pipelined echo", "broadcast": "Broadcast"}
    titles["handshakes"] = "Handshakes"
    peer = f"flask-socketio-{mode}"
    return [
        Goal(f"{title} in {mode}, against Flask-SocketIO", (work, mode), (work, peer), at_least=1.5)
        for work, title in titles.items()
    ]


def _gate(work: str, title: str, at_least: float, mode: str = "asgi") -> Goal:
    against = (work, "node-contract")
    return Goal(f"{title}, against Node's", (work, mode), against, at_least=at_least)


GOALS = (
    *_against_node("echo", "Echo, one under way", 1.8),
    *_against_node("pipelined", "Echo, 16 under way", 2.5),
    *_against_node("broadcast", "Broadcast to 1,000", 4.5),
    *_against_node("handshakes", "Handshakes", 1.25),
    Goal(
        "Handshakes while 4,000 are connected, against none",
        ("handshakes_crowded", "asgi"),
        ("handshakes", "asgi"),
        at_least=0.9,
    ),
    _gate("message", "The whole gate, one under way", 1.5),
    _gate("message_pipelined", "The whole gate, 16 under way", 1.5),
    _gate("redis_message", "The whole gate over Redis", 1.5),
    _gate("message_broadcast", "A message to 1,000", 1.5),
    _gate("redis_message_broadcast", "A message to 1,000 over Redis, two workers", 2.5),
    _gate("handshakes_jwt", "Handshakes with JWT", 1.25),
    Goal("Memory of an idle connection", ("idle_memory", "asgi"), at_most=16, unit="KB"),
    Goal("CPU of 1,000 idle connections", ("idle_cpu", "asgi"), at_most=1, unit="%"),
    Goal(
        "Two workers over Redis, against one",
        ("redis_echo_two", "asgi"),
        ("redis_echo", "asgi"),
        at_least=0.9,
    ),
    Goal(
        "Broadcast over Redis, two workers, against Node",
        ("redis_broadcast", "asgi"),
        ("redis_broadcast", "node"),
        at_least=2.5,
    ),
    Goal(
        "A Flask view, against gunicorn gthread",
        ("view", "asgi-unlogged"),
        ("view", "gthread"),
        at_least=1.0,
    ),
    Goal(
        "A Flask view with access log, against gunicorn gthread",
        ("view_logged", "asgi"),
        ("view_logged", "gthread-logged"),
        at_least=1.0,
    ),
    Goal("50 one-second async views", ("async_views", "asgi"), at_most=1.3, unit="s"),
    Goal("Generating a project", ("generation", "cookiecutter"), at_most=1.0, unit="s"),
    *_against_flask_socketio("gevent"),
    *_against_flask_socketio("threading"),
    *_against_flask_socketio("eventlet"),
)
