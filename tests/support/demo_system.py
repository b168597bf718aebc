"""A running demo for tests: the real command in a process of its own, with its one-time link and its truth file."""

import re
import signal
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil

LINK = re.compile(r"http://127\.0\.0\.1:\d+/#token=[\w-]+")
START_S = 180.0


@dataclass(frozen=True, slots=True)
class RunningDemo:
    """``link`` opens one session; ``truth`` holds JSON lines with ``plate``; ``folder`` keeps store and logs."""

    link: str
    truth: Path
    folder: Path
    process: subprocess.Popen[str]

    @property
    def url(self) -> str:
        return self.link.partition("/#")[0]


@contextmanager
def running_demo(folder: Path, *options: str) -> Iterator[RunningDemo]:
    """Run ``kakou demo`` until the block ends; fails with its last words if it prints no link."""
    argv = [sys.executable, "-m", "api.cli", "demo", "--port", "0", "--keep", str(folder), *options]
    with subprocess.Popen(argv, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True) as process:
        try:
            words: deque[str] = deque(maxlen=40)
            yield RunningDemo(_link(process, words), folder / "truth.jsonl", folder, process)
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                for child in psutil.Process(process.pid).children(recursive=True):
                    child.kill()
                process.kill()
                raise


def log_in(demo: RunningDemo) -> httpx.Client:
    """Spend the demo's one-time link; return a client with the operator's session."""
    client = httpx.Client(base_url=demo.url, headers={"Origin": demo.url}, timeout=10.0, trust_env=False)
    token = demo.link.partition("#token=")[2]
    client.post("/v1/session", json={"token": token}).raise_for_status()
    return client


def _link(process: subprocess.Popen[str], words: deque[str]) -> str:
    """Read stderr until the link comes, then leave a thread to drain it, so that the pipe never fills."""
    assert process.stderr is not None
    timer = threading.Timer(START_S, process.kill)
    timer.start()
    try:
        for line in process.stderr:
            words.append(line)
            if found := LINK.search(line):
                threading.Thread(target=process.stderr.read, daemon=True).start()
                return found[0]
    finally:
        timer.cancel()
    raise AssertionError("the demo printed no link:\n" + "".join(words))
