"""One demo from start to end: wait until all is online, let it run, drain, report."""

import time
from typing import Any

from api.demo.meter import Meter, family
from api.demo.report import cost, make_report, read_truth
from api.demo.score import Score
from api.demo.system import RENDER_S, DemoSystem

LOOK_S = 0.5
MEMORY_LOOK_S = 2.0
ONLINE_LOOK_S = 1.0
LAST_S = 10.0
LEAVES_S = 4.0
"""A vehicle in the picture has left it after this."""

DRAIN_S = 10.0
"""After the input stopped, the pipeline has this long to finish."""

Json = dict[str, Any]


class TimedRun:
    """Runs a started system for a given time and measures it. Everything happens on the caller's thread."""

    def __init__(self, system: DemoSystem) -> None:
        self._system = system
        self._ours = Meter()
        self._simulators = Meter()
        self._online: list[tuple[float, int]] = []
        self._next_s = dict.fromkeys(("cpu", "memory", "online"), 0.0)

    def run(self, for_s: float) -> tuple[Json, Score, list[Json]]:
        """Return report, score and passages of ``for_s`` seconds counted from the moment all devices are online."""
        system = self._system
        system.wait("not all devices came online", self._all_online, RENDER_S)
        start_at, start_s = time.time(), time.monotonic()
        self._ours, self._simulators = Meter(), Meter()
        system.run(lambda: self._look() or time.monotonic() >= start_s + for_s)
        end_at, end_s = time.time(), time.monotonic()
        system.stop_input()
        self._drain()
        # Whoever is in the picture at the end leaves it while the simulator plays on; then his passage is known as his.
        system.run(lambda: time.monotonic() >= end_s + LEAVES_S)
        costs = cost(self._ours, self._simulators, start_s, end_s)
        online = [count for at_s, count in self._online if at_s >= end_s - LAST_S]
        devices = {"devices_total": self._total, "devices_online": min(online, default=0)}
        return make_report(system.get, read_truth(system.truth), (start_at, end_at), devices, costs)

    def _all_online(self) -> bool:
        return self._due("online", ONLINE_LOOK_S) and self._count_online() == self._total

    def _count_online(self) -> int:
        devices = [d for d in self._system.get("/v1/devices")["devices"] if d.get("cause") != "not pulled"]
        self._total = len(devices)
        return sum(device["state"] == "online" for device in devices)

    def _look(self) -> bool:
        """Measure what is due; always false, so that it can stand in a condition."""
        now_s = time.monotonic()
        if self._due("online", ONLINE_LOOK_S):
            self._online.append((now_s, self._count_online()))
        if self._due("cpu", LOOK_S):
            memory = self._due("memory", MEMORY_LOOK_S)
            supervisor = self._system.supervisor
            assert supervisor is not None
            self._ours.look((p for pid in supervisor.pids().values() for p in family(pid)), now_s, memory=memory)
            played = (p for pid in self._system.simulator_pids for p in family(pid))
            self._simulators.look(played, now_s, memory=memory)
        return False

    def _due(self, what: str, every_s: float) -> bool:
        now_s = time.monotonic()
        if now_s < self._next_s[what]:
            return False
        self._next_s[what] = now_s + every_s
        return True

    def _drain(self) -> None:
        """Wait until nothing is received any more, then until all that was received is analysed and stored."""
        system, end_s = self._system, time.monotonic() + DRAIN_S
        system.run(lambda: self._input_ended() or time.monotonic() > end_s - DRAIN_S / 2)
        system.finish_analysis()
        system.run(lambda: self._balanced() or time.monotonic() > end_s)

    def _input_ended(self) -> bool:
        return self._due("online", 0.2) and bool(self._system.get("/v1/counters")["totals"].get("input_ended", 0))

    def _balanced(self) -> bool:
        if not self._due("online", 0.2):
            return False
        totals = self._system.get("/v1/counters")["totals"]
        done = sum(totals.get(f"keyframes_{how}", 0) for how in ("analysed", "superseded", "gated"))
        finished = totals.get("input_used_up", 0) == self._system.options.detectors
        return bool(finished and done == totals.get("keyframes_received", -1))
