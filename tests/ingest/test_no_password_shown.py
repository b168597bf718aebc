"""A camera's password is in no log, error, repr or traceback, however the camera is lost (facts/reliability S11)."""

import asyncio
import logging
import traceback
from base64 import b64encode
from urllib.parse import quote, quote_plus

import pytest

from camera_config.clock import SystemClock
from camera_config.errors import FeedError
from ingest import second_backend
from ingest.access_unit import ParameterSets
from ingest.auth import Credentials
from ingest.connection import ANSWER_S, Connection
from ingest.rtsp import Target, parse_target
from ingest.second_backend import PyavPull
from tests.support.listening import Ear
from tests.support.scripted_rtsp import Script, ScriptedCamera, media_of
from tests.support.tiny_h264 import encode

PASSWORD = "S3cret!@%/:"
WHO = Credentials("admin", PASSWORD)
CLOCK = SystemClock()
Pull = Connection | PyavPull


def forms() -> set[str]:
    """Every way in which the password may be written, without the padding and edges that depend on what is around."""
    raw = PASSWORD.encode()
    encoded = {b64encode(b"x" * shift + raw).decode()[4 if shift else 0 : -4] for shift in range(3)}
    return {PASSWORD, quote(PASSWORD), quote(PASSWORD, safe=""), quote_plus(PASSWORD), "S3cret", *encoded}


def written(value: object) -> str:
    """Return everything that a log or a debugger would show of ``value``."""
    text = f"{value} {value!r}"
    if isinstance(value, BaseException):
        text += "".join(traceback.format_exception(value)) + repr(value.args) + repr(value.__context__)
        text += repr(getattr(value, "hint", ""))
    return text


def test_the_forms_are_found_where_they_stand() -> None:
    for text in (PASSWORD, quote(PASSWORD, safe=""), b64encode(f"admin:{PASSWORD}".encode()).decode()):
        assert any(form in text for form in forms())


ENDS: dict[str, Script] = {
    "wrong password, digest": Script(auth="digest", password="another"),
    "wrong password, basic": Script(auth="basic", password="another"),
    "unknown sign-in": Script(answers={"DESCRIBE": b"RTSP/1.0 401 No\r\nCSeq: CSEQ\r\nWWW-Authenticate: Ntlm\r\n\r\n"}),
    "silence": Script(answers={"OPTIONS": None, "DESCRIBE": None}),
    "garbage": Script(answers={"OPTIONS": b"\x00\xff" * 500, "DESCRIBE": b"\x00\xff" * 500}),
    "redirect": Script(
        answers={"DESCRIBE": b"RTSP/1.0 302 Moved\r\nCSeq: CSEQ\r\nLocation: rtsp://127.0.0.9/\r\n\r\n"}
    ),
    "closed": Script(media=media_of(encode()), after="close", auth="digest", password=PASSWORD),
    "garbage for video": Script(media=[*media_of(encode()), b"\xff" * 9000], auth="basic", password=PASSWORD),
    "no such stream": Script(answers={"DESCRIBE": b"RTSP/1.0 404 Not Found\r\nCSeq: CSEQ\r\n\r\n"}),
}


async def lost(pull: Pull, ear: Ear) -> FeedError:
    """Run ``pull`` until it ends; a silent camera is waited for by asking later."""
    try:
        await pull.connect(asyncio.get_running_loop())
    except FeedError as error:
        return error
    end = asyncio.ensure_future(ear.fails())
    while not end.done():
        await asyncio.wait([end], timeout=0.3)
        if not pull.bytes:
            pull.tick(CLOCK.monotonic_s() + ANSWER_S)
    return end.result()


@pytest.mark.parametrize("backend", ["ours", "second"])
@pytest.mark.parametrize("end", [*ENDS, "nobody there"])
async def test_however_a_camera_is_lost_its_password_is_not_shown(
    end: str,
    backend: str,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(second_backend, "HANG_S", 0.5)
    caplog.set_level(logging.DEBUG)

    def make(target: Target, ear: Ear) -> Pull:
        if backend == "ours":
            return Connection(target, None, ParameterSets(), ear, CLOCK)
        return PyavPull(target, None, ParameterSets(), ear, CLOCK, udp=False)

    async with ScriptedCamera(ENDS.get(end, Script())) as camera:
        port = camera.port
        if end == "nobody there":
            await camera.vanish()
        target = parse_target(f"rtsp://admin:{quote(PASSWORD, safe='')}@127.0.0.1:{port}/live")
        assert target.credentials == WHO
        ear = Ear()
        pull = make(target, ear)
        error = await lost(pull, ear)
        for head in camera.requests:
            assert PASSWORD not in head
    shown = written(error) + written(pull) + written(target) + written(WHO) + written(ear) + caplog.text
    shown += "".join(capfd.readouterr())
    for form in forms():
        assert form not in shown


@pytest.mark.parametrize(
    "url",
    [
        "http://admin:{}@10.0.0.3/x",
        "rtsp://admin:{}@10.0.0.3:99999/x",
        "rtsp://admin:{}@/x",
        "rtsp://admin:{}@[10.0.0.3/x",
        "rtsp://admin:{}@10.0.0.3/a b",
        "file://admin:{}@10.0.0.3/x",
        f"http://admin:{PASSWORD}@10.0.0.3/x",
        f"rtsp://admin:{PASSWORD}@10.0.0.3/a b",
    ],
)
def test_a_url_that_cannot_be_read_is_not_repeated(url: str) -> None:
    with pytest.raises(ValueError) as caught:
        parse_target(url.format(quote(PASSWORD, safe="")))
    for form in forms():
        assert form not in written(caught.value)
