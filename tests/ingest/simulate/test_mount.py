"""Mounts with manners of their own: sign-in and sub-streams."""

from itertools import islice

import av
import numpy as np
import pytest

from ingest.auth import Credentials, authorization, choose_challenge
from ingest.codec import Codec
from ingest.simulate.mount import Mount
from ingest.simulate.pictures import sub_clip
from ingest.simulate.server import CameraServer, CameraServerThread
from ingest.simulate.source import LoopSource, PackedClip
from tests.ingest.simulate.conftest import RtspTalk, opened
from tests.ingest.simulate.pictures import moving, street

GUARD = Credentials("guard", "a b:c@d")


@pytest.fixture(scope="module")
def packed() -> PackedClip:
    return PackedClip.of(moving())


class SignedTalk(RtspTalk):
    """Answers challenges as our client does; ``asked`` are the challenges that came."""

    def __init__(self, port: int, who: Credentials) -> None:
        super().__init__(port)
        self.who, self.challenge, self.used, self.asked = who, None, 0, []

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


@pytest.mark.parametrize("kind", ["digest-md5", "digest-sha256", "basic"])
def test_only_the_right_password_opens_the_door(packed: PackedClip, kind):
    with CameraServerThread(CameraServer({"cam-1": Mount(LoopSource(packed), GUARD, kind)})) as cameras:
        line = SignedTalk(cameras.port, GUARD)
        assert line.ask("OPTIONS", "cam-1")[0] == 200
        line.play("cam-1")
        assert len(line.asked) == 1
        assert line.asked[0].startswith("Basic" if kind == "basic" else "Digest")
        assert ("SHA-256" in line.asked[0]) == (kind == "digest-sha256")
        assert line.sock.recv(1) == b"$"
        for wrong in (Credentials("guard", "a b:c@e"), Credentials("other", "a b:c@d")):
            assert SignedTalk(cameras.port, wrong).ask("DESCRIBE", "cam-1")[0] == 401


@pytest.mark.parametrize("kind", ["digest-md5", "basic"])
def test_a_viewer_with_the_password_sees_pictures_and_others_do_not(packed: PackedClip, kind):
    with CameraServerThread(CameraServer({"cam-1": Mount(LoopSource(packed), GUARD, kind)})) as cameras:
        url = cameras.url("cam-1").replace("rtsp://", "rtsp://guard:a%20b%3Ac%40d@")
        with opened(url) as stream:
            assert next(stream.decode(video=0)).width == 320
        with pytest.raises(av.HTTPUnauthorizedError), opened(cameras.url("cam-1")):
            pass


def test_an_old_challenge_is_told_as_stale_and_not_as_a_wrong_password(packed: PackedClip):
    server = CameraServer({"cam-1": Mount(LoopSource(packed), GUARD)}, nonce_s=0.0)
    with CameraServerThread(server) as cameras:
        assert SignedTalk(cameras.port, GUARD).ask("DESCRIBE", "cam-1")[0] == 401
        line = SignedTalk(cameras.port, GUARD)
        line.ask("DESCRIBE", "cam-1")
        assert ["stale=true" in text for text in line.asked] == [False, True]
        wrong = SignedTalk(cameras.port, Credentials("guard", "guess"))
        wrong.ask("DESCRIBE", "cam-1")
        assert ["stale=true" in text for text in wrong.asked] == [False, False]


def test_an_overheard_answer_opens_nothing(packed: PackedClip):
    with CameraServerThread(CameraServer({"cam-1": Mount(LoopSource(packed), GUARD)})) as cameras:
        line = SignedTalk(cameras.port, GUARD)
        assert line.ask("DESCRIBE", "cam-1")[0] == 200
        url = f"rtsp://127.0.0.1:{cameras.port}/cam-1"
        said = f"Authorization: {authorization(line.challenge, GUARD, 'DESCRIBE', url, 2)}"
        plain = RtspTalk(cameras.port)
        assert plain.ask("SETUP", "cam-1", said)[0] == 401, "another method"
        assert plain.ask("DESCRIBE", "cam-1", said)[0] == 200
        assert plain.ask("DESCRIBE", "cam-1", said)[0] == 401, "the same count again"
        assert plain.ask("DESCRIBE", "cam-1", said.replace("guard", "other"))[0] == 401


def test_the_password_is_in_no_representation(packed: PackedClip):
    assert GUARD.password not in repr(Mount(LoopSource(packed), GUARD))


@pytest.mark.parametrize("codec", list(Codec))
def test_a_sub_stream_shows_the_same_street_smaller_and_slower(codec: Codec):
    main = PackedClip.of(moving(codec))
    sub = sub_clip(main, 160, 96, every=2)
    assert (sub.codec, sub.fps, len(sub.frames)) == (codec, 12.5, 20)
    mount = Mount(LoopSource(main), GUARD, sub=LoopSource(sub))
    with CameraServerThread(CameraServer({"cam-1": mount})) as cameras:
        assert cameras.server.mounts == ["cam-1", "cam-1/sub"]
        assert RtspTalk(cameras.port).ask("DESCRIBE", "cam-1/sub")[0] == 401, "the same manners"
        url = cameras.url("cam-1/sub").replace("rtsp://", "rtsp://guard:a%20b%3Ac%40d@")
        with opened(url) as stream:
            seen = [frame.to_ndarray(format="bgr24") for frame in islice(stream.decode(video=0), 8)]
    assert seen[0].shape == (96, 160, 3)
    drawn = [picture[1::2, 1::2].astype(int) for picture in street(40)]
    places = [min(range(40), key=lambda n: np.abs(drawn[n] - picture).mean()) for picture in seen]
    assert places == [(places[0] + 2 * number) % 40 for number in range(8)]
