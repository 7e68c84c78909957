"""Flask-SocketIO as its documentation runs it: by itself, or with gunicorn where it has threads."""

import os

from flask import Flask
from flask_socketio import SocketIO, emit, join_room

app = Flask(__name__)
socketio = SocketIO(app, async_mode=os.environ["ASYNC_MODE"], cors_allowed_origins="*")


@socketio.on("echo")
def echo(data: object) -> object:
    return data


@socketio.on("join")
def join(data: object) -> None:
    join_room("all")


@socketio.on("say")
def say(data: object) -> None:
    emit("said", data, to="all")


if __name__ == "__main__":
    socketio.run(app, host="127.0.0.1", port=int(os.environ["PORT"]))
