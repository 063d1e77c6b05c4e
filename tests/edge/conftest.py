"""Servers whose application is `inner.py`: the edge alone, under a real uvicorn."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Callable, Iterator

import pytest

from tests.server import Process, free_port


@pytest.fixture(scope="package")
def edge_server(tmp_path_factory) -> Iterator[Callable[..., Process]]:
    """Return a function that starts uvicorn with our options: `edge_server(PATIENCE="3")`.

    What else is given stands before its command: `edge_server("prlimit", "--nofile=256")`.
    """
    running: dict[tuple, Process] = {}

    def start(*before: str, **env: str) -> Process:
        key = (before, *sorted(env.items()))
        if key not in running:
            port = free_port()
            running[key] = Process(
                command=[*before, sys.executable, "-m", "tests.edge.inner"],
                env={**os.environ, **env, "PORT": str(port)},
                log_path=tmp_path_factory.mktemp("edge") / "server.log",
                port=port,
            )
            running[key].start()
        return running[key]

    try:
        yield start
    finally:
        for process in running.values():
            process.stop()


def send_raw(process: Process, request: bytes, *, timeout: float = 10) -> bytes:
    """Send exactly these bytes and return all that comes back until the end."""
    with socket.create_connection(("127.0.0.1", process.port), timeout=timeout) as connection:
        connection.sendall(request)
        received = b""
        while piece := connection.recv(65536):
            received += piece
    return received
