"""Packets for one browser go in, the kernel gets them a row at a time (UDP_SEGMENT, linux/udp.h, since 4.18).

A call for each packet, with the waking of whoever receives it, cost more than all else that is done for a viewer. A
kernel, a network card or a path that takes no rows gets packets one by one.
"""

import errno
import logging
import socket
import struct
from collections.abc import Sequence

log = logging.getLogger(__name__)

ROW = 32
"""Packets in one call at most. The kernel takes 64, and 64 KB."""

UDP_SEGMENT = 103
"""Python's socket module has no name for it."""

_SIZE = struct.Struct("=H")
_REFUSED = frozenset({errno.EINVAL, errno.EIO, errno.EMSGSIZE, errno.EOPNOTSUPP, errno.ENOPROTOOPT})

Address = tuple[str, int]


class RowSocket:
    """A UDP socket that does not block, and whether its kernel takes rows."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self.in_rows = True
        try:
            sock.getsockopt(socket.IPPROTO_UDP, UDP_SEGMENT)
        except OSError:  # an older kernel would send a row as one packet
            self.in_rows = False

    def send(self, packets: Sequence[bytes], to: Address) -> int:
        """Hand over packets, the first first; return how many are done with, fewer when the kernel has no room.

        One that cannot be sent is lost, as it may be anywhere on its way.
        """
        done = 0
        try:
            while done < len(packets):
                end = row_end(packets, done) if self.in_rows else done + 1
                self._send(packets[done:end], to)
                done = end
        except BlockingIOError:
            pass
        except OSError as error:
            if not self.in_rows or error.errno not in _REFUSED:
                return len(packets)
            log.info("view.rows_refused errno=%d", error.errno)
            self.in_rows = False
            return done + self.send(packets[done:], to)
        return done

    def _send(self, row: Sequence[bytes], to: Address) -> None:
        if len(row) == 1:
            self._sock.sendto(row[0], to)
        else:
            self._sock.sendmsg(row, [(socket.IPPROTO_UDP, UDP_SEGMENT, _SIZE.pack(len(row[0])))], 0, to)


def row_end(packets: Sequence[bytes], begin: int) -> int:
    """Return where the row from ``begin`` on ends: all in it are equally long, but the last may be shorter."""
    size = len(packets[begin])
    for at in range(begin + 1, min(begin + ROW, len(packets))):
        if len(packets[at]) != size:
            return at + 1 if len(packets[at]) < size else at
    return min(begin + ROW, len(packets))
