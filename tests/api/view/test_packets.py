"""Pictures into packets: what a browser puts together again is what the camera sent."""

from aiortc.codecs.h264 import h264_depayload
from hypothesis import given
from hypothesis import strategies as st

from api.view.packets import PAYLOAD_BYTES, packed
from tests.support.tiny_h264 import annex_b

NAL = st.builds(
    lambda kind, size: bytes([kind]) + bytes(at % 251 for at in range(size)),
    st.sampled_from([0x65, 0x41, 0x06, 0x67, 0x01]),
    st.one_of(st.integers(1, 60), st.integers(PAYLOAD_BYTES - 5, PAYLOAD_BYTES + 5), st.integers(1, 6000)),
)


def sample(nals: list[bytes]) -> bytes:
    return b"".join(len(nal).to_bytes(4, "big") + nal for nal in nals)


@given(st.lists(NAL, max_size=12))
def test_what_is_put_together_again_is_what_the_camera_sent(nals: list[bytes]) -> None:
    picture = packed(sample(nals), 7)
    assert b"".join(map(h264_depayload, picture.payloads)) == annex_b(nals)
    assert all(len(payload) <= PAYLOAD_BYTES for payload in picture.payloads)
    assert (picture.stamp, picture.size) == (7, sum(len(nal) + 4 for nal in nals))


def test_the_pieces_of_a_large_unit_are_equally_long_but_for_the_last_and_small_units_share_one_packet() -> None:
    small = [b"\x67" + bytes(20), b"\x68" + bytes(4), b"\x06" + bytes(600)]
    large = b"\x65" + bytes(4000)
    together, *pieces = packed(sample([*small, large]), 0).payloads
    assert together[0] == 0x60 | 24, "as important as the most important in it"
    assert [len(piece) for piece in pieces] == [PAYLOAD_BYTES, PAYLOAD_BYTES, PAYLOAD_BYTES, 4000 - 3 * 1298 + 2]
