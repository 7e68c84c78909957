"""A session ends with its token, unless it is renewed; nothing of it is left behind."""

from datetime import UTC, datetime

from {{cookiecutter.package_name}}.runtime.sessions import (
    EXPIRY_WARNING,
    Session,
    Sessions,
)
from {{cookiecutter.package_name}}.runtime.tokens import Claims


class Clocked:
    """Sessions under a clock the test turns."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.ended: list[str] = []
        self.warned: list[tuple[str, int]] = []
        self.sessions = Sessions(self.end, self.warn, lambda: self.now)

    async def end(self, session: Session) -> None:
        self.ended.append(session.sid)
        self.sessions.remove(session.sid)

    async def warn(self, session: Session, seconds: int) -> None:
        self.warned.append((session.sid, seconds))

    def add(self, sid: str, lifetime: float, user: str = "ada", jti: str | None = None) -> Session:
        claims = Claims(user, self.now, self.now + lifetime, jti)
        session = Session(sid, f"c-{sid}", "/t", "127.0.0.1", claims, claims.exp)
        self.sessions.add(session)
        return session

    async def at(self, moment: float) -> None:
        self.now = moment
        await self.sessions.tick()


async def test_warned_a_minute_before_and_ended_on_time() -> None:
    clocked = Clocked()
    clocked.add("s1", 600)
    await clocked.at(1600 - EXPIRY_WARNING - 1)
    assert clocked.warned == []
    await clocked.at(1600 - EXPIRY_WARNING)
    assert clocked.warned == [("s1", 60)]
    await clocked.at(1599)
    assert clocked.ended == []
    await clocked.at(1600)
    assert clocked.ended == ["s1"]
    assert len(clocked.warned) == 1


async def test_a_short_token_is_warned_of_at_once() -> None:
    clocked = Clocked()
    clocked.add("s1", 10)
    await clocked.at(1000)
    assert clocked.warned == [("s1", 10)]
    await clocked.at(1010)
    assert clocked.ended == ["s1"]


async def test_a_renewed_session_lives_on() -> None:
    clocked = Clocked()
    session = clocked.add("s1", 100)
    await clocked.at(1050)
    clocked.sessions.renew(session, Claims("ada", 1050, 1650), 1650)
    await clocked.at(1640)
    assert clocked.ended == []
    assert [seconds for _, seconds in clocked.warned] == [50, 10]
    await clocked.at(1650)
    assert clocked.ended == ["s1"]


async def test_ended_by_token_or_by_subject() -> None:
    clocked = Clocked()
    clocked.add("s1", 100, "ada", "t1")
    clocked.add("s2", 100, "ada", "t2")
    clocked.add("s3", 100, "bob", "t3")
    assert await clocked.sessions.end_token("t2") == 1
    assert clocked.ended == ["s2"]
    assert await clocked.sessions.end_subject("ada", datetime.fromtimestamp(999, UTC)) == 0
    assert await clocked.sessions.end_subject("ada", datetime.fromtimestamp(1000, UTC)) == 1
    assert clocked.ended == ["s2", "s1"]


async def test_counts_per_user_and_nothing_left() -> None:
    clocked = Clocked()
    for number in range(300):
        clocked.add(f"s{number}", 1000)
    assert clocked.sessions.count("/t", "ada") == 300
    for number in range(300):
        clocked.sessions.remove(f"s{number}")
    assert clocked.sessions.remove("s1") is None
    await clocked.at(1001)
    assert len(clocked.sessions) == 0
    assert clocked.sessions.count("/t", "ada") == 0
    assert not clocked.sessions._per_user
    assert not clocked.sessions._due


async def test_what_is_revoked_during_a_handshake_ends_at_once() -> None:
    clocked = Clocked()
    await clocked.sessions.end_token("t1")
    clocked.now += 1
    clocked.add("s1", 600, jti="t1")
    clocked.add("s2", 600, jti="t2")
    await clocked.at(clocked.now)
    assert clocked.ended == ["s1"]


async def test_the_last_handler_cleans_up_after_a_session_that_ended_before_it() -> None:
    clocked = Clocked()
    sessions = clocked.sessions
    quiet, busy = clocked.add("s1", 60), clocked.add("s2", 60)
    assert sessions.begin(busy)
    assert sessions.begin(busy)
    for session in (quiet, busy):
        sessions.remove(session.sid)
        assert not sessions.begin(session)
    assert not quiet.outlasted
    assert busy.outlasted
    assert not sessions.finish(busy)
    assert sessions.finish(busy)


async def test_a_handler_that_ends_before_its_session_has_nothing_to_clean_up() -> None:
    clocked = Clocked()
    session = clocked.add("s1", 60)
    assert clocked.sessions.begin(session)
    assert not clocked.sessions.finish(session)
    clocked.sessions.remove("s1")
    assert not session.outlasted
