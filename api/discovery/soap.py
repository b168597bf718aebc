"""SOAP to one camera: WS-UsernameToken digest by the camera's own clock, answers bounded, no redirect followed."""

import asyncio
import base64
import hashlib
import os
from datetime import UTC, datetime, timedelta
from xml.etree.ElementTree import Element
from xml.sax.saxutils import escape

import httpx

from api.discovery.xml import find, parse, text_of
from camera_config.secrets import Login

MAX_BYTES = 2**20
ANSWER_S = 6.0

_SECURITY = (
    '<s:Header><w:Security xmlns:w="http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd">'
    "<w:UsernameToken><w:Username>{user}</w:Username>"
    '<w:Password Type="http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-username-token-profile-1.0#PasswordDigest">'
    "{digest}</w:Password><w:Nonce>{nonce}</w:Nonce>"
    '<u:Created xmlns:u="http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd">'
    "{created}</u:Created></w:UsernameToken></w:Security></s:Header>"
)


class CameraRefuses(Exception):
    """The camera gave no usable answer; the text says why, in words for a person."""


class SoapClient:
    """One camera's services. ``offset`` is its clock minus ours: digests are made by its clock."""

    def __init__(self, client: httpx.AsyncClient, login: Login | None) -> None:
        self._client, self._login = client, login
        self.offset = timedelta()

    async def ask(self, url: str, body: str, *, signed: bool = True) -> Element:
        """Return the body of the answer.

        Raises:
            CameraRefuses: no answer in time, a fault, a redirect, or an answer too large or not XML.
        """
        login = self._login if signed else None
        envelope = (
            '<?xml version="1.0" encoding="UTF-8"?><s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope">'
            f"{self._token(login) if login else ''}<s:Body>{body}</s:Body></s:Envelope>"
        )
        # Some cameras ask for HTTP digest instead; httpx gives a digest when asked for one, never the password.
        auth = httpx.DigestAuth(login.user, login.password) if login else None
        try:
            async with asyncio.timeout(ANSWER_S):
                status, data = await self._send(url, envelope.encode(), auth)
        except TimeoutError:
            raise CameraRefuses("no answer in time") from None
        except (httpx.HTTPError, httpx.InvalidURL, ValueError, OSError):
            raise CameraRefuses("no answer over HTTP") from None
        return _body(status, data)

    async def _send(self, url: str, content: bytes, auth: httpx.DigestAuth | None) -> tuple[int, bytes]:
        headers = {"Content-Type": "application/soap+xml; charset=utf-8", "Accept-Encoding": "identity"}
        async with self._client.stream("POST", url, content=content, headers=headers, auth=auth) as answer:
            data = bytearray()
            async for piece in answer.aiter_raw():
                data += piece
                if len(data) > MAX_BYTES:
                    raise CameraRefuses("its answer is larger than 1 MiB")
            return answer.status_code, bytes(data)

    def _token(self, login: Login) -> str:
        nonce = os.urandom(16)
        created = (datetime.now(UTC) + self.offset).strftime("%Y-%m-%dT%H:%M:%S.000Z")
        digest = hashlib.sha1(nonce + created.encode() + login.password.encode(), usedforsecurity=False).digest()
        return _SECURITY.format(
            user=escape(login.user), digest=base64.b64encode(digest).decode(), nonce=base64.b64encode(nonce).decode(),
            created=created,
        )  # fmt: skip


def _body(status: int, data: bytes) -> Element:
    root = parse(data)
    fault = find(root, "Fault")
    said = " ".join(filter(None, (one.text for one in fault.iter()))) if fault is not None else ""
    if status == 401 or "NotAuthorized" in said or "FailedAuthentication" in said:
        raise CameraRefuses("it asks for user and password, or refuses them")
    if 300 <= status < 400:
        raise CameraRefuses("it sends us to another address, which is not followed")
    if fault is not None:
        raise CameraRefuses(f"it answers with a fault: {text_of(fault, 'Text')[:80] or 'without a word'}")
    body = find(root, "Body")
    if status != 200 or body is None:
        raise CameraRefuses(f"it answers with HTTP {status} and no SOAP")
    return body
