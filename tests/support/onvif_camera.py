"""A small ONVIF camera on 127.0.0.0/8: WS-Discovery over UDP, SOAP over HTTP, a clock, a digest that is checked."""

import base64
import hashlib
import re
import socket
import threading
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self

SOAP = '<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" xmlns:t="http://x/t"><s:Body>{}</s:Body></s:Envelope>'
DENIED = "<s:Fault><s:Code><s:Subcode><s:Value>ter:NotAuthorized</s:Value></s:Subcode></s:Code></s:Fault>"
MATCH = """<?xml version="1.0"?><e:Envelope xmlns:e="http://www.w3.org/2003/05/soap-envelope"
 xmlns:w="http://schemas.xmlsoap.org/ws/2004/08/addressing" xmlns:d="http://schemas.xmlsoap.org/ws/2005/04/discovery">
<e:Header><w:RelatesTo>{id}</w:RelatesTo></e:Header><e:Body><d:ProbeMatches><d:ProbeMatch>
<d:Scopes>onvif://www.onvif.org/name/East%20Gate onvif://www.onvif.org/hardware/IPC-1</d:Scopes>
<d:XAddrs>{services}</d:XAddrs></d:ProbeMatch></d:ProbeMatches></e:Body></e:Envelope>"""
CREATED_MAY_DIFFER_S = 5.0
MEDIA2 = "http://www.onvif.org/ver20/media/wsdl"
ENCODER1 = ("<t:VideoEncoderConfiguration>", "</t:VideoEncoderConfiguration>")
ENCODER2 = ("<t:Configurations><t:VideoEncoder>", "</t:VideoEncoder></t:Configurations>")


@dataclass
class OnvifCamera:
    """Answers while it is entered.

    ``replies`` are whole HTTP answers (status, headers, body) by request name; ``media2``: it has the second media
    service and not the first, as ONVIF's Profile T allows.
    """

    address: str = "127.0.0.1"
    user: str = "admin"
    password: str = "S3cret!@%"
    clock: timedelta = timedelta()
    streams: Iterable[tuple[str, int, int, str]] = (
        ("H265", 2560, 1440, "rtsp://{address}:554/main"),
        ("H264", 704, 576, "rtsp://{address}:554/sub"),
    )
    services: str = ""
    http_digest: bool = False
    media2: bool = False
    replies: dict[str, tuple[int, dict[str, str], bytes]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def __enter__(self) -> Self:
        camera = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                status, headers, data = camera._answer(body, self.headers.get("Authorization", ""))
                self.send_response(status)
                for name, value in {"Content-Length": str(len(data)), "Connection": "close", **headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002
                pass

        self._http = ThreadingHTTPServer((self.address, 0), Handler)
        self._udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._udp.bind((self.address, 0))
        self.port = self._udp.getsockname()[1]
        self.service = f"http://{self.address}:{self._http.server_port}/onvif/device_service"
        self._threads = [
            threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.02}),
            threading.Thread(target=self._match),
        ]
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.shutdown()
        self._http.server_close()
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"end", (self.address, self.port))
        for thread in self._threads:
            thread.join()
        self._udp.close()

    def _match(self) -> None:
        while True:
            data, sender = self._udp.recvfrom(65_536)
            if data == b"end":
                return
            found = re.search(rb"<w:MessageID>([^<]+)<", data)
            assert found
            assert b"NetworkVideoTransmitter" in data
            answer = MATCH.format(id=found.group(1).decode(), services=self.services or self.service)
            for strange in (
                b"",
                b"<rubbish",
                MATCH.format(id="another question", services="http://127.0.0.9/").encode(),
            ):
                self._udp.sendto(strange, sender)
            self._udp.sendto(answer.encode(), sender)

    def _answer(self, body: str, authorization: str) -> tuple[int, dict[str, str], bytes]:
        found = re.search(r"<s:Body><(\w+)", body)
        assert found
        name = found.group(1)
        self.asked.append(name)
        if name in self.replies:
            return self.replies[name]
        if name != "GetSystemDateAndTime":
            if self.http_digest and not authorization:
                head = 'Digest realm="camera", nonce="abc", qop="auth", algorithm=MD5'
                return 401, {"WWW-Authenticate": head}, b""
            if not (self._may_http(authorization) if self.http_digest else self._may(body)):
                return 400, {}, SOAP.format(DENIED).encode()
        said = getattr(self, f"_{name}")(body)
        return 200, {"Content-Type": "application/soap+xml"}, SOAP.format(said).encode()

    def _may(self, body: str) -> bool:
        parts = {
            key: re.search(rf"<\w+:{key}\b[^>]*>([^<]+)<", body) for key in ("Username", "Password", "Nonce", "Created")
        }
        if not all(parts.values()):
            return False
        user, digest, nonce, created = (found.group(1) for found in parts.values() if found)
        wanted = hashlib.sha1(base64.b64decode(nonce) + created.encode() + self.password.encode()).digest()
        late_s = (datetime.fromisoformat(created) - self._now()).total_seconds()
        return (user, digest) == (self.user, base64.b64encode(wanted).decode()) and abs(late_s) < CREATED_MAY_DIFFER_S

    def _may_http(self, authorization: str) -> bool:
        said = dict(re.findall(r'(\w+)="?([^",]+)"?', authorization))

        def md5(text: str) -> str:
            return hashlib.md5(text.encode()).hexdigest()

        first = md5(f"{self.user}:camera:{self.password}")
        second = md5(f"POST:{said.get('uri')}")
        wanted = md5(f"{first}:abc:{said.get('nc')}:{said.get('cnonce')}:auth:{second}")
        return said.get("response") == wanted

    def _now(self) -> datetime:
        return datetime.now(UTC) + self.clock

    def _GetSystemDateAndTime(self, body: str) -> str:  # noqa: N802
        t = self._now()
        return (
            f"<t:UTCDateTime><t:Time><t:Hour>{t.hour}</t:Hour><t:Minute>{t.minute}</t:Minute><t:Second>{t.second}</t:Second>"
            f"</t:Time><t:Date><t:Year>{t.year}</t:Year><t:Month>{t.month}</t:Month><t:Day>{t.day}</t:Day></t:Date>"
            "</t:UTCDateTime>"
        )

    def _GetDeviceInformation(self, body: str) -> str:  # noqa: N802
        serial = f"SN-{self.address.replace('.', '')}"
        return (
            f"<t:Manufacturer>Maker</t:Manufacturer><t:Model>IPC-1</t:Model><t:SerialNumber>{serial}</t:SerialNumber>"
        )

    def _GetCapabilities(self, body: str) -> str:  # noqa: N802
        media = "" if self.media2 else "<t:Media><t:XAddr>http://192.0.2.7/onvif/media</t:XAddr></t:Media>"
        return f"<t:Capabilities>{media}</t:Capabilities>"

    def _GetServices(self, body: str) -> str:  # noqa: N802
        kinds = ("ver10/device", "ver20/ptz", *(("ver20/media",) if self.media2 else ()))
        return "".join(
            f"<t:Service><t:Namespace>http://www.onvif.org/{kind}/wsdl</t:Namespace>"
            f"<t:XAddr>http://192.0.2.7/onvif/{kind}</t:XAddr></t:Service>"
            for kind in kinds
        )

    def _GetProfiles(self, body: str) -> str:  # noqa: N802
        assert (MEDIA2 in body) == self.media2
        assert not self.media2 or "<Type>VideoEncoder</Type>" in body
        before, after = ENCODER2 if self.media2 else ENCODER1
        return "".join(
            f'<t:Profiles token="p&amp;{n}">{before}<t:Encoding>{codec}</t:Encoding><t:Resolution>'
            f"<t:Width>{width}</t:Width><t:Height>{height}</t:Height></t:Resolution>{after}</t:Profiles>"
            for n, (codec, width, height, _) in enumerate(self.streams)
        )

    def _GetStreamUri(self, body: str) -> str:  # noqa: N802
        assert (MEDIA2 in body, "<StreamSetup>" in body) == (self.media2, not self.media2)
        found = re.search(r"<ProfileToken>p&amp;(\d)<", body)
        assert found
        uri = list(self.streams)[int(found.group(1))][3].format(address=self.address)
        return f"<t:Uri>{uri}</t:Uri>" if self.media2 else f"<t:MediaUri><t:Uri>{uri}</t:Uri></t:MediaUri>"
