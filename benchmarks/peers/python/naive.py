"""python-socketio as tutorials run it: ``uvicorn naive:app``."""

from typing import Any

import socketio

sio = socketio.AsyncServer(async_mode="asgi", cors_allowed_origins="*")
app = socketio.ASGIApp(sio)


@sio.event
async def connect(sid: str, environ: dict[str, Any], auth: object) -> None:
    pass


@sio.event
async def echo(sid: str, data: object) -> object:
    return data


@sio.event
async def join(sid: str, data: object) -> None:
    await sio.enter_room(sid, "all")


@sio.event
async def say(sid: str, data: object) -> None:
    await sio.emit("said", data, room="all")
