"""What one ONVIF camera is and sends: clock, maker, profiles, stream addresses, each judged before it is believed."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit, urlunsplit
from xml.etree.ElementTree import Element
from xml.sax.saxutils import escape

import httpx

from api.discovery.probe import Answer
from api.discovery.soap import CameraRefuses, SoapClient
from api.discovery.xml import local, text_of
from camera_config.camera_list import without_login
from camera_config.secrets import Login

AT_ONCE = 16
CAMERA_S = 20.0
MAX_PROFILES = 8
SMALLEST_SUB_PX = 320
"""A narrower sub-stream shows too little to find a person in."""

_DEVICE = 'xmlns="http://www.onvif.org/ver10/device/wsdl"'


@dataclass(frozen=True, slots=True)
class _Media:
    """How one version of the media service is spoken to: what is asked, and where in a profile its encoder stands."""

    namespace: str
    profiles: str
    encoder: str
    stream: str


_MEDIA1 = _Media(
    "http://www.onvif.org/ver10/media/wsdl",
    "",
    "VideoEncoderConfiguration",
    '<StreamSetup><Stream xmlns="http://www.onvif.org/ver10/schema">RTP-Unicast</Stream>'
    '<Transport xmlns="http://www.onvif.org/ver10/schema"><Protocol>RTSP</Protocol></Transport></StreamSetup>',
)
_MEDIA2 = _Media(
    "http://www.onvif.org/ver20/media/wsdl", "<Type>VideoEncoder</Type>", "VideoEncoder", "<Protocol>RTSP</Protocol>"
)


@dataclass(frozen=True, slots=True)
class Profile:
    """A stream that the camera offers; ``codec`` as it says: H264, H265, JPEG."""

    codec: str
    width: int
    height: int
    url: str


@dataclass(frozen=True, slots=True)
class FoundCamera:
    """A camera and what it told; ``remarks`` say what is missing or was refused, for a person."""

    address: str
    name: str
    maker: str = ""
    model: str = ""
    serial: str = ""
    clock_offset_s: float | None = None
    profiles: tuple[Profile, ...] = ()
    remarks: tuple[str, ...] = ()

    @property
    def main(self) -> Profile | None:
        """Return the largest stream."""
        return max(self.profiles, key=lambda one: one.width * one.height, default=None)

    @property
    def sub(self) -> Profile | None:
        """Return the smallest of at most half the pixels that is still wide enough; None where there is none."""
        main = self.main
        fitting = [
            one
            for one in self.profiles
            if main and 2 * one.width * one.height <= main.width * main.height and one.width >= SMALLEST_SUB_PX
        ]
        return min(fitting, key=lambda one: one.width * one.height, default=None)


async def ask_all(answers: Sequence[Answer], login: Login | None) -> list[FoundCamera]:
    """Ask each camera, a few at once; a camera takes ``CAMERA_S`` at most and its failure stays with it."""
    gate = asyncio.Semaphore(AT_ONCE)
    # Cameras sign their certificates themselves; no password crosses this connection, only digests.
    async with httpx.AsyncClient(trust_env=False, follow_redirects=False, verify=False) as client:  # noqa: S501

        async def one(answer: Answer) -> FoundCamera:
            async with gate:
                return await ask(answer, SoapClient(client, login))

        return list(await asyncio.gather(*(one(answer) for answer in answers)))


async def ask(answer: Answer, soap: SoapClient) -> FoundCamera:
    """Return what the camera says; what it does not say, or says wrongly, is a remark."""
    told = _Told()
    try:
        if not answer.service:
            raise CameraRefuses("it names no service at its own address")
        async with asyncio.timeout(CAMERA_S):
            await _interview(answer.service, answer.address, soap, told)
    except CameraRefuses as refusal:
        told.remarks.append(str(refusal))
    except TimeoutError:
        told.remarks.append("it takes too long to answer")
    return FoundCamera(
        answer.address, answer.name or answer.hardware, told.maker, told.model, told.serial, told.offset_s,
        tuple(told.profiles), tuple(told.remarks),
    )  # fmt: skip


class _Told:
    """What was learned until the interview ended, however it ended."""

    def __init__(self) -> None:
        self.maker = self.model = self.serial = ""
        self.offset_s: float | None = None
        self.profiles: list[Profile] = []
        self.remarks: list[str] = []


async def _interview(service: str, address: str, soap: SoapClient, told: _Told) -> None:
    clock = await soap.ask(service, f"<GetSystemDateAndTime {_DEVICE}/>", signed=False)
    there = _utc(clock)
    if there is not None:
        soap.offset = there - datetime.now(UTC)
        told.offset_s = round(soap.offset.total_seconds(), 1)
    info = await soap.ask(service, f"<GetDeviceInformation {_DEVICE}/>")
    told.maker, told.model, told.serial = (text_of(info, key)[:80] for key in ("Manufacturer", "Model", "SerialNumber"))
    media, where = await _media_of(service, soap)
    asked = f'<GetProfiles xmlns="{media.namespace}">{media.profiles}</GetProfiles>'
    profiles = [one for one in (await soap.ask(where, asked)).iter() if local(one) == "Profiles"]
    if not profiles:
        raise CameraRefuses("it offers no profile")
    for profile in profiles[:MAX_PROFILES]:
        await _add_stream(profile, media, where, address, soap, told)


async def _media_of(service: str, soap: SoapClient) -> tuple[_Media, str]:
    """Return the media service that the camera has, and its address: the second only where it has no first."""
    try:
        known = await soap.ask(service, f"<GetCapabilities {_DEVICE}><Category>Media</Category></GetCapabilities>")
    except CameraRefuses as refusal:
        without = refusal
    else:
        if named := text_of(known, "Media", "XAddr"):
            return _MEDIA1, _at_same_host(named, service)
        without = CameraRefuses("it names no media service")
    asked = f"<GetServices {_DEVICE}><IncludeCapability>false</IncludeCapability></GetServices>"
    for one in (await soap.ask(service, asked)).iter():
        if local(one) == "Service" and text_of(one, "Namespace") == _MEDIA2.namespace:
            return _MEDIA2, _at_same_host(text_of(one, "XAddr"), service)
    raise without


async def _add_stream(profile: Element, media: _Media, where: str, address: str, soap: SoapClient, told: _Told) -> None:
    codec = text_of(profile, media.encoder, "Encoding").upper()[:8]
    width, height = (_number(text_of(profile, media.encoder, "Resolution", key)) for key in ("Width", "Height"))
    if codec not in ("H264", "H265") or not width or not height:
        return
    token = escape(profile.get("token", "")[:64])
    asked = f'<GetStreamUri xmlns="{media.namespace}">{media.stream}<ProfileToken>{token}</ProfileToken></GetStreamUri>'
    try:
        url = judged(text_of(await soap.ask(where, asked), "Uri"), address)
    except CameraRefuses as refusal:
        told.remarks.append(f"{width}x{height}: {refusal}")
    else:
        told.profiles.append(Profile(codec, width, height, url))


def judged(uri: str, address: str) -> str:
    """Return a stream's address without user and password.

    Raises:
        CameraRefuses: it is not RTSP on the camera's own address; the address itself is not repeated.
    """
    try:
        url, _ = without_login(uri)
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        raise CameraRefuses("its stream's address cannot be read") from None
    if parts.scheme not in ("rtsp", "rtsps"):
        raise CameraRefuses(f"its stream is {parts.scheme[:8] or 'nothing'}:, refused: only rtsp and rtsps are read")
    if host != address:
        raise CameraRefuses("its stream is on another host, refused")
    return url


def _at_same_host(named: str, service: str) -> str:
    """Return the service that was named, at the host and port that answered: cameras behind a router name others."""
    there, here = urlsplit(named), urlsplit(service)
    return urlunsplit((here.scheme, here.netloc, there.path or here.path, there.query, ""))


def _utc(clock: Element) -> datetime | None:
    numbers = [
        _number(text_of(clock, "UTCDateTime", group, key))
        for group, key in (
            ("Date", "Year"), ("Date", "Month"), ("Date", "Day"),
            ("Time", "Hour"), ("Time", "Minute"), ("Time", "Second"),
        )
    ]  # fmt: skip
    try:
        year, month, day, hour, minute, second = (int(number) for number in numbers)
        made = datetime(year, month, day, hour, minute, min(second, 59), tzinfo=UTC)
    except ValueError:
        return None
    # A clock decades off would put the offset beyond what dates can hold.
    return made if abs(made - datetime.now(UTC)) < timedelta(days=365 * 100) else None


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 5 else 0
