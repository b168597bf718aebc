"""A mask is right or its device is closed; which mistake it is stands where the operator looks."""

import json
import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer import Typer
from typer.testing import CliRunner

from api.cli import app as kakou
from api.commands import doctor
from api.commands.cameras import cameras
from api.commands.check import check
from camera_config.errors import MaskError, ModelError
from camera_config.load import check_county, load_county
from camera_config.masks import FOLDER, MAX_BYTES, MaskFile, closed_devices, mask_path, masked_devices, parse_mask
from tests.support.county_files import lighter_county

SQUARE = [[0.1, 0.1], [0.4, 0.1], [0.4, 0.5], [0.1, 0.5]]


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a county with one masked camera and one masked checkpoint; their masks are there."""
    folder = lighter_county(tmp_path_factory.mktemp("county") / "c", cameras=3)
    header, *rows = [line for line in (folder / "cameras.csv").read_text().splitlines() if not line.startswith("#")]
    rows[0] = f"{rows[0]},true"
    text = "\n".join([f"{header},masked", rows[0], *(f"{row}," for row in rows[1:])])
    (folder / "cameras.csv").write_text(f"{text}\n", encoding="utf-8")
    toml = (folder / "checkpoints.toml").read_text(encoding="utf-8")
    (folder / "checkpoints.toml").write_text(toml.replace("lanes = ", "masked = true\nlanes = ", 1), encoding="utf-8")
    (folder / FOLDER).mkdir()
    for device in masked_devices(load_county(folder)):
        write(folder, device, {"polygons": [SQUARE]})
    return folder


def write(folder: Path, device: str, data: object) -> Path:
    path = mask_path(folder, device)
    path.parent.mkdir(exist_ok=True)
    path.write_text(data if isinstance(data, str) else json.dumps(data), encoding="utf-8")
    return path


def app() -> Typer:
    made = Typer()
    made.command()(check)
    return made


def camera_of(folder: Path) -> str:
    return str(load_county(folder).cameras[0].id)


def test_cameras_and_checkpoints_may_be_masked(example: Path) -> None:
    assert check_county(example) == []
    county = load_county(example)
    assert masked_devices(county) == {county.cameras[0].id, county.checkpoints[0].id}


def test_a_device_without_its_mask_is_named_when_kakou_starts_and_by_doctor(example: Path, tmp_path: Path) -> None:
    camera, checkpoint = camera_of(example), str(load_county(example).checkpoints[0].id)
    assert [(one.good, one.detail) for one in doctor._masks(example)] == [(True, "masks of 2 devices can be read")]
    path = mask_path(example, camera)
    kept = path.read_bytes()
    path.unlink()
    try:
        assert closed_devices(load_county(example), example) == {camera: f"mask: masks/{camera}.json is absent"}
        (fault,) = doctor._masks(example)
        weights = ["--objects-weights", str(tmp_path / "none.pt")]  # refused, so that nothing is started
        done = CliRunner().invoke(kakou, ["up", "--county", str(example), "--data", str(tmp_path / "data"), *weights])
    finally:
        path.write_bytes(kept)
    assert fault.good is False
    assert camera in fault.detail
    assert isinstance(done.exception, ModelError)
    assert f"closed {camera}: mask: masks/{camera}.json is absent\n1 device" in done.stderr
    assert checkpoint not in done.stderr
    assert list(doctor._masks(None)) == []


def test_check_names_missing_damaged_and_idle_masks_and_the_county_still_loads(example: Path) -> None:
    camera, checkpoint = camera_of(example), str(load_county(example).checkpoints[0].id)
    idle = str(load_county(example).cameras[1].id)
    kept = {path: path.read_bytes() for path in (example / FOLDER).iterdir()}
    mask_path(example, camera).unlink()
    write(example, checkpoint, '{"polygons":\n [[[0.1, 0.1], [0.4 0.1]]]}')
    write(example, idle, {"polygons": [SQUARE]})
    write(example, "nobody", {"polygons": [SQUARE]})
    try:
        told = {f"{one.file}:{one.line}": one.what for one in check_county(example)}
        assert told == {
            "cameras.csv:2": f"masks/{camera}.json is absent: {camera} stays closed",
            f"masks/{checkpoint}.json:2": f"broken JSON (Expecting ',' delimiter): {checkpoint} stays closed",
            f"masks/{idle}.json:1": "hides nothing: the device is not masked",
            "masks/nobody.json:1": "there is no such device",
        }
        done = CliRunner().invoke(app(), [str(example)])
        assert done.exit_code == 1
        assert f"masks/{camera}.json is absent" in done.output
        assert camera in masked_devices(load_county(example))
    finally:
        for path in (example / FOLDER).iterdir():
            path.unlink()
        for path, raw in kept.items():
            path.write_bytes(raw)


def polygon(*points: tuple[float, float]) -> str:
    return json.dumps({"polygons": [points]})


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "broken JSON"),
        ("\x00", "broken JSON"),
        ("[" * 9999, "broken JSON"),
        ("[]", "MaskRecord"),
        ("{}", "missing key 'polygons'"),
        ('{"polygons": []}', "polygons: tuple should have at least 1 item"),
        ('{"polygons": [[[0.1,0.1],[0.4,0.1],[0.4,0.5]]], "polygons": [[[0.8,0.8],[0.9,0.8],[0.9,0.9]]]}', "twice"),
        ('{"polygons": [[[0.1,0.1],[0.4,0.1],[0.4,0.5]]], "polygon": 1}', "unknown key 'polygon'"),
        (polygon((0.1, 0.1), (0.4, 0.1)), "at least 3 items"),
        (polygon((0.1, 0.1), (0.4, 0.1), (0.1, 0.1)), "fewer than 3 corners"),
        (polygon((0.1, 0.1), (0.4, 0.1), (0.4, 1.2)), "less than or equal to 1 (found 1.2)"),
        (polygon((-0.1, 0.1), (0.4, 0.1), (0.4, 0.2)), "greater than or equal to 0"),
        ('{"polygons": [[[0.1,0.1],[0.4,0.1],[0.4,NaN]]]}', "polygons.0.2.1"),
        (polygon((0.1, 0.1), (0.4, 0.5), (0.4, 0.1), (0.1, 0.5)), "crosses or touches itself"),
        (polygon((0.1, 0.1), (0.5, 0.1), (0.5, 0.5), (0.3, 0.1)), "crosses or touches itself"),
        (polygon((0.1, 0.1), (0.4, 0.1), (0.25, 0.1)), "less than a ten-thousandth"),
        (polygon(*[(0.1 + n / 1000, 0.1 + n % 2 / 10) for n in range(66)]), "at most 65 items"),
        (json.dumps({"polygons": [SQUARE] * 33}), "at most 32 items"),
        (json.dumps({"polygons": [SQUARE]}) + " " * MAX_BYTES, "more than 256 KiB"),
    ],
)
def test_a_damaged_mask_is_refused_with_the_reason(tmp_path: Path, text: str, told: str) -> None:
    write(tmp_path, "cam-1", text)
    file = MaskFile(tmp_path, "cam-1")
    for _ in range(2):
        with pytest.raises(MaskError) as caught:
            file.read()
        assert told in str(caught.value)
        assert str(caught.value).startswith("masks/cam-1.json is damaged: ")
    assert file.trouble() == f"mask: {caught.value}"
    assert "\n" not in file.trouble()


def test_a_mask_is_read_anew_whenever_it_counts(tmp_path: Path) -> None:
    file = MaskFile(tmp_path, "cam-1")
    assert file.trouble() == "mask: masks/cam-1.json is absent"
    path = write(tmp_path, "cam-1", {"polygons": [SQUARE, [*SQUARE, SQUARE[0]]]})
    mask = file.read()
    assert mask.polygons == (tuple(map(tuple, SQUARE)),) * 2, "a polygon may be closed"
    times = path.stat()
    path.write_text(path.read_text().replace("0.5", "0.6"))
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert file.read().polygons[0][2] == (0.4, 0.6), "same size, same time, other bytes"
    assert file.read().set_at >= mask.set_at
    path.write_text("{")
    assert "damaged" in file.trouble()
    write(tmp_path, "cam-1", {"polygons": [SQUARE]})
    assert file.trouble() == ""
    path.unlink()
    path.mkdir()
    assert file.trouble() == "mask: masks/cam-1.json cannot be read: not a file"
    path.rmdir()
    os.mkfifo(path)
    assert "not a file" in file.trouble(), "and nobody waits for it"


@given(st.binary(max_size=400) | st.text(max_size=200).map(str.encode))
@settings(max_examples=200, deadline=None)
def test_whatever_stands_in_the_file_it_is_a_mask_or_a_mistake(raw: bytes) -> None:
    polygons, mistakes = parse_mask(raw, "masks/x.json")
    assert bool(polygons) != bool(mistakes)


def test_a_list_takes_masked_along_and_cannot_lose_it_unseen(example: Path, tmp_path: Path) -> None:
    runner, listed = CliRunner(), tmp_path / "list.csv"
    asked = ["import", str(listed), "--county", str(example)]
    assert runner.invoke(cameras, ["export", str(listed), "--county", str(example)]).exit_code == 0
    whole = listed.read_text(encoding="utf-8-sig")
    assert "0 added, 0 changed, 0 removed, 3 unchanged" in runner.invoke(cameras, asked).output
    listed.write_text(whole.replace("masked", "隐私遮挡").replace("true", "是"), encoding="utf-8")
    assert "3 unchanged" in runner.invoke(cameras, asked).output
    listed.write_text(whole.replace("true", ""), encoding="utf-8")
    lost = runner.invoke(cameras, asked)
    assert "masked True → False" in lost.output
    assert "hides nothing" in lost.output
    assert lost.exit_code == 1
    listed.write_text(whole.replace("true", "perhaps"), encoding="utf-8")
    assert "masked" in runner.invoke(cameras, asked).output
