"""Many light cameras in a process of their own: ``python -m tests.support.light_cameras COUNT``.

Says its port; then ``down`` resets everything and closes the port, ``up`` opens it again, ``flap A B`` lets the cameras
from A to B vanish, ``cure A B`` brings them back. Each is answered by ``ok``.
"""

import asyncio
import sys

from ingest.simulate.faults import Fault
from ingest.simulate.server import CameraServer
from tests.support.receiving import source
from tests.support.tiny_h264 import encode

FPS = 2.0
"""Light: 363 of them on one core; the simulator begins a connection with a keyframe, so once a second."""


async def serve(count: int) -> None:
    """Serve until the input ends."""
    mounts = dict.fromkeys([f"c{number}" for number in range(count)], source(encode(frames=8, gop=2), FPS))
    server = CameraServer(mounts)
    port = await server.start()
    say(port)
    lines = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    while line := (await lines.readline()).decode().split():
        if line[0] == "down":
            await server.stop()
        elif line[0] == "up":
            server = CameraServer(mounts)  # one that is started again goes on where its pictures were
            await server.start(port)
        else:
            for number in range(int(line[1]), int(line[2])):
                server.set_fault(f"c{number}", Fault.VANISH if line[0] == "flap" else None)
        say("ok")


def say(what: object) -> None:
    """Tell whoever started this."""
    sys.stdout.write(f"{what}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1])))
