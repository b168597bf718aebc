"""What runs behind the receiver: ``python -m benchmarks.receiving.behind decode|record RUN STREAMS``, until SIGTERM.

Counting begins anew at SIGUSR1. The last line printed is JSON: what was decoded and how many busy keyframes were
missed, or what was recorded.
"""

import argparse
import json
import signal
import time
import zlib
from collections import defaultdict
from itertools import pairwise
from pathlib import Path
from types import FrameType
from typing import Any

from benchmarks.receiving.clip import FPS, GOP, GOPS, after_busy, clips
from camera_config.clock import SystemClock
from detection.decode import CpuDecoder
from detection.tiles import draw_tile, tile_of
from ingest.record.recorder import Kept, Recorder
from ingest.simulate.clip import read_clip
from ingest.slot import SlotReader

IDLE_S = 0.05
ROUND_S = 0.4
"""As the product's recorder does."""
TAIL_BYTES = 512
GOP_S = GOP / FPS

began = ended = False


def decode(run: Path, streams: int) -> dict[str, Any]:
    """Decode and draw every keyframe that is offered."""
    keys = [unit for unit in read_clip(clips().sub).units if unit.key]
    index_of = {zlib.crc32(unit.slices[-1][-TAIL_BYTES:]): index for index, unit in enumerate(keys)}
    slots = [SlotReader(run / "slots" / f"c{number}") for number in range(streams)]
    decoder = CpuDecoder(smooth=False)
    seen: dict[int, list[tuple[float, int]]] = defaultdict(list)
    decoded = superseded = failed = 0
    counts = False
    while not ended:
        if began and not counts:
            seen.clear()
            decoded = superseded = failed = 0
            counts = True
        busy = False
        for number, slot in enumerate(slots):
            before = slot.cursor
            item = slot.take()
            if item is None:
                continue
            busy = True
            superseded += item.sequence - before - 1
            decoded += 1
            picture = decoder.decode(item.payload, item.codec)
            failed += not draw_tile(tile_of(picture))
            index = index_of.get(zlib.crc32(item.payload[-TAIL_BYTES:]))
            if index is not None:
                seen[number].append((item.mono_s, index))
        if not busy:
            time.sleep(IDLE_S)
    hits, missed, quiet, quiet_seen = recall(seen)
    return {
        "keyframes_decoded": decoded,
        "superseded": superseded,
        "decode_failed": failed,
        "gate_recall": round(hits / max(1, hits + missed), 4),
        "busy_keyframes": hits + missed,
        "quiet_decoded_share": round(quiet_seen / max(1, quiet), 4),
    }


def recall(seen: dict[int, list[tuple[float, int]]]) -> tuple[int, int, int, int]:
    """Return how many keyframes after a busy GOP were seen and missed, and how many others there were and were seen.

    Between two keyframes seen of one camera, those that were not are told by the time that passed.
    """
    hits = missed = quiet = quiet_seen = 0
    for rows in seen.values():
        for (then_s, then), (now_s, now) in pairwise(rows):
            steps = max(1, round((now_s - then_s) / GOP_S))
            skipped = [(then + step) % GOPS for step in range(1, steps)]
            missed += sum(map(after_busy, skipped))
            quiet += sum(not after_busy(index) for index in skipped)
            hits += after_busy(now)
            quiet += not after_busy(now)
            quiet_seen += not after_busy(now)
    return hits, missed, quiet, quiet_seen


def record(run: Path, streams: int, folder: Path, *, always: bool) -> dict[str, Any]:
    """Record the main streams into ``folder``."""
    kept = {f"c{number}": Kept(always=always, days=30) for number in range(streams)}
    recorder = Recorder(folder, run / "rings", kept, 8 * 1024**3, SystemClock())
    while not ended:
        began_s = time.monotonic()
        recorder.round()
        time.sleep(max(0.0, ROUND_S - (time.monotonic() - began_s)))
    status = recorder.status()
    recorder.close()
    return {"recorded_mb": round(status.used_bytes / 1e6, 1), "recorder_behind_s": round(status.behind_s, 2)}


def _begin(_number: int, _frame: FrameType | None) -> None:
    global began  # noqa: PLW0603 - a signal handler has nowhere else to say it
    began = True


def _end(_number: int, _frame: FrameType | None) -> None:
    global ended  # noqa: PLW0603 - a signal handler has nowhere else to say it
    ended = True


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("decode", "record"))
    parser.add_argument("run", type=Path)
    parser.add_argument("streams", type=int)
    parser.add_argument("--folder", type=Path, default=Path())
    parser.add_argument("--always", action="store_true")
    args = parser.parse_args()
    signal.signal(signal.SIGTERM, _end)
    signal.signal(signal.SIGUSR1, _begin)
    done = decode(args.run, args.streams) if args.what == "decode" else None
    print(json.dumps(done or record(args.run, args.streams, args.folder, always=args.always)), flush=True)
