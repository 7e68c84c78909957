"""Serves the protocols' own suites: ``make conformance-server PORT=3000 FLAVOUR=sio``."""

import argparse
import asyncio

import uvicorn

from {{cookiecutter.package_name}}.runtime.engine import websocket_class
from {{cookiecutter.package_name}}.runtime.server import frame_limit

from .app import ENGINE, running


async def serve(port: int, flavour: str) -> None:
    async with running("eio" if flavour == "eio" else "sio") as app:
        config = uvicorn.Config(
            app,
            port=port,
            lifespan="off",
            log_level="warning",
            ws=websocket_class(ENGINE),
            ws_max_size=frame_limit(65536),
            ws_per_message_deflate=False,
            ws_ping_interval=None,
            timeout_graceful_shutdown=1,
        )
        await uvicorn.Server(config).serve()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=3000)
    parser.add_argument("--flavour", choices=["sio", "eio"], default="sio")
    arguments = parser.parse_args()
    asyncio.run(serve(arguments.port, arguments.flavour))
