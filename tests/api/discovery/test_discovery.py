"""Cameras found on the network: what they say is bounded, judged, and turned into a list. All on 127.0.0.0/8."""

import shutil
import threading
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from api.cli import app
from api.discovery.listing import propose
from api.discovery.onvif import FoundCamera, Profile, ask_all, judged
from api.discovery.probe import Answer, probe, read_answer
from api.discovery.soap import MAX_BYTES, CameraRefuses
from api.discovery.xml import parse
from camera_config.list_changes import standing
from camera_config.secrets import Login
from tests.support.county_files import lighter_county
from tests.support.onvif_camera import MATCH, SOAP, OnvifCamera

LOGIN = Login("admin", "S3cret!@%")
LAUGHS = (
    b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "ha">'
    + b"".join(b'<!ENTITY %c "%s">' % (98 + n, b"&%c;" % (97 + n) * 10) for n in range(9))
    + b"]><x>&j;</x>"
)


async def look(*cameras: OnvifCamera, login: Login | None = LOGIN) -> list[FoundCamera]:
    answers = await probe([(camera.address, camera.port) for camera in cameras], 10.0, multicast=False)
    return await ask_all(answers, login)


async def test_cameras_are_found_and_tell_their_streams() -> None:
    with OnvifCamera() as one, OnvifCamera(address="127.0.0.2") as two:
        first, second = await look(one, two)
    assert (first.address, second.address) == ("127.0.0.1", "127.0.0.2")
    assert (first.name, first.maker, first.model, first.serial) == ("East Gate", "Maker", "IPC-1", "SN-127001")
    assert first.main == Profile("H265", 2560, 1440, "rtsp://127.0.0.1:554/main")
    assert first.sub == Profile("H264", 704, 576, "rtsp://127.0.0.1:554/sub")
    assert first.remarks == ()


@pytest.mark.parametrize("refusing", [False, True])
async def test_a_camera_that_has_only_the_second_media_service_tells_its_streams_by_that(refusing: bool) -> None:
    fault = (500, {}, SOAP.format("<s:Fault><s:Text>ActionNotSupported</s:Text></s:Fault>").encode())
    with OnvifCamera(media2=True, replies={"GetCapabilities": fault} if refusing else {}) as camera:
        (found,) = await look(camera)
    assert found.remarks == ()
    assert found.main == Profile("H265", 2560, 1440, "rtsp://127.0.0.1:554/main")
    assert found.sub == Profile("H264", 704, 576, "rtsp://127.0.0.1:554/sub")


async def test_a_camera_without_any_media_service_is_told_as_that() -> None:
    nothing = (200, {}, SOAP.format("<t:Services/>").encode())
    with OnvifCamera(media2=True, replies={"GetServices": nothing}) as camera:
        (found,) = await look(camera)
    assert found.remarks == ("it names no media service",)


async def test_without_multicast_and_hosts_nobody_is_asked() -> None:
    before = threading.active_count()
    assert await probe([], 0.2, multicast=False) == []
    assert threading.active_count() == before


@pytest.mark.parametrize("hours", [-9, 5])
async def test_a_camera_whose_clock_is_off_still_takes_our_digest(hours: int) -> None:
    with OnvifCamera(clock=timedelta(hours=hours)) as camera:
        (found,) = await look(camera)
    assert found.main is not None
    assert found.clock_offset_s == pytest.approx(hours * 3600, abs=3)


async def test_a_camera_that_asks_for_http_digest_gets_one() -> None:
    with OnvifCamera(http_digest=True) as camera:
        (found,) = await look(camera)
    assert found.main is not None


@pytest.mark.parametrize("login", [None, Login("admin", "wrong")])
async def test_a_wrong_password_is_tried_once_and_told(login: Login | None) -> None:
    with OnvifCamera() as camera:
        (found,) = await look(camera, login=login)
        assert camera.asked == ["GetSystemDateAndTime", "GetDeviceInformation"]
    assert found.profiles == ()
    assert found.remarks == ("it asks for user and password, or refuses them",)


@pytest.mark.parametrize(
    ("uri", "said"),
    [
        ("file:///etc/passwd", "is file:, refused"),
        ("http://127.0.0.1/x", "is http:, refused"),
        ("rtsp://10.0.0.9/1", "on another host"),
        ("rtsp://127.0.0.1.example.com/1", "on another host"),
        ("rtsp://0.0.0.0/1", "on another host"),
        ("rtsp://a:b/c@127.0.0.1/", "cannot be read"),
        ("", "is nothing:, refused"),
    ],
)
async def test_a_stream_that_is_not_the_camera_s_own_rtsp_is_shown_as_refused(uri: str, said: str) -> None:
    with OnvifCamera(streams=[("H264", 1920, 1080, uri), ("H264", 640, 360, "rtsp://{address}/2")]) as camera:
        (found,) = await look(camera)
    (remark,) = found.remarks
    assert remark.startswith("1920x1080: ")
    assert said in remark
    assert [profile.width for profile in found.profiles] == [640]


def test_a_password_that_a_camera_puts_into_its_address_is_left_out() -> None:
    assert judged("rtsp://admin:hunter2@127.0.0.1/1", "127.0.0.1") == "rtsp://127.0.0.1/1"
    with pytest.raises(CameraRefuses) as caught:
        judged("rtsp://admin:hunter2@10.0.0.1/1", "127.0.0.1")
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        ((200, {}, LAUGHS), "no SOAP"),
        ((200, {}, b"<x>" * 5000), "no SOAP"),
        ((200, {}, b"a" * (MAX_BYTES + 70_000)), "larger than 1 MiB"),
        ((302, {"Location": "http://127.0.0.3:1/"}, b""), "another address"),
        ((200, {"Content-Length": "100000"}, b"less"), "no answer"),
        ((500, {}, b"<s:Fault xmlns:s='x'><s:Text>\x1b]0;no</s:Text></s:Fault>"), "no SOAP"),
        ((500, {}, b"<s:Fault xmlns:s='x'><s:Text>too busy</s:Text></s:Fault>"), "a fault: too busy"),
    ],
)
async def test_a_hostile_answer_stays_with_its_camera(
    reply: tuple[int, dict[str, str], bytes], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.discovery.soap.ANSWER_S", 1.5)
    with OnvifCamera(replies={"GetDeviceInformation": reply}) as bad, OnvifCamera(address="127.0.0.2") as good:
        first, second = await look(bad, good)
    assert said in first.remarks[0]
    assert second.main is not None


def test_an_answer_counts_only_for_our_question_and_its_own_address() -> None:
    answer = MATCH.format(id="urn:uuid:q", services="http://10.9.9.9/x file:///etc http://127.0.0.5:8000/d")
    assert read_answer(answer.encode(), "127.0.0.5", "q") == Answer(
        "127.0.0.5", "http://127.0.0.5:8000/d", "East Gate", "IPC-1"
    )
    assert read_answer(answer.encode(), "127.0.0.5", "other") is None
    foreign = read_answer(answer.encode(), "127.0.0.6", "q")
    assert foreign is not None
    assert foreign.service == ""


@pytest.mark.parametrize("data", [b"", b"\xff", LAUGHS, b'<!DOCTYPE x SYSTEM "file:///etc/passwd"><x/>', b"<a>" * 99])
def test_xml_with_entities_or_none_is_nothing(data: bytes) -> None:
    assert parse(data) is None


async def test_a_camera_that_names_a_service_elsewhere_is_not_asked_there() -> None:
    with OnvifCamera(address="127.0.0.2") as victim, OnvifCamera(services=victim.service) as camera:
        (found,) = await look(camera)
        assert victim.asked == []
    assert found.remarks == ("it names no service at its own address",)


def test_ids_are_proposed_once_and_known_cameras_keep_theirs(tmp_path: Path) -> None:
    county = standing(lighter_county(tmp_path / "county", cameras=2)).records
    first = county["cam-001"].model_copy(update={"url": "rtsp://10.1.1.1/1"})
    main = Profile("H264", 1920, 1080, "rtsp://10.1.1.1/1")
    found = [
        FoundCamera("10.1.1.1", "x", profiles=(main,)),
        FoundCamera("10.1.1.2", "x", serial="SN 1"),
        FoundCamera("10.1.1.3", "x", serial="sn-1"),
        FoundCamera("10.1.1.4", "x"),
    ]
    made = propose(found, {**county, "cam-001": first})
    assert [(p.id, p.known is None, p.changed) for p in made] == [
        ("cam-001", False, False),
        ("cam-sn1", True, False),
        ("cam-sn1-2", True, False),
        ("cam-10-1-1-4", True, False),
    ]
    assert propose(found[:1], county)[0].id == "cam-10-1-1-1"


def test_what_was_discovered_can_be_completed_and_imported(tmp_path: Path) -> None:
    county = lighter_county(tmp_path / "county", cameras=5)
    out = tmp_path / "found.csv"
    with ExitStack() as stack:
        cameras = [stack.enter_context(OnvifCamera(address=f"127.0.0.{n}")) for n in (1, 2)]
        hosts = [part for camera in cameras for part in ("--host", f"{camera.address}:{camera.port}")]
        args = ["cameras", "discover", *hosts, "--seconds", "10", "--user", "admin", "--county", str(county)]
        done = CliRunner().invoke(app, [*args, "--out", str(out)], input="S3cret!@%\n", env={"COLUMNS": "200"})
    assert done.exit_code == 0, done.output
    for part in (
        "2 cameras answered, 2 are new",
        "2560x1440 H265",
        "704x576 H264",
        "cam-sn127001",
        "kakou secrets set",
    ):
        assert part in done.output
    assert "S3cret" not in done.output + out.read_text("utf-8")
    importing = ["cameras", "import", str(out), "--county", str(county), "--keep-others", "--apply"]
    missing = CliRunner().invoke(app, importing, env={"COLUMNS": "200"})
    assert missing.exit_code == 1
    for column in ("C gb_code", "D lat", "E lon", "G township", "I place_type"):
        assert f"found.csv row 2: column {column}: missing key" in missing.output
    place = "42.6816655,125.4971283,10,dongfeng,street,road,public-security,days-30"
    text = out.read_text("utf-8-sig")
    for number in (1, 2):
        text = text.replace("East Gate,,,,,,,,,,", f"新点{number},2204210000132000090{number},{place},", 1)
    out.write_text(text, encoding="utf-8")
    applied = CliRunner().invoke(app, importing, env={"COLUMNS": "200"})
    assert applied.exit_code == 0, applied.output
    assert "2 added, 0 changed, 0 removed, 5 unchanged" in applied.output
    assert standing(county).records["cam-sn127002"].sub_url == "rtsp://127.0.0.2:554/sub"


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("--host", "127.0.0.0/21"), "/22 or less"),
        (("--host", "camera.example"), "no IPv4 address"),
        (("--interface", "eth0"), "ip -4 address"),
        (("--host", "127.0.0.1:1", "--seconds", "0.2"), "ONVIF switched on"),
    ],
)
def test_what_cannot_be_asked_is_told_with_the_next_step(args: tuple[str, ...], said: str) -> None:
    done = CliRunner().invoke(app, ["cameras", "discover", *args], env={"COLUMNS": "300"})
    assert done.exit_code != 0
    assert said in " ".join(done.output.split())


def test_the_county_stays_as_it_is(tmp_path: Path) -> None:
    county = lighter_county(tmp_path / "county", cameras=5)
    before = shutil.copytree(county, tmp_path / "before")
    with OnvifCamera() as camera:
        args = ["cameras", "discover", "--host", f"127.0.0.1:{camera.port}", "--county", str(county)]
        assert CliRunner().invoke(app, args).exit_code == 0
    assert all((before / file.name).read_bytes() == file.read_bytes() for file in county.iterdir())
