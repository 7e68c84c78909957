"""A message that is too large is refused before it comes."""

from .raw import TEXT, frame, opened
from .target import Target

TOO_BIG = 1009


def test_a_frame_too_long_is_refused_by_its_head(eio: Target) -> None:
    with opened(eio) as raw:
        raw.send(frame(TEXT, b"4", claims=1_000_001))
        assert raw.close_code() == TOO_BIG
