"""Serve any application by the program and options of Weiyu: `python -m benchmarks.serve …`."""

from __future__ import annotations

import argparse

import uvicorn

from weiyu_site import serve


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.serve")
    parser.add_argument("application")
    parser.add_argument("--port", type=int)
    parser.add_argument("--workers", type=int)
    given = parser.parse_args()
    return serve.run(
        uvicorn.Config(
            given.application,
            port=given.port,
            workers=given.workers,
            log_level="warning",
            **serve.OPTIONS,
        )
    )


if __name__ == "__main__":
    raise SystemExit(main())
