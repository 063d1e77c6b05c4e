"""Serve the site: `python -m weiyu_site.serve --host 127.0.0.1 --port 8000 --workers 2`.

The options of the server stand here alone; `--print` writes the uvicorn command that has them.
"""

from __future__ import annotations

import argparse
import os
import shlex
from collections.abc import Sequence
from typing import Any

import django
import uvicorn

from weiyu_site.launch.database_state import end_on_other_states

APPLICATION = "weiyu_site.asgi:application"

OPTIONS: dict[str, Any] = {
    "loop": "uvloop",
    "http": "httptools",
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
    # A worker that begins on a busy machine is not yet dead; 5 s would kill it again and again.
    "timeout_worker_healthcheck": 60,
}


def command(**more: Any) -> list[str]:
    """Return the uvicorn command line with our options."""
    words = ["uvicorn", APPLICATION]
    for name, value in {**OPTIONS, **more}.items():
        flag = name.replace("_", "-")
        if name == "ws_per_message_deflate":
            words += [f"--{flag}", str(value).lower()]
        elif isinstance(value, bool):
            words.append(f"--{flag}" if value else f"--no-{flag}")
        else:
            words += [f"--{flag}", str(value)]
    return words


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m weiyu_site.serve", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--reload", action="store_true", help="restart when a file changes")
    parser.add_argument("--print", action="store_true", help="print the uvicorn command instead")
    given = parser.parse_args(arguments)
    more = {"host": given.host, "port": given.port, "workers": given.workers}
    if given.print:
        print(shlex.join(command(**more)))  # noqa: T201 - it is what was asked for
        return
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "weiyu_site.settings")
    django.setup()
    # Here once: a server that keeps workers alive would start them again and again.
    end_on_other_states()
    # The site's own LOGGING writes the server's lines too.
    uvicorn.run(APPLICATION, reload=given.reload, log_config=None, **more, **OPTIONS)


if __name__ == "__main__":
    main()
