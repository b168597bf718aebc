"""What the ingest process runs on its event loop also runs on that one, whose transports are a kind of their own."""

import asyncio

from ingest.loop import new_loop
from ingest.relay import HOST, Relay
from ingest.rtsp import parse_target
from ingest.tls import TlsPolicy


def test_a_relay_passes_on_what_comes_on_either_side() -> None:
    async def talk() -> tuple[bytes, bytes]:
        heard = asyncio.get_running_loop().create_future()

        async def camera(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            heard.set_result(await reader.readexactly(4))
            writer.write(b"answer")
            await reader.read()
            writer.close()

        server = await asyncio.start_server(camera, HOST, 0)
        port = server.sockets[0].getsockname()[1]
        relay = Relay()
        await relay.open(asyncio.get_running_loop(), parse_target(f"rtsp://{HOST}:{port}/x"), TlsPolicy(), None)
        reader, writer = await asyncio.open_connection(HOST, relay.port)
        writer.write(b"asks")
        answer = await asyncio.wait_for(reader.readexactly(6), 10.0)
        writer.close()
        relay.close()
        server.close()
        return await heard, answer

    with asyncio.Runner(loop_factory=new_loop) as runner:
        assert runner.run(talk()) == (b"asks", b"answer")
