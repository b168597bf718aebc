"""The bits of a parameter set, as H.264 and H.265 both write them (ITU-T H.264 and H.265, clause 9)."""

from camera_config.errors import FeedProtocol


class Bits:
    """Reads bits, most significant first, from a NAL unit freed of its emulation prevention bytes.

    Args:
        nal: the whole NAL unit.
        header: how many bytes of it are its header: 1 in H.264, 2 in H.265.
    """

    def __init__(self, nal: bytes, header: int) -> None:
        self._data = nal.replace(b"\0\0\3", b"\0\0")
        self._at = 8 * header

    def read(self, count: int) -> int:
        """Read u(``count``).

        Raises:
            FeedProtocol: the set ends before.
        """
        end = self._at + count
        if end > 8 * len(self._data):
            raise FeedProtocol("a parameter set that ends early")
        whole = int.from_bytes(self._data[self._at >> 3 : (end + 7) >> 3], "big")
        self._at = end
        return whole >> (-end % 8) & ((1 << count) - 1)

    def unsigned(self) -> int:
        """Read ue(v): zeros, a one, and as many bits as there were zeros.

        Raises:
            FeedProtocol: the set ends before, or the number has more than 32 bits.
        """
        zeros = 0
        while not self.read(1):
            zeros += 1
            if zeros > 31:
                raise FeedProtocol("a parameter set with a number out of range")
        return (1 << zeros) - 1 + self.read(zeros)

    def signed(self) -> int:
        """Read se(v)."""
        code = self.unsigned()
        return (code + 1) // 2 if code & 1 else -(code // 2)

    def below(self, limit: int) -> int:
        """Read ue(v), which must be less than ``limit``.

        Raises:
            FeedProtocol: it is not.
        """
        value = self.unsigned()
        if value >= limit:
            raise FeedProtocol(f"a parameter of {value}, want below {limit}")
        return value
