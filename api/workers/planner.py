"""The planner process: positions in, a proved readiness out. ``python -m api.workers.planner RUN_FOLDER``."""

import logging
import os
import signal
import sys
import threading
from pathlib import Path
from types import FrameType

import lockdown
from api.log.bus import connect
from api.log.outbox import Outbox, outbox_path
from api.log.pump import Pump
from api.plan.hours import AHEAD_S, permille_for
from api.plan.inputs import prepare
from api.plan.planner import Planner
from api.run_folder import RunFolder
from api.settings import Settings
from camera_config.clock import SystemClock
from camera_config.load import load_county

log = logging.getLogger(__name__)

DRAIN_S = 1.0


def main() -> None:
    """Plan until SIGTERM or SIGINT."""
    ending = threading.Event()

    def end(_signal: int, _frame: FrameType | None) -> None:
        ending.set()

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
    run = RunFolder(Path(sys.argv[1]))
    settings = Settings.read(run.path)
    _keep_compiled(settings.data)
    clock = SystemClock()
    began_s = clock.monotonic_s()
    county = load_county(settings.county)
    prepared = prepare(county, hour_permille=permille_for(county, clock.now().timestamp(), AHEAD_S))
    leaks = sum(map(len, prepared.leaks.values()))
    log.info("planner.ready leaks=%d took_s=%.1f", leaks, clock.monotonic_s() - began_s)
    outbox = Outbox(outbox_path(settings.data, "planner"), "planner")
    pump = Pump(outbox, settings, run)
    pump.start()
    bus = connect(settings, run)
    try:
        Planner(prepared, bus, outbox, clock).run(ending.is_set)
    finally:
        pump.stop(DRAIN_S)
        outbox.close()
        bus.close()


def _keep_compiled(data: Path) -> None:
    """Have numba keep what it compiles in the data folder where it may not write beside the program."""
    if not os.access(Path(lockdown.__file__).parent, os.W_OK):
        os.environ.setdefault("NUMBA_CACHE_DIR", str(data / "numba"))


if __name__ == "__main__":
    main()
