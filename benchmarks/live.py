"""What a viewer of live video costs the server: kakou's passthrough beside aiortc's, and beside decode and re-encode.

``python -m benchmarks.live [--seconds 20] [--rounds 3] [--json]``

The ratio is that of processor time a picture sent: on a busy machine the re-encoder sends fewer.

One process writes the same 1080p25 H.264 stream (``benchmarks/receiving/clip.py``) into a ring, one serves it to
viewers, one views it (aiortc's client, which counts pictures and decodes none). Only the serving process is measured,
from the moment all viewers have pictures, all sides on the web process's event loop (uvloop). ``aiortc`` packs and
sends packets from the same ring through ``RTCPeerConnection``;
``reencode`` decodes them and lets aiortc encode anew, as servers do that cannot pass through.
"""

import argparse
import asyncio
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import aioice.ice
import av
from aiortc import MediaStreamTrack, RTCConfiguration, RTCPeerConnection, RTCRtpReceiver, RTCSessionDescription
from aiortc.rtp import RtpPacket
from av.video.codeccontext import VideoCodecContext

from api.access.roles import Caller, Role
from api.settings import Settings
from api.view.whep import Views
from benchmarks.receiving.clip import FPS, clips
from camera_config.clock import SystemClock
from ingest.access_unit import AccessUnit, split
from ingest.codec import Codec
from ingest.loop import new_loop
from ingest.ring import RingReader, RingWriter

SIDES = {"kakou": 1, "kakou-4": 4, "aiortc": 1, "reencode": 1}
"""Each side and its viewers."""

STREAM = "camera"
HZ = 90_000
RING_BYTES = 8 << 20
Figures = dict[str, Any]


def write(rings: Path) -> None:
    """Write the clip into the ring at its own pace, for ever."""
    with av.open(str(clips().main)) as source:
        stream = source.streams.video[0]
        convert = av.BitStreamFilterContext("h264_mp4toannexb", stream)
        units = [
            (split(bytes(out)), out.is_keyframe)
            for packet in source.demux(stream)
            if packet.size
            for out in convert.filter(packet)
        ]
    begun_s, number = time.monotonic(), 0
    with RingWriter(rings / STREAM, RING_BYTES) as ring:
        while True:
            nals, key = units[number % len(units)]
            unit = AccessUnit.of(nals, key, Codec.H264, 1, number * HZ // FPS % (1 << 32), HZ)
            ring.put(unit, at=time.time(), mono_s=time.monotonic(), broken=False, width=1920, height=1080)
            number += 1
            time.sleep(max(0.0, begun_s + number / FPS - time.monotonic()))


class RingTrack(MediaStreamTrack):
    """The ring as aiortc's own sender takes it: packets, or pictures decoded from them."""

    kind = "video"

    def __init__(self, path: Path, decode: bool) -> None:
        super().__init__()
        self._items = self._decoded(path) if decode else self._packets(path)

    async def recv(self) -> Any:
        """Return the next packet or picture."""
        return await anext(self._items)

    async def _packets(self, path: Path) -> AsyncIterator[av.Packet]:
        with RingReader(path) as ring:
            ring.seek_last_key()
            while True:
                for entry in ring.entries():
                    packet = av.Packet(ring.payload(entry) or b"")
                    packet.pts, packet.time_base = entry.rtp_time, Fraction(1, HZ)
                    yield packet
                await asyncio.sleep(0.025)

    async def _decoded(self, path: Path) -> AsyncIterator[av.VideoFrame]:
        codec = VideoCodecContext.create("h264", "r")
        codec.thread_count = 1
        async for packet in self._packets(path):
            for frame in codec.decode(packet):
                yield frame


async def serve(side: str, rings: Path) -> None:
    """Answer offers, one JSON line each; ``{"measure": seconds}`` is answered with what was used meanwhile."""
    views = Views(rings, Settings(rings, rings, live_addresses=("127.0.0.1",)), SystemClock())
    peers: list[RTCPeerConnection] = []

    async def still() -> bool:
        return True

    async def answer(offer: str) -> str:
        if side.startswith("kakou"):
            _, text = await views.open(STREAM, offer, Caller(Role.WALL, "bench", "bench"), still)
            return text
        peer = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        peers.append(peer)
        peer.addTrack(RingTrack(rings / STREAM, decode=side == "reencode"))
        await peer.setRemoteDescription(RTCSessionDescription(offer, "offer"))
        video = peer.getTransceivers()[0]
        found = video.sender.getCapabilities("video").codecs
        video.setCodecPreferences([codec for codec in found if codec.mimeType == "video/H264"])
        await peer.setLocalDescription(await peer.createAnswer())
        return str(peer.localDescription.sdp)

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while line := await reader.readline():
            said = json.loads(line)
            if "measure" in said:
                cpu_s, begun_s = time.process_time(), time.monotonic()
                await asyncio.sleep(said["measure"])
                seconds = time.monotonic() - begun_s
                told = {"cores": round((time.process_time() - cpu_s) / seconds, 4), "rss_mb": _rss_mb()}
            else:
                told = {"sdp": await answer(said["sdp"])}
            writer.write(json.dumps(told).encode() + b"\n")
            await writer.drain()

    server = await asyncio.start_server(talk, "127.0.0.1", 0, limit=1 << 20)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


async def view(port: int, viewers: int, seconds: float) -> None:
    """View, let the server measure itself meanwhile, and print what it said and how many pictures came."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1 << 20)

    async def ask(said: dict[str, Any]) -> dict[str, Any]:
        writer.write(json.dumps(said).encode() + b"\n")
        told: dict[str, Any] = json.loads(await reader.readline())
        return told

    seen: Counter[int] = Counter()

    async def count(receiver: RTCRtpReceiver, packet: RtpPacket, **_: int) -> None:
        seen[id(receiver)] += packet.marker

    RTCRtpReceiver._handle_rtp_packet = count  # type: ignore[method-assign, assignment]
    peers = []
    for _ in range(viewers):
        peer = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        peers.append(peer)
        peer.addTransceiver("video", direction="recvonly")
        await peer.setLocalDescription(await peer.createOffer())
        told = await ask({"sdp": peer.localDescription.sdp})
        await peer.setRemoteDescription(RTCSessionDescription(told["sdp"], "answer"))
    async with asyncio.timeout(30):
        while len(seen) < viewers or min(seen.values()) < FPS:  # noqa: ASYNC110 - counted by aiortc's tasks
            await asyncio.sleep(0.05)
    before = seen.total()
    figures = await ask({"measure": seconds})
    print(json.dumps({**figures, "viewers": viewers, "fps": round((seen.total() - before) / viewers / seconds, 1)}))
    await asyncio.gather(*(peer.close() for peer in peers))


def once(side: str, seconds: float) -> Figures:
    """Measure one side."""
    argv = [sys.executable, "-m", "benchmarks.live"]
    with tempfile.TemporaryDirectory(dir="/dev/shm") as rings:
        writer = subprocess.Popen([*argv, "--write", rings])
        server = subprocess.Popen([*argv, "--serve", side, rings], stdout=subprocess.PIPE, text=True)
        try:
            assert server.stdout is not None
            port = server.stdout.readline().strip()
            while not (Path(rings) / STREAM).exists():
                time.sleep(0.1)
            time.sleep(3.0)
            asked = [*argv, "--view", port, str(SIDES[side]), str(seconds)]
            out = subprocess.run(asked, stdout=subprocess.PIPE, text=True, check=True).stdout
        finally:
            for process in (writer, server):
                process.kill()
                process.wait()
    figures: Figures = json.loads(out.splitlines()[-1])
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", action="store_true", help="last line is everything as JSON")
    parser.add_argument("--write", metavar="RINGS", help=argparse.SUPPRESS)
    parser.add_argument("--serve", nargs=2, help=argparse.SUPPRESS)
    parser.add_argument("--view", nargs=3, help=argparse.SUPPRESS)
    args = parser.parse_args()
    aioice.ice.get_host_addresses = lambda use_ipv4, use_ipv6: ["127.0.0.1"]  # noqa: ARG005
    if args.write:
        write(Path(args.write))
    elif args.serve:
        with asyncio.Runner(loop_factory=new_loop) as runner:
            runner.run(serve(args.serve[0], Path(args.serve[1])))
    elif args.view:
        asyncio.run(view(int(args.view[0]), int(args.view[1]), float(args.view[2])))
    else:
        _compare(args.rounds, args.seconds, args.json)


def _compare(rounds: int, seconds: float, as_json: bool) -> None:
    clips()
    machine = f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    print(f"{machine}, load {os.getloadavg()[0]:.1f}")
    runs: dict[str, list[Figures]] = {side: [] for side in SIDES}
    for _ in range(rounds):
        for side, done in runs.items():
            done.append(once(side, seconds))
    results = {side: _median(done) for side, done in runs.items()}
    base = results["reencode"]["ms_a_picture"]
    columns = ("viewers", "cores", "fps", "ms_a_picture", "rss_mb", "ratio")
    print(f"{'side':10}" + "".join(f"{name:>14}" for name in columns))
    for side, one in results.items():
        one["ratio"] = round(base / one["ms_a_picture"], 1)
        print(f"{side:10}" + "".join(f"{one[name]:>14}" for name in columns))
    if as_json:
        print(json.dumps({"machine": machine, "rounds": rounds, "seconds": seconds, "sides": results}))


def _median(runs: list[Figures]) -> Figures:
    """Return the run with the median cost: processor milliseconds for one picture to one viewer."""
    for run in runs:
        run["ms_a_picture"] = round(1000 * run["cores"] / (run["fps"] * run["viewers"]), 3)
    return sorted(runs, key=lambda run: float(run["ms_a_picture"]))[len(runs) // 2]


def _rss_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return round(pages * os.sysconf("SC_PAGE_SIZE") / 1e6, 1)


if __name__ == "__main__":
    main()
