"""The benchmark of passages counts each vehicle once, and what is told beyond that as told twice."""

from benchmarks.passing.judge import Tally
from benchmarks.passing.scenes import EMPTY_S, SCENES, STARTED_AT, Drove, Seen
from detection.passage import Passage, new_passage_id
from ingest.simulate.flow import flow
from ingest.simulate.view import make_view

DRIVES = [each for each in flow(make_view(0, 1), 1, 40) if each.plate and each.wear.value == "clean"][:3]


def seen(place: int, shown: int = 4) -> Seen:
    return Seen(DRIVES[place], place * 20.0, place * 20.0 + 6.0, shown, 18.0)


def told(at_s: float, plate: str | None, *, certain: bool = True, lane: int = 1) -> Passage:
    at = STARTED_AT + EMPTY_S + at_s
    return Passage(
        id=new_passage_id(at), version=2, checkpoint=SCENES[0].name, checkpoint_name="", at=at, first_seen=at,  # type: ignore[arg-type]
        last_seen=at, plate=plate, certain=certain, confidence=1.0, plate_class=None, plate_colour=None, lane=lane,
        direction=None, speed_kmh=None, speed_error_kmh=None, vehicle_class="car", source="video", final=True,
        drill=False, frame_received_at=at, frame_mono_s=0.0, scene_path=None, scene_sha256=None, crop_path=None,
        crop_sha256=None,
    )  # fmt: skip


def tally(vehicles: list[Seen], passages: list[Passage]) -> Tally:
    out = Tally()
    out.add(Drove(SCENES[0], tuple(vehicles), tuple(passages), 1, 0.0))
    return out


def test_each_vehicle_told_of_once_is_all_right() -> None:
    whole = tally([seen(0), seen(1)], [told(3, DRIVES[0].plate), told(23, DRIVES[1].plate)])
    assert (whole.missed, whole.doubled, whole.exact, whole.certain) == ([], [], 2, 2)


def test_a_second_passage_is_one_too_many_and_a_missing_one_is_missed() -> None:
    whole = tally([seen(0), seen(1)], [told(2, DRIVES[0].plate), told(4, None, certain=False)])
    assert len(whole.doubled) == 1
    assert len(whole.missed) == 1
    assert whole.figures()["missed_share"] == 0.5


def test_a_passage_of_another_time_is_of_nobody() -> None:
    whole = tally([seen(0)], [told(60, DRIVES[0].plate)])
    assert len(whole.missed) == len(whole.doubled) == 1


def test_what_is_certain_and_wrong_is_told() -> None:
    wrong = ("黑" if DRIVES[0].plate and DRIVES[0].plate[0] != "黑" else "吉") + (DRIVES[0].plate or "")[1:]
    whole = tally([seen(0)], [told(3, wrong)])
    assert whole.exact == 0
    assert len(whole.false_certain) == 1
    assert whole.figures()["false_certain_rate"] == 1.0


def test_a_plate_that_was_never_free_is_not_asked_for() -> None:
    whole = tally([seen(0, shown=0)], [told(3, None, certain=False)])
    assert (whole.legible, whole.hidden, whole.missed) == (0, 1, [])
