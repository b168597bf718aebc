"""Small clips and plain clients for the camera simulator's tests."""

import re
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import av
import numpy as np
import pytest
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from ingest.auth import Challenge, Credentials, authorization, choose_challenge
from ingest.simulate.clip import read_clip
from ingest.simulate.source import PackedClip


def write_clip(path: Path, *, frames: int, fps: int, key_every: int, noisy: bool = False) -> None:
    """Write a clip of ``frames`` pictures, every one different."""
    rng = np.random.default_rng(7)
    with av.open(str(path), "w") as sink:
        stream = sink.add_stream("libx264", rate=fps)
        assert isinstance(stream, VideoStream)
        stream.width, stream.height, stream.pix_fmt = 320, 192, "yuv420p"
        stream.options = {
            "preset": "ultrafast",
            "x264-params": f"keyint={key_every}:min-keyint={key_every}:scenecut=0:bframes=0",
        }
        for number in range(frames):
            image = np.full((192, 320, 3), 60, np.uint8)
            if noisy:
                image = rng.integers(0, 255, image.shape).astype(np.uint8)
            else:
                image[40:140, 3 * number % 280 : 3 * number % 280 + 40] = (number * 5 % 255, 200, 90)
            sink.mux(stream.encode(VideoFrame.from_ndarray(image, format="bgr24")))
        sink.mux(stream.encode(None))


@pytest.fixture(scope="session")
def clip_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One second at 50 frames a second, noisy so that pictures take many packets, keyframe every 5."""
    path = tmp_path_factory.mktemp("clip") / "noisy.mp4"
    write_clip(path, frames=50, fps=50, key_every=5, noisy=True)
    return path


@pytest.fixture(scope="session")
def clip(clip_file: Path) -> PackedClip:
    return PackedClip.of(read_clip(clip_file))


class RtspTalk:
    """A socket that asks one thing after the other."""

    def __init__(self, port: int) -> None:
        self.sock = socket.create_connection(("127.0.0.1", port), timeout=5)
        self.port = port
        self.count = 0

    def ask(self, method: str, path: str, *headers: str) -> tuple[int, str]:
        """Return status and whole answer; status 0 if the server hung up."""
        self.count += 1
        lines = [f"{method} rtsp://127.0.0.1:{self.port}/{path} RTSP/1.0", f"CSeq: {self.count}", *headers]
        self.sock.sendall(("\r\n".join(lines) + "\r\n\r\n").encode("latin-1"))
        data = b""
        try:
            while b"\r\n\r\n" not in data:
                more = self.sock.recv(65536)
                if not more:
                    return 0, ""
                data += more
            length = re.search(rb"Content-Length: (\d+)", data)
            while length and len(data) < data.index(b"\r\n\r\n") + 4 + int(length[1]):
                data += self.sock.recv(65536)
        except ConnectionResetError:
            return 0, "reset"
        text = data.decode("latin-1")
        status = re.match(r"RTSP/1\.0 (\d+)", text)
        return (int(status[1]) if status else -1), text

    def play(self, mount: str) -> None:
        assert self.ask("DESCRIBE", mount)[0] == 200
        assert self.ask("SETUP", f"{mount}/track0", "Transport: RTP/AVP/TCP;unicast;interleaved=0-1")[0] == 200
        assert self.ask("PLAY", mount)[0] == 200

    def silent(self, seconds: float) -> bool:
        """Return whether nothing at all comes for so long on an open connection."""
        self.sock.settimeout(seconds)
        try:
            return self.sock.recv(65536) == b"never"
        except TimeoutError:
            return True

    def hung_up(self) -> bool:
        """Read until the server closes or resets; False if it goes on for a hundred reads."""
        try:
            return any(self.sock.recv(1 << 20) == b"" for _ in range(100))
        except ConnectionResetError:
            return True


class SignedTalk(RtspTalk):
    """Answers challenges as our client does; ``asked`` are the challenges that came."""

    def __init__(self, port: int, who: Credentials) -> None:
        super().__init__(port)
        self.who, self.used = who, 0
        self.challenge: Challenge | None = None
        self.asked: list[str] = []

    def ask(self, method: str, path: str, *headers: str) -> tuple[int, str]:
        for _ in range(2):
            signed = []
            if self.challenge is not None:
                self.used += 1
                url = f"rtsp://127.0.0.1:{self.port}/{path}"
                signed = [f"Authorization: {authorization(self.challenge, self.who, method, url, self.used)}"]
            status, text = super().ask(method, path, *signed, *headers)
            if status != 401:
                break
            line = next(line for line in text.split("\r\n") if line.startswith("WWW-Authenticate: "))
            self.asked.append(line.partition(": ")[2])
            self.challenge, self.used = choose_challenge([self.asked[-1]]), 0
        return status, text


@pytest.fixture
def talk() -> Iterator[Callable[[int], RtspTalk]]:
    """Open plain RTSP connections; all are closed at the end."""
    made: list[RtspTalk] = []

    def connect(port: int) -> RtspTalk:
        made.append(RtspTalk(port))
        return made[-1]

    yield connect
    for each in made:
        each.sock.close()


@contextmanager
def opened(url: str) -> Iterator[av.container.InputContainer]:
    """Open a stream as a viewer does."""
    with av.open(url, options={"rtsp_transport": "tcp", "analyzeduration": "200000"}, timeout=(5, 5)) as container:
        yield container
