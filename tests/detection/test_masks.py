"""What a mask hides is seen by nobody: not in the tile, nor in the evidence, nor in what is remembered of a camera."""

import asyncio
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from camera_config.clock import SystemClock
from camera_config.county import Camera, SmartCheckpoint
from camera_config.masks import MaskFile, Polygon, mask_path
from detection.analyst import Analyst, Told
from detection.decode import Picture
from detection.masks import CHROMA, LUMA, filled
from detection.picture_reference import Reference
from detection.tools import Tools
from ingest.codec import Codec
from ingest.feed import Feed, FeedKind
from ingest.simulate.plates import PlateKind
from ingest.simulate.source import LoopSource, PackedClip
from ingest.slot import SlotReader, SlotWriter
from tests.detection.test_decode import keyframes
from tests.ingest.simulate.pictures import moving
from tests.support.checkpoint_film import HEIGHT, STEP_S, WIDTH, Drive, checkpoint, film
from tests.support.receiving import receiving, serving
from tests.support.small_county import small_county
from tests.support.waiting import until

CAPACITY = 768 * 1024
LEFT_HALF: Polygon = ((0.0, 0.0), (0.5, 0.0), (0.5, 1.0), (0.0, 1.0))
CAMERA = replace(small_county(cameras=1).cameras[0], masked=True)
GREY_BGR = 112
"""What LUMA becomes: video's range is 16 to 235."""


@pytest.fixture
def folders(tmp_path: Path) -> Path:
    for name in ("slots", "tiles", "data", "masks"):
        (tmp_path / name).mkdir()
    return tmp_path


def draw(folders: Path, device: str, *polygons: Polygon) -> Path:
    path = mask_path(folders, device)
    path.write_text(json.dumps({"polygons": polygons}), encoding="utf-8")
    return path


def analyst(tools: Tools, folders: Path, *devices: Camera | SmartCheckpoint) -> Analyst:
    return Analyst(
        [one for one in devices if isinstance(one, SmartCheckpoint)],
        [one for one in devices if isinstance(one, Camera)],
        tools,
        slots=folders / "slots",
        tiles=folders / "tiles",
        data=folders / "data",
        clock=SystemClock(),
        county=folders,
    )


def put(folders: Path, feed: str, payload: bytes, sequence: int, every_s: float = 2.0) -> None:
    mono_s = every_s * sequence
    with SlotWriter(folders / "slots" / feed, CAPACITY) as writer:
        assert writer.put(payload, sequence=sequence, at=1000.0 + mono_s, mono_s=mono_s, epoch=1)


def tile(folders: Path, feed: str) -> np.ndarray:
    with SlotReader(folders / "tiles" / feed) as reader:
        item = reader.peek()
    assert item is not None
    return cv2.imdecode(np.frombuffer(item.payload, np.uint8), cv2.IMREAD_COLOR)


def is_flat(image: np.ndarray, within: int = 8) -> bool:
    """Tell whether all is one grey, but for what JPEG adds."""
    return int(image.max()) - int(image.min()) <= within and abs(float(image.mean()) - GREY_BGR) < within


def test_the_hidden_part_of_a_simulated_camera_is_flat_in_its_tile_and_the_rest_is_not(
    tools: Tools, folders: Path
) -> None:
    """From the camera's RTSP to the wall's picture."""
    draw(folders, CAMERA.id, LEFT_HALF)

    async def one_keyframe() -> None:
        async with serving({CAMERA.id: LoopSource(PackedClip.of(moving(Codec.H264)))}) as (_, urls):
            feed = Feed(CAMERA.id, urls[CAMERA.id], FeedKind.CAMERA, mask=MaskFile(folders, CAMERA.id).trouble)
            async with receiving([feed], folders / "slots", floor_s=0) as (receiver, _told):
                await until(lambda: receiver.status()[0].offered >= 1)

    asyncio.run(one_keyframe())
    desk = analyst(tools, folders, CAMERA)
    desk.step()
    desk.close()
    shown = tile(folders, CAMERA.id)
    assert is_flat(shown[:, :156])
    assert not is_flat(shown[:, 168:])


def test_a_plate_behind_the_mask_is_not_read_and_the_evidence_of_another_shows_no_part_of_it(
    tools: Tools, folders: Path
) -> None:
    place = replace(checkpoint(), masked=True)
    draw(folders, place.id, LEFT_HALF)
    drives = [
        Drive("吉D7K391", PlateKind.BLUE, (330.0, -20.0), (330.0, 760.0), 1.0, 5.0),
        Drive("吉D2A668", PlateKind.BLUE, (960.0, -20.0), (960.0, 760.0), 1.0, 5.0),
    ]
    desk = analyst(tools, folders, place)
    told: list[Told] = []
    for number, (_, payload) in enumerate(film(drives, 6.0), 1):
        put(folders, place.id, payload, number, STEP_S)
        told += desk.step() or []
    told += desk.finish()
    desk.close()
    finals = [one.data for one in told if one.kind == "passage.final"]
    assert [one["plate"] for one in finals] == ["吉D2A668"]
    scene = cv2.imdecode(np.fromfile(folders / "data" / finals[0]["scene_path"], np.uint8), cv2.IMREAD_COLOR)
    assert scene.shape == (HEIGHT, WIDTH, 3)
    assert is_flat(scene[:, : WIDTH // 2 - 8])
    assert not is_flat(scene[:, WIDTH // 2 + 8 :])


@pytest.mark.parametrize("gone", [False, True])
def test_evidence_taken_under_another_mask_is_kept_under_the_present_one_or_not_at_all(
    tools: Tools, folders: Path, gone: bool
) -> None:
    place = replace(checkpoint(), masked=True)
    path = draw(folders, place.id, LEFT_HALF)
    desk = analyst(tools, folders, place)
    told: list[Told] = []
    for number, (_, payload) in enumerate(
        film([Drive(None, PlateKind.BLUE, (960.0, -20.0), (1000.0, 760.0), 3.0, 7.0)], 7.5), 1
    ):
        put(folders, place.id, payload, number, STEP_S)
        told += desk.step() or []
    assert [one.kind for one in told if one.kind.startswith("passage")] == [], "it is in the picture still"
    if gone:
        path.unlink()
    else:
        draw(folders, place.id, ((0.5, 0.0), (0.53, 0.0), (0.53, 1.0), (0.5, 1.0)))
    (final,) = [one.data for one in desk.finish() if one.kind == "passage.final"]
    desk.close()
    kept = [path.name for path in (folders / "data").rglob("*.jpg")]
    if gone:
        assert (final["scene_path"], kept) == (None, [])
    else:
        scene = cv2.imdecode(np.fromfile(folders / "data" / final["scene_path"], np.uint8), cv2.IMREAD_COLOR)
        assert is_flat(scene[:, WIDTH // 2 : round(0.53 * WIDTH)])
        assert is_flat(scene[:, : WIDTH // 2 - 8]), "what was hidden when it was taken stays so"
        assert not is_flat(scene[:, round(0.53 * WIDTH) + 8 :])


def test_a_missing_or_damaged_mask_closes_the_camera_and_a_repaired_one_opens_it(tools: Tools, folders: Path) -> None:
    camera, other = CAMERA, replace(small_county(cameras=2).cameras[1])
    desk = analyst(tools, folders, camera, other)
    payload = keyframes(Codec.H264)[0]

    def step(number: int) -> list[str]:
        put(folders, camera.id, payload, number)
        told = desk.step()
        assert told is not None
        return [f"{one.data['picture']} {one.data['cause']}".strip() for one in told + desk.tidy()]

    assert step(1) == ["unknown mask: masks/cam-1.json is absent"]
    assert SlotReader(folders / "tiles" / camera.id).peek() is None
    path = draw(folders, camera.id, LEFT_HALF)
    assert step(2) == ["good"]
    assert is_flat(tile(folders, camera.id)[:, :156])
    path.write_text('{"polygons": [[[0.1, 0.1]', encoding="utf-8")
    (closed,) = step(3)
    assert closed.startswith("unknown mask: masks/cam-1.json is damaged")
    assert is_flat(tile(folders, camera.id)), "the last picture does not stay: the mask it had may have been too small"
    draw(folders, camera.id, ((0.5, 0.0), (1.0, 0.0), (1.0, 1.0), (0.5, 1.0)))
    step(4)
    assert is_flat(tile(folders, camera.id)[:, 168:]), "a changed mask holds for the next picture"
    assert not is_flat(tile(folders, camera.id)[:, :156]), "and is not blanked for it"
    put(folders, other.id, payload, 1)
    desk.step()
    assert not is_flat(tile(folders, other.id)[:, :156]), "the others go on"
    assert (desk.counters.keyframes_analysed, desk.counters.keyframes_closed) == (5, 2)
    desk.close()


def test_what_was_remembered_of_the_unmasked_picture_is_forgotten(tools: Tools, folders: Path) -> None:
    references = folders / "data" / "references"
    Reference(1.0).save(references / f"{CAMERA.id}.npz")
    path = draw(folders, CAMERA.id, LEFT_HALF)
    desk = analyst(tools, folders, CAMERA)
    put(folders, CAMERA.id, keyframes(Codec.H264)[0], 1)
    desk.step()
    desk.close()
    kept = Reference.load(references / f"{CAMERA.id}.npz")
    assert kept is not None
    assert kept.set_at == path.stat().st_ctime


def test_an_analyst_that_is_not_told_where_masks_are_does_not_start(tools: Tools, folders: Path) -> None:
    with pytest.raises(ValueError, match="masked"):
        Analyst([], [CAMERA], tools, slots=folders, tiles=folders, data=folders, clock=SystemClock())


def noise(width: int, height: int) -> Picture:
    dice = np.random.default_rng(3)
    planes = [dice.integers(0, 90, (height // by, width // by), np.uint8) for by in (1, 2, 2)]
    for plane in planes:
        plane.flags.writeable = False  # as the GPU's decoder gives them
    return Picture(*planes)


def stars() -> Iterator[Polygon]:
    """Yield polygons of all kinds: pointed, at the edges, bent inwards."""
    yield LEFT_HALF
    yield ((0.2, 0.3), (0.9, 0.5), (0.9, 0.3))
    yield ((1.0, 1.0), (0.7, 1.0), (1.0, 0.7))
    yield ((0.1, 0.1), (0.9, 0.1), (0.5, 0.2), (0.9, 0.9), (0.1, 0.9), (0.4, 0.5))


@pytest.mark.parametrize("size", [(322, 182), (128, 96), (16, 16)])
def test_no_pixel_that_a_polygon_touches_is_spared_and_little_else_is_hidden(size: tuple[int, int]) -> None:
    width, height = size
    for polygon in stars():
        picture = noise(width, height)
        out = filled(picture, [polygon])
        assert picture.y.max() < LUMA, "the picture itself is as it was"
        for plane, before, grey, by in ((out.y, picture.y, LUMA, 1), (out.u, picture.u, CHROMA, 2)):
            touched = fine(polygon, width // by, height // by)
            assert (plane[touched] == grey).all()
            near = cv2.dilate(touched.astype(np.uint8), np.ones((7, 7), np.uint8)) > 0
            assert np.array_equal(plane[~near], before[~near])


def fine(polygon: Polygon, width: int, height: int, by: int = 8) -> np.ndarray:
    """Return which pixels have one of ``by`` x ``by`` points of theirs inside, by the even-odd rule."""
    x, y = np.meshgrid((np.arange(width * by) + 0.5) / (width * by), (np.arange(height * by) + 0.5) / (height * by))
    inside = np.zeros(x.shape, np.bool_)
    for (x0, y0), (x1, y1) in zip(polygon, (*polygon[1:], polygon[0]), strict=True):
        if y0 != y1:
            inside ^= ((y0 > y) != (y1 > y)) & (x < (x1 - x0) * (y - y0) / (y1 - y0) + x0)
    return inside.reshape(height, by, width, by).any(axis=(1, 3))


def test_what_two_polygons_cover_is_hidden_too() -> None:
    out = filled(noise(64, 64), [LEFT_HALF, ((0.25, 0.25), (0.75, 0.25), (0.75, 0.75), (0.25, 0.75))])
    assert (out.y[:, :32] == LUMA).all()
    assert (out.y[16:48, :48] == LUMA).all()


@given(st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), min_size=3, max_size=8))
@settings(max_examples=60, deadline=None)
def test_every_corner_of_any_polygon_is_hidden(corners: list[tuple[float, float]]) -> None:
    out = filled(noise(48, 32), [tuple(corners)])
    for x, y in corners:
        assert out.y[min(int(y * 32), 31), min(int(x * 48), 47)] == LUMA


def test_a_tile_that_another_mask_or_another_process_made_is_taken_away_at_once(tools: Tools, folders: Path) -> None:
    """Also of a camera that sends nothing any more."""
    draw(folders, CAMERA.id, LEFT_HALF)
    first = analyst(tools, folders, CAMERA)
    put(folders, CAMERA.id, keyframes(Codec.H264)[0], 1)
    first.step()
    first.tidy()
    assert not is_flat(tile(folders, CAMERA.id))
    draw(folders, CAMERA.id, LEFT_HALF, ((0.6, 0.1), (0.9, 0.1), (0.9, 0.9)))
    first.tidy()
    assert is_flat(tile(folders, CAMERA.id))
    put(folders, CAMERA.id, keyframes(Codec.H264)[1], 2)
    first.step()
    first.tidy()
    assert not is_flat(tile(folders, CAMERA.id))
    first.close()
    second = analyst(tools, folders, CAMERA)
    second.tidy()
    assert is_flat(tile(folders, CAMERA.id))
    second.close()
