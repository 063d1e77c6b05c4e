"""Serve the site: `python -m weiyu_site.serve --host 127.0.0.1 --port 8000 --workers 2`.

The one command for production. It refuses what cannot work before it starts anything, and it
alone limits what a connection may cost (weiyu_site/edge/connections.py).
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from typing import Any

import django
import uvicorn
from django.conf import settings
from django.core import checks
from uvicorn.supervisors import ChangeReload

from weiyu_site.launch.collectstatic import names_not_collected
from weiyu_site.launch.database_state import end_on_other_states
from weiyu_site.launch.refusals import EXIT_CODE, end, ending_in_a_sentence
from weiyu_site.launch.workers import Workers

APPLICATION = "weiyu_site.asgi:application"

OPTIONS: dict[str, Any] = {
    "loop": "uvloop",
    "http": "weiyu_site.edge.connections:Connection",
    "ws": "websockets-sansio",
    # Else a caller on this machine says who it is; weiyu_site/edge judges proxies.
    "proxy_headers": False,
    "server_header": False,
    "ws_max_size": 65_536,
    "ws_per_message_deflate": False,
    "lifespan": "on",
    # Longer than a proxy keeps an idle connection to us (nginx: 60 s), so that it never picks
    # one that we are just closing.
    "timeout_keep_alive": 75,
    "timeout_graceful_shutdown": 10,
    # One that begins on a busy machine is not dead yet; 5 s would kill it again and again.
    "timeout_worker_healthcheck": 60,
    # The site's own LOGGING writes the server's lines too.
    "log_config": None,
}


def main(arguments: Sequence[str] | None = None) -> int:
    given = _parser().parse_args(arguments)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "weiyu_site.settings")
    with ending_in_a_sentence():
        django.setup()
    refuse_what_cannot_work(given)
    config = uvicorn.Config(
        APPLICATION,
        host=given.host,
        port=given.port,
        workers=given.workers,
        reload=given.reload,
        **OPTIONS,
    )
    return run(config)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m weiyu_site.serve", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=_between(0, 65_535), default=8000)
    parser.add_argument("--workers", type=_between(1, 1000), default=1)
    parser.add_argument("--reload", action="store_true", help="restart when a file changes")
    parser.add_argument(
        "--workers-without-redis",
        action="store_true",
        help="let several workers count for themselves, and tell each other nothing",
    )
    return parser


def _between(least: int, most: int) -> Any:
    def number(text: str) -> int:
        if not (text.isascii() and text.isdigit() and least <= int(text) <= most):
            raise argparse.ArgumentTypeError(f"must be from {least} to {most}, not {text!r}")
        return int(text)

    return number


def refuse_what_cannot_work(given: argparse.Namespace) -> None:
    """End here with one sentence: workers would start, fail and start again."""
    if given.workers > 1 and not settings.REDIS_URL and not given.workers_without_redis:
        end(
            "Weiyu cannot start: several workers need Redis, which WEIYU_REDIS_URL names. Without "
            "it they count rates each for itself and show changes made in another only when a "
            "page is loaded again; --workers-without-redis accepts that."
        )
    end_on_other_states()
    if missing := names_not_collected():
        end(
            f"Weiyu cannot start: {settings.STATIC_ROOT} lacks {len(missing)} static files, such "
            f"as {missing[0]}. Run manage.py collectstatic --noinput"
        )
    for found in checks.run_checks():
        if found.is_serious():
            end(f"Weiyu cannot start: {found.msg} ({found.id})")


def run(config: uvicorn.Config) -> int:
    """Serve until told to end; return the exit code."""
    try:
        sockets = [config.bind_socket()]
        if config.should_reload:
            ChangeReload(config, target=uvicorn.Server(config).run, sockets=sockets).run()
        elif config.workers > 1:
            return Workers(config, sockets=sockets).run_all()
        else:
            uvicorn.Server(config).run(sockets=sockets)
    except KeyboardInterrupt:
        pass
    except SystemExit:
        # uvicorn has said why, and has a code of its own for it.
        return EXIT_CODE
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
