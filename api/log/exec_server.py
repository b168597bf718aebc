"""Become the event log's server, which then dies with the process that started us.

Run as a file, not as a module, so that it starts in milliseconds and needs nothing on ``sys.path``:
``python -I -S exec_server.py PARENT_PID LOCK_FILE SERVER ARGUMENT...``

PR_SET_PDEATHSIG must be asked for by the child itself: ``preexec_fn`` is unsafe beside threads (facts/traps.md
2.11). It survives ``execve``. The lock on LOCK_FILE is inherited by the server and ends with it, so that two
servers never write one append-only file, whatever was killed before.
"""

import ctypes
import fcntl
import os
import signal
import sys
import time

PR_SET_PDEATHSIG = 1
LOCK_WAIT_S = 3.0
EX_TEMPFAIL = 75


def main() -> None:
    """Tie us to the parent, take the lock, become the server; exit 75 when another server holds the lock."""
    parent, lock_file, server = int(sys.argv[1]), sys.argv[2], sys.argv[3]
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
    if os.getppid() != parent:  # it died before we asked
        sys.exit(0)
    lock = os.open(lock_file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    until = time.monotonic() + LOCK_WAIT_S
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            break
        except BlockingIOError:
            if time.monotonic() > until:
                sys.stderr.write(f"another server uses {lock_file}\n")
                sys.exit(EX_TEMPFAIL)
            time.sleep(0.02)
    os.set_inheritable(lock, True)
    os.execv(server, sys.argv[3:])  # noqa: S606 - there is no shell to want


if __name__ == "__main__":
    main()
