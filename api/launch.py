"""Start one worker process so that it ends with its parent, logs to a bounded file, and uses one thread a library.

``python -m api.launch NAME LOG_FOLDER MODULE [ARGS…]`` runs ``MODULE`` as if by ``python -m MODULE ARGS…``.
"""

import ctypes
import logging
import logging.handlers
import os
import runpy
import signal
import sys
from pathlib import Path

LOG_BYTES = 5 * 1024 * 1024
LOG_FILES = 2
ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
"""Libraries that start a thread a core would take the receiving process's time (facts/traps 2.9)."""

PR_SET_PDEATHSIG = 1


def command(name: str, logs: Path, module: str, *args: str) -> list[str]:
    """Return the argument list that starts ``module`` through this launcher."""
    return [sys.executable, "-m", "api.launch", name, str(logs), module, *args]


def main() -> None:
    """Prepare the process, then become the worker."""
    name, logs, module, *args = sys.argv[1:]
    die_with_parent()
    handler = logging.handlers.RotatingFileHandler(
        Path(logs) / f"{name}.log", maxBytes=LOG_BYTES, backupCount=LOG_FILES, encoding="utf-8"
    )
    logging.basicConfig(level=logging.INFO, handlers=[handler], format="%(asctime)s %(levelname)s %(name)s %(message)s")
    logging.getLogger("httpx").setLevel(logging.WARNING)
    sys.argv = [module, *args]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


def die_with_parent() -> None:
    """Ask the kernel for SIGTERM when the parent's starting thread ends; leave at once if it has ended already."""
    parent = os.getppid()
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent or parent == 1:
        sys.exit(0)


if __name__ == "__main__":
    main()
