"""A trivial view of plain Flask, for gunicorn."""

from flask import Flask

app = Flask(__name__)


@app.get("/view")
def view() -> str:
    return "hello, world"
