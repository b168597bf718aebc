"""WS-Discovery: one question over UDP, multicast on one interface or to named hosts, and who answers within seconds.

Our own hundred lines and not the library ``wsdiscovery`` (2.1.2, looked at): that one sends on every interface of the
machine, also those that the cameras are not on, parses answers with ``minidom``, which expands entities, keeps up to
four threads, and its receiving thread polls. Here are one socket, one loop, and an end.
"""

import asyncio
import contextlib
import socket
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from api.discovery.xml import parse, text_of, texts_of

GROUP, PORT = "239.255.255.250", 3702
MAX_ANSWERS = 4096
REPEAT_AFTER_S = 0.7
"""UDP loses; the question is asked twice, which every camera must bear (WS-Discovery appendix I)."""

_PROBE = """<?xml version="1.0" encoding="UTF-8"?>
<e:Envelope xmlns:e="http://www.w3.org/2003/05/soap-envelope" xmlns:w="http://schemas.xmlsoap.org/ws/2004/08/addressing"
 xmlns:d="http://schemas.xmlsoap.org/ws/2005/04/discovery" xmlns:n="http://www.onvif.org/ver10/network/wsdl">
<e:Header><w:MessageID>urn:uuid:{id}</w:MessageID>
<w:To>urn:schemas-xmlsoap-org:ws:2005:04:discovery</w:To>
<w:Action>http://schemas.xmlsoap.org/ws/2005/04/discovery/Probe</w:Action></e:Header>
<e:Body><d:Probe><d:Types>n:NetworkVideoTransmitter</d:Types></d:Probe></e:Body></e:Envelope>"""


@dataclass(frozen=True, slots=True)
class Answer:
    """A camera that answered from ``address``; ``service`` is its device service there, empty where it named none."""

    address: str
    service: str
    name: str
    hardware: str


class _Listener(asyncio.DatagramProtocol):
    def __init__(self, question: str, awaited: set[str]) -> None:
        self.answers: dict[str, Answer] = {}
        self.complete = asyncio.Event()
        self._question, self._awaited = question, awaited

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        if len(self.answers) < MAX_ANSWERS:
            answer = read_answer(data, addr[0], self._question)
            if answer is not None:
                self.answers.setdefault(answer.address, answer)
                if self._awaited and self._awaited <= self.answers.keys():
                    self.complete.set()

    def error_received(self, exc: Exception) -> None:
        """Pass over what a host without a camera sends back (ICMP port unreachable)."""


async def probe(
    hosts: Sequence[tuple[str, int]], seconds: float, *, interface: str = "", multicast: bool
) -> list[Answer]:
    """Return who answers within ``seconds``, by address.

    Args:
        hosts: (address, port) to ask directly, for networks without multicast.
        seconds: how long to listen; shorter where only named hosts are asked and all have answered.
        interface: IPv4 address of this machine to ask from; empty leaves the choice to its routes.
        multicast: also ask the group, on that interface alone, without crossing a router.

    Raises:
        OSError: the machine has no such address, or no route.
    """
    question = str(uuid.uuid4())
    awaited = set() if multicast else {address for address, _ in hosts}
    asked = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        asked.setblocking(False)
        asked.bind((interface or "0.0.0.0", 0))  # noqa: S104 - answers come to the port that asked
        asked.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, 1)
        if interface:
            asked.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(interface))
        loop = asyncio.get_running_loop()
        transport, listener = await loop.create_datagram_endpoint(lambda: _Listener(question, awaited), sock=asked)
    except OSError:
        asked.close()
        raise
    message = _PROBE.format(id=question).encode()
    targets = [*([(GROUP, PORT)] if multicast else []), *hosts]
    end = loop.time() + seconds
    try:
        for pause in (min(REPEAT_AFTER_S, seconds / 2), None):
            for target in targets:
                transport.sendto(message, target)
            rest = max(0.0, end - loop.time()) if pause is None else pause
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(listener.complete.wait(), rest)
                break
    finally:
        transport.close()
    return sorted(listener.answers.values(), key=lambda answer: socket.inet_aton(answer.address))


def read_answer(data: bytes, address: str, question: str) -> Answer | None:
    """Return what an answer to our question says; None where it is none. Services on other hosts are passed over."""
    root = parse(data)
    if root is None or question not in text_of(root, "RelatesTo"):
        return None
    match = next((element for element in root.iter() if element.tag.endswith("}ProbeMatch")), None)
    if match is None:
        return None
    services = [url for url in text_of(match, "XAddrs").split() if _is_service_of(url, address)]
    scopes = " ".join(texts_of(match, "Scopes")).split()
    return Answer(address, services[0] if services else "", _scope(scopes, "name"), _scope(scopes, "hardware"))


def _is_service_of(url: str, address: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and parts.hostname == address and (parts.port or 80) > 0
    except ValueError:
        return False


def _scope(scopes: list[str], kind: str) -> str:
    start = f"onvif://www.onvif.org/{kind}/"
    value = next((scope[len(start) :] for scope in scopes if scope.startswith(start)), "")
    return "".join(letter for letter in unquote(value) if letter.isprintable()).strip()[:80]
