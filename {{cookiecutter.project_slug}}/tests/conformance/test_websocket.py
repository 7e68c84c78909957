"""RFC 6455 to the letter: what the Autobahn suite looks at, by a client that breaks the rules."""

import os

import pytest

from .raw import BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT, frame, opened, request
from .target import Target

PROTOCOL_ERROR, INVALID_TEXT, TOO_BIG = 1002, 1007, 1009
GREEK = "4süß ✓ 𝄞".encode()


class TestHandshake:
    def test_a_version_not_spoken(self, eio: Target) -> None:
        status, raw = request(eio, Sec_WebSocket_Version="8")
        raw.connection.close()
        assert status in (400, 426)

    @pytest.mark.parametrize("key", ["", "dGhlIHNhbXBsZQ==", "not base64 at all!"])
    def test_a_bad_key(self, eio: Target, key: str) -> None:
        status, raw = request(eio, Sec_WebSocket_Key=key)
        raw.connection.close()
        assert status == 400


class TestFraming:
    @pytest.mark.parametrize("size", [1, 125, 126, 127, 128, 65535, 65536, 300_000])
    @pytest.mark.parametrize("kind", [TEXT, BINARY], ids=["text", "binary"])
    def test_every_form_of_length(self, eio: Target, kind: int, size: int) -> None:
        payload = b"4" + b"x" * (size - 1) if kind == TEXT else os.urandom(size)
        with opened(eio) as raw:
            raw.send(frame(kind, payload))
            assert raw.next() == (kind, payload)

    def test_in_single_bytes(self, eio: Target) -> None:
        with opened(eio) as raw:
            raw.send(frame(TEXT, GREEK), frame(PING, b"?"), chop=1)
            assert {raw.next(), raw.next()} == {(TEXT, GREEK), (PONG, b"?")}

    def test_many_in_one_write(self, eio: Target) -> None:
        messages = [b"4" + str(number).encode() for number in range(500)]
        with opened(eio) as raw:
            raw.send(*(frame(TEXT, message) for message in messages))
            assert [raw.next() for _ in messages] == [(TEXT, m) for m in messages]

    def test_unmasked(self, eio: Target) -> None:
        with opened(eio) as raw:
            raw.send(frame(TEXT, b"4x", masked=False))
            assert raw.close_code() == PROTOCOL_ERROR

    @pytest.mark.parametrize("rsv", range(1, 8))
    @pytest.mark.parametrize("opcode", [TEXT, PING, CLOSE])
    def test_reserved_bits(self, eio: Target, opcode: int, rsv: int) -> None:
        with opened(eio) as raw:
            raw.send(frame(opcode, rsv=rsv))
            assert raw.close_code() == PROTOCOL_ERROR

    @pytest.mark.parametrize("opcode", [3, 4, 5, 6, 7, 11, 12, 13, 14, 15])
    def test_reserved_opcodes(self, eio: Target, opcode: int) -> None:
        with opened(eio) as raw:
            raw.send(frame(TEXT, b"4x"), frame(opcode, b"x"))
            assert raw.close_code() == PROTOCOL_ERROR


class TestControl:
    @pytest.mark.parametrize("size", [0, 1, 125])
    def test_pings_are_answered(self, eio: Target, size: int) -> None:
        payload = os.urandom(size)
        with opened(eio) as raw:
            raw.send(frame(PONG, b"nobody asked"), frame(PING, payload))
            assert raw.next() == (PONG, payload)

    def test_in_order(self, eio: Target) -> None:
        with opened(eio) as raw:
            raw.send(*(frame(PING, bytes([number])) for number in range(10)))
            assert [raw.next()[1] for _ in range(10)] == [bytes([n]) for n in range(10)]

    @pytest.mark.parametrize("opcode", [PING, PONG, CLOSE])
    def test_too_long(self, eio: Target, opcode: int) -> None:
        with opened(eio) as raw:
            raw.send(frame(opcode, b"x" * 126))
            assert raw.close_code() == PROTOCOL_ERROR

    @pytest.mark.parametrize("opcode", [PING, PONG, CLOSE])
    def test_in_fragments(self, eio: Target, opcode: int) -> None:
        with opened(eio) as raw:
            raw.send(frame(opcode, b"", fin=False))
            assert raw.close_code() == PROTOCOL_ERROR


class TestFragments:
    @pytest.mark.parametrize("chop", [None, 1], ids=["at once", "in bytes"])
    def test_with_pings_between(self, eio: Target, chop: int | None) -> None:
        with opened(eio) as raw:
            raw.send(
                frame(TEXT, b"4one ", fin=False),
                frame(PING, b"a"),
                frame(CONTINUATION, b"", fin=False),
                frame(CONTINUATION, b"two ", fin=False),
                frame(PING, b"b"),
                frame(CONTINUATION, b"three"),
                chop=chop,
            )
            assert raw.next() == (PONG, b"a")
            assert raw.next() == (PONG, b"b")
            assert raw.next() == (TEXT, b"4one two three")

    def test_binary(self, eio: Target) -> None:
        with opened(eio) as raw:
            raw.send(frame(BINARY, b"\0\1", fin=False), frame(CONTINUATION, b"\2"))
            assert raw.next() == (BINARY, b"\0\1\2")

    @pytest.mark.parametrize(
        "frames",
        [
            [frame(CONTINUATION, b"4x")],
            [frame(CONTINUATION, b"4x", fin=False)],
            [frame(TEXT, b"4x", fin=False), frame(TEXT, b"4y")],
            [frame(TEXT, b"4x", fin=False), frame(BINARY, b"y", fin=False)],
            [frame(TEXT, b"4x"), frame(CONTINUATION, b"y")],
        ],
        ids=["none begun", "none begun, not the last", "text within", "binary within", "after"],
    )
    def test_out_of_order(self, eio: Target, frames: list[bytes]) -> None:
        with opened(eio) as raw:
            raw.send(*frames)
            assert raw.close_code() == PROTOCOL_ERROR


class TestText:
    def test_a_character_in_two_fragments(self, eio: Target) -> None:
        with opened(eio) as raw:
            for cut in range(1, len(GREEK)):
                raw.send(frame(TEXT, GREEK[:cut], fin=False), frame(CONTINUATION, GREEK[cut:]))
                assert raw.next() == (TEXT, GREEK)

    @pytest.mark.parametrize(
        "text",
        [b"4\xce", b"4\xff", b"4\xed\xa0\x80", b"4\xc0\xaf", b"4\xf4\x90\x80\x80", b"4\x80"],
        ids=["cut off", "no byte of it", "surrogate", "overlong", "beyond", "continuation"],
    )
    @pytest.mark.parametrize("fragments", [1, 2])
    def test_invalid(self, eio: Target, text: bytes, fragments: int) -> None:
        frames = [frame(TEXT, text)]
        if fragments == 2:
            frames = [frame(TEXT, text[:2], fin=False), frame(CONTINUATION, text[2:])]
        with opened(eio) as raw:
            raw.send(*frames)
            assert raw.close_code() == INVALID_TEXT


class TestClose:
    @pytest.mark.parametrize("code", [1000, 1001, 1003, 1007, 1011, 3000, 3999, 4999])
    def test_valid_codes(self, eio: Target, code: int) -> None:
        with opened(eio) as raw:
            raw.send(frame(CLOSE, code.to_bytes(2) + "süß".encode()))
            assert raw.close_code() == code

    @pytest.mark.parametrize("code", [1012, 1013, 1014])
    def test_codes_registered_later(self, eio: Target, code: int) -> None:
        with opened(eio) as raw:
            raw.send(frame(CLOSE, code.to_bytes(2)))
            assert raw.close_code() in (code, PROTOCOL_ERROR)  # as old as the library is

    def test_without_a_code(self, eio: Target) -> None:
        with opened(eio) as raw:
            raw.send(frame(CLOSE))
            assert raw.close_code() in (None, 1000)

    @pytest.mark.parametrize(
        "code", [0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535]
    )
    def test_invalid_codes(self, eio: Target, code: int) -> None:
        with opened(eio) as raw:
            raw.send(frame(CLOSE, code.to_bytes(2)))
            assert raw.close_code() == PROTOCOL_ERROR

    def test_half_a_code(self, eio: Target) -> None:
        with opened(eio) as raw:
            raw.send(frame(CLOSE, b"\3"))
            assert raw.close_code() == PROTOCOL_ERROR

    def test_an_invalid_reason(self, eio: Target) -> None:
        with opened(eio) as raw:
            raw.send(frame(CLOSE, b"\x03\xe8\xff"))
            assert raw.close_code() in (PROTOCOL_ERROR, INVALID_TEXT)

    def test_nothing_counts_after_it(self, eio: Target) -> None:
        with opened(eio) as raw:
            raw.send(frame(CLOSE, b"\x03\xe8"), frame(TEXT, b"4x"), frame(PING, b"x"))
            assert raw.next() == (CLOSE, b"\x03\xe8")
            assert raw.is_over()


class TestLimits:
    def test_fragments_count_together(self, eio: Target) -> None:
        with opened(eio) as raw:
            raw.send(frame(BINARY, b"x" * 400_000, fin=False))
            for _ in range(2):
                raw.send(frame(CONTINUATION, b"x" * 400_000, fin=False))
            assert raw.close_code() == TOO_BIG

    def test_endless_empty_fragments_cost_nothing(self, eio: Target) -> None:
        with opened(eio) as raw:
            raw.send(frame(TEXT, b"4x", fin=False))
            for _ in range(20):
                raw.send(frame(CONTINUATION, fin=False) * 1000)
            raw.send(frame(CONTINUATION))
            assert raw.next() == (TEXT, b"4x")

    def test_a_client_that_never_answers_a_close_is_cut(self, eio: Target) -> None:
        with opened(eio) as raw:
            raw.send(frame(CONTINUATION))
            opcode, _ = raw.next()
            assert opcode == CLOSE
            assert raw.is_over(12)
