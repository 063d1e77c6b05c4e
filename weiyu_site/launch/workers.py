"""Keep several workers alive, and say what became of those that died."""

from __future__ import annotations

import logging
import signal
from typing import Any

from uvicorn.supervisors.multiprocess import Multiprocess, Process

from weiyu_site.launch.refusals import EXIT_CODE

logger = logging.getLogger(__name__)

# Seconds before a worker that cannot start is tried again beside others that serve.
PAUSE = 5.0


class Worker(Process):
    def start(self) -> None:
        super().start()
        # Held open here as well, it would keep us waiting for the answer of one that has ended.
        self.child_conn.close()


class Workers(Multiprocess):
    """uvicorn's supervisor, which starts anew whatever ends, also what can never start."""

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self.exit_code = 0
        self._served: set[int | None] = set()

    def run_all(self) -> int:
        """Serve until told to end; return the exit code."""
        self.run()
        return self.exit_code

    def init_processes(self) -> None:
        self.processes = [self._started() for _ in range(self.processes_num)]

    def _started(self) -> Worker:
        worker = Worker(self.config, self.sockets)
        worker.start()
        return worker

    def keep_subprocess_alive(self) -> None:
        patience = self.config.timeout_worker_healthcheck
        for place, worker in enumerate(self.processes):
            if self.should_exit.is_set():
                return
            if not worker.is_alive(timeout=patience):
                self._replace(place, worker)
            elif worker.pid not in self._served and worker.is_ready(timeout=patience):
                self._served.add(worker.pid)

    def _replace(self, place: int, worker: Process) -> None:
        is_hung = worker.process.is_alive()
        worker.kill()
        worker.join()
        logger.error("Worker %s %s.", worker.pid, "hung and was killed" if is_hung else how(worker))
        if worker.pid not in self._served:
            if not any(self._serves(other) for other in self.processes):
                logger.error("No worker could start; what is wrong stands above.")
                self.exit_code = EXIT_CODE
                self.should_exit.set()
                return
            self.should_exit.wait(PAUSE)
        self._served.discard(worker.pid)
        successor = self.processes[place] = self._started()
        logger.info("Started worker %s in its place.", successor.pid)

    def _serves(self, worker: Process) -> bool:
        """Return whether it serves; one that is just starting may take its time."""
        if worker.pid in self._served:
            return worker.process.is_alive()
        return worker.wait_until_ready(self.config.timeout_worker_healthcheck, self.should_exit)


def how(worker: Process) -> str:
    """Return how a process ended."""
    code = worker.exitcode or 0
    if code < 0:
        return f"was ended by {signal.Signals(-code).name}"
    return f"ended with exit code {code}"
