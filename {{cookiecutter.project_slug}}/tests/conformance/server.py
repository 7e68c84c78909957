"""Serves the protocols' own suites: ``make conformance-server PORT=3000 FLAVOUR=sio``.

Under the production server, as a client meets the service.
"""

import argparse

import {{cookiecutter.package_name}}.__main__  # noqa: F401 - as every program of this service begins
from {{cookiecutter.package_name}}.runtime.frames import frame_limit
from {{cookiecutter.package_name}}.runtime.serve import ServeOptions
from {{cookiecutter.package_name}}.runtime.servers import serve_production

from .app import DRAIN_SECONDS, MESSAGE_BYTES
from .served import server_settings

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=3000)
    parser.add_argument("--flavour", choices=["sio", "eio"], default="sio")
    arguments = parser.parse_args()
    serve_production(
        ServeOptions(
            app=f"{__package__}.app:{arguments.flavour}",
            name="conformance",
            host="127.0.0.1",
            port=arguments.port,
            server=server_settings(),
            frame_limit=frame_limit(MESSAGE_BYTES),
            drain_seconds=DRAIN_SECONDS,
            log_level="warning",
            log_format="console",
        )
    )
