from dataclasses import fields

from api.passages.report import PassageReport, read_report
from api.passages.shape import TOLD
from camera_config.ids import CheckpointId
from detection.passage import Passage

NAMED_BY_THE_COUNTY = "checkpoint_name"
NOT_TOLD = {"frame_mono_s", "scene_path", "scene_sha256", "crop_path", "crop_sha256"}
"""Of this machine alone, or of files that have their own addresses."""

SEEN = Passage(
    id="p-1", version=2, checkpoint=CheckpointId("cp-01"), checkpoint_name="东门卡口", at=9.0, first_seen=8.0,
    last_seen=10.0, plate="吉D12345", certain=True, confidence=0.97, plate_class="02", plate_colour="blue", lane=1,
    direction="towards", speed_kmh=52.3, speed_error_kmh=4.1, vehicle_class="car", source="video", final=True,
    drill=False, frame_received_at=10.1, frame_mono_s=3.0, scene_path="s.jpg", scene_sha256="a", crop_path="c.jpg",
    crop_sha256="b", province_prior=True,
)  # fmt: skip


def test_the_keeper_reads_all_that_detection_says_of_a_passage() -> None:
    said = SEEN.to_json()
    assert None not in said.values()
    read = read_report(said, drill=False)
    names = {field.name for field in fields(PassageReport)}
    assert {name: getattr(read, name) for name in names} == {
        name: value for name, value in said.items() if name != NAMED_BY_THE_COUNTY
    }


def test_all_that_is_read_is_told_but_what_stays_inside() -> None:
    assert {field.name for field in fields(PassageReport)} - set(TOLD) == NOT_TOLD


def test_a_passage_of_an_older_detector_is_read_and_says_nothing_of_speeds() -> None:
    said = SEEN.to_json()
    for name in ("direction", "speed_kmh", "speed_error_kmh", "province_prior"):
        del said[name]
    read = read_report(said, drill=False)
    assert (read.direction, read.speed_kmh, read.speed_error_kmh, read.province_prior) == (None, None, None, None)
