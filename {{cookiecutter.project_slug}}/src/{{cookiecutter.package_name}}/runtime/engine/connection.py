"""One WebSocket, RFC 6455: frames in, whole messages out of them, and an orderly end."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from picows import WSCloseCode, WSFrame, WSListener, WSMsgType, WSTransport

from .. import server_frames
from . import outgoing
from .outgoing import Turn
from .picows_protocol import switching_protocols
from .unsent import Frame, Unsent
from .wheel import Wheel

TEXT, CONTINUATION = WSMsgType.TEXT, WSMsgType.CONTINUATION
PING, PONG, CLOSE = WSMsgType.PING, WSMsgType.PONG, WSMsgType.CLOSE
CONTROL = (PING, PONG, CLOSE)

CLOSE_SECONDS = 5.0
"""For the client's answer to a close; then the connection is cut."""
SENDABLE_CODES = frozenset({*range(1000, 1004), *range(1007, 1015), *range(3000, 5000)})
"""Close codes that may be sent, by RFC 6455 and IANA's registry."""


class Connection(WSListener):
    """A WebSocket that was accepted, or is about to be.

    :param turn: writes at the end of the loop's turn.
    :param wheel: keeps the deadline, of which there is one at a time.
    :param max_message_bytes: of a message, whole or in fragments.
    :param make_unsent: keeps what the client is too slow for; its owner looks at it.
    """

    __slots__ = (
        "_corked",
        "_fragments",
        "_is_text",
        "_loop",
        "_make_unsent",
        "_max_message_bytes",
        "_out",
        "_transport",
        "_turn",
        "_unsent",
        "_wheel",
        "_ws",
        "due",
        "ending",
        "on_gone",
    )

    def __init__(
        self, turn: Turn, wheel: Wheel, max_message_bytes: int, make_unsent: Callable[[], Unsent]
    ) -> None:
        self.due = 0
        self.ending = False
        self.on_gone: Callable[[Connection], object] | None = None
        self._loop = asyncio.get_running_loop()
        self._turn = turn
        self._wheel = wheel
        self._max_message_bytes = max_message_bytes
        self._ws: WSTransport | None = None
        self._transport: Any = None
        self._out: list[bytes] = []
        self._corked = True  # until it is accepted, and while what was read is handled
        self._fragments: bytearray | None = None
        self._is_text = False
        self._make_unsent = make_unsent
        self._unsent: Unsent | None = None

    # What a subclass makes of it

    def received(self, message: str | bytes) -> None:
        """A message has come."""

    def ended(self) -> None:
        """The connection is over; called once, when either side ends it or it is lost."""

    def on_deadline(self) -> None:
        """The deadline set on the wheel has come."""

    # Sending

    def put(self, frame: bytes) -> None:
        """Send one prepared frame at the end of this turn, in the order of the calls."""
        if self.ending:
            return
        if not self._out and not self._corked:
            self._turn.add(self)
        self._out.append(frame)

    def flush(self) -> None:
        """Write what was put aside."""
        out = self._out
        if not out:
            return
        ws, unsent = self._ws, self._unsent
        if self.ending or ws is None or ws.is_close_frame_sent:
            out.clear()
            return
        first = out[0]
        if len(out) == 1 and unsent is None and outgoing.is_short_text(first):
            # picows sends it past the loop's transport, which is much quicker
            out.clear()
            ws.send(TEXT, outgoing.payload(first))
            return
        if unsent is None:
            self._transport.write(b"".join(out))
        else:
            for frame in out:
                unsent.add(Frame(frame))
        out.clear()

    def end(self, code: WSCloseCode = WSCloseCode.OK) -> None:
        """Close in order: what was put aside goes out before the close frame."""
        if self.ending or self._ws is None:
            return
        self.flush()
        while self._unsent:
            self._transport.write(self._unsent.next_write())
        self.ending = True
        self._ws.send_close(code)
        self._wheel.set(self, CLOSE_SECONDS)
        self.ended()

    def cut(self) -> None:
        """End the connection without a word."""
        if self._ws is not None:
            self._ws.disconnect(graceful=False)

    def shutdown(self) -> None:
        """uvicorn stops."""
        self.end(WSCloseCode.SERVICE_RESTART)
        if self._ws is not None:
            self._ws.disconnect()

    # Timing

    def on_time(self) -> None:
        if self.ending:
            self.cut()
        else:
            self.on_deadline()

    # What picows calls

    def on_ws_connected(self, transport: WSTransport) -> None:
        self._ws = transport
        self._transport = transport.underlying_transport
        # any byte the kernel does not take makes it call pause_writing
        self._transport.set_write_buffer_limits(high=0)
        self._out.insert(0, switching_protocols(transport.response.headers["Sec-WebSocket-Accept"]))
        self._corked = False
        self._turn.answer(self)

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        kind = frame.msg_type
        if transport.is_close_frame_sent:
            if kind == CLOSE:
                transport.disconnect()
            return
        if frame.rsv1 or frame.rsv2 or frame.rsv3:
            self.end(WSCloseCode.PROTOCOL_ERROR)  # no extension was negotiated
            return
        self._corked = True
        if kind == TEXT and frame.fin and self._fragments is None:
            try:
                text = frame.get_payload_as_utf8_text()
            except UnicodeDecodeError:
                self.end(WSCloseCode.INVALID_TEXT)
                return
            self.received(text)
        elif kind in CONTROL:
            self._control(transport, frame)
        else:
            self._assemble(frame)
        if frame.last_in_buffer:
            self._corked = False
            if self._out:
                self._turn.answer(self)

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        was_ending, self.ending = self.ending, True
        self._wheel.cancel(self)
        self._ws = self._transport = self._unsent = None
        self._out.clear()
        if self.on_gone is not None:
            self.on_gone(self)
        if not was_ending:
            self.ended()

    def pause_writing(self) -> None:
        if self._unsent is None:
            self._unsent = self._make_unsent()
        self._unsent.stall()

    def resume_writing(self) -> None:
        unsent = self._unsent
        if unsent is None:
            return
        unsent.resume()
        while unsent and not unsent.is_stalled:
            self._transport.write(unsent.next_write())
        if not unsent.is_stalled and not unsent.overflowed:
            self._unsent = None

    # Frames

    def _control(self, transport: WSTransport, frame: WSFrame) -> None:
        if frame.msg_type == PING:
            pong = server_frames.frame(server_frames.PONG, frame.get_payload_as_bytes())
            self.put(pong)
        elif frame.msg_type == CLOSE:
            code = frame.get_close_code() if frame.payload_size else WSCloseCode.OK
            self.end(code if code in SENDABLE_CODES else WSCloseCode.PROTOCOL_ERROR)
            transport.disconnect()

    def _assemble(self, frame: WSFrame) -> None:
        if frame.msg_type == CONTINUATION:
            self._append(frame, self._fragments)
        elif self._fragments is not None:
            self.end(WSCloseCode.PROTOCOL_ERROR)
        elif frame.fin:
            self.received(frame.get_payload_as_bytes())
        else:
            self._is_text = frame.msg_type == TEXT
            self._fragments = bytearray()
            self._append(frame, self._fragments)

    def _append(self, frame: WSFrame, fragments: bytearray | None) -> None:
        if fragments is None:
            self.end(WSCloseCode.PROTOCOL_ERROR)
            return
        if len(fragments) + frame.payload_size > self._max_message_bytes:
            self.end(WSCloseCode.MESSAGE_TOO_BIG)
            return
        fragments += frame.get_payload_as_memoryview()
        if frame.fin:
            self._fragments = None
            try:
                message = fragments.decode() if self._is_text else bytes(fragments)
            except UnicodeDecodeError:
                self.end(WSCloseCode.INVALID_TEXT)
                return
            self.received(message)
