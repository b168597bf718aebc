"""The benchmark of plates says what was read, what was missed and where a box stands on nothing."""

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from benchmarks.plates import main
from benchmarks.plating.cases import crops, photos
from ingest.simulate.plates import PlateKind, draw_plate

KEYS = {
    "n",
    "exact",
    "exact_without_province",
    "certain_share",
    "certain_exact",
    "found",
    "false_boxes",
    "ms_per_plate",
}


def plate(text: str, kind: PlateKind = PlateKind.BLUE, width_px: int = 150) -> np.ndarray[Any, np.dtype[np.uint8]]:
    return draw_plate(text, kind, width_px / 440)[..., :3]


def save(path: Path, image: np.ndarray[Any, np.dtype[np.uint8]]) -> None:
    done, content = cv2.imencode(".png", image)
    assert done
    path.write_bytes(content.tobytes())


def street(*plates: tuple[str, int, int]) -> np.ndarray[Any, np.dtype[np.uint8]]:
    scene = np.full((360, 640, 3), 96, np.uint8)
    for text, left, top in plates:
        drawn = plate(text)
        scene[top : top + drawn.shape[0], left : left + drawn.shape[1]] = drawn
    return scene


def last_line(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    out: dict[str, Any] = json.loads(capsys.readouterr().out.splitlines()[-1])
    return out


def test_crops_are_scored_by_their_names(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for text, name in (("吉D7K391", "吉D7K391"), ("黑B20H67", "黑B·20H67_2"), ("吉A8C062", "辽A8C062")):
        save(tmp_path / f"{name}.png", plate(text))
    main(["--crops", str(tmp_path), "--json"])
    figures = last_line(capsys)
    assert figures.keys() >= KEYS
    assert (figures["n"], figures["exact"], figures["exact_without_province"]) == (3, 0.6667, 1.0)
    assert figures["misread_files"] == ["辽A8C062.png: 辽A8C062 read 吉A8C062"]
    assert figures["baselines"]["pp-ocrv4"]["n"] == 3
    assert figures["baselines"]["agentclpr"] is None
    assert "OpenCV" in figures["absent"]["hyperlpr"]


def test_photos_are_scored_by_place_and_those_without_plates_count_false_boxes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, empty = tmp_path / "photos", tmp_path / "empty"
    folder.mkdir()
    empty.mkdir()
    save(folder / "two.png", street(("吉D7K391", 60, 80), ("黑B20H67", 380, 240)))
    save(folder / "covered.png", street())
    save(empty / "road.png", street())
    save(empty / "not so empty.png", street(("吉A8C062", 200, 150)))
    rows = [
        "file\ttext\tleft\ttop\tright\tbottom",
        "two.png\t吉D·7K391\t60\t80\t210\t128",
        "two.png\t黑B20H67",
        "covered.png\t吉A00001\t200\t150\t350\t198",
    ]
    (folder / "gt.tsv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    main(["--photos", str(folder), "--empty", str(empty), "--json"])
    figures = last_line(capsys)
    assert (figures["n"], figures["found"], figures["exact"]) == (3, 0.6667, 0.6667)
    assert figures["missed_files"] == ["covered.png: 吉A00001"]
    assert (figures["pictures_without_plates"], figures["false_boxes"]) == (2, 1)
    assert figures["false_at_files"] == ["not so empty.png: 吉A8C062"]


def test_a_name_of_ccpd_tells_plate_and_corners(tmp_path: Path) -> None:
    name = "01-90_85-274&482_457&544-456&545_270&533_261&470_447&482-0_0_16_24_30_32_24-146-28.jpg"
    save(tmp_path / name, street())
    save(tmp_path / "any other picture.jpg", street())
    other, one = sorted(photos(tmp_path), key=lambda case: len(case.truths))
    assert other.truths == ()
    (truth,) = one.truths
    assert truth.text == "皖AS0680"
    assert truth.quad is not None
    assert truth.quad.tolist() == [[261, 470], [447, 482], [456, 545], [270, 533]]


def test_a_folder_without_pictures_is_refused(tmp_path: Path) -> None:
    assert crops(tmp_path) == []
    with pytest.raises(SystemExit, match="no pictures"):
        main(["--crops", str(tmp_path)])
