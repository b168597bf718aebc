"""An operator tunes a camera: what would be found in files, in a stream, and as the county has the camera looked at."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from typer import Typer
from typer.testing import CliRunner, Result

from api.commands.detect import detect
from camera_config.errors import ConfigError, FeedError
from camera_config.load import load_county
from camera_config.masks import mask_path
from camera_config.secrets import Login, change_secrets
from ingest.auth import Credentials
from ingest.codec import Codec
from ingest.simulate.clip import read_clip
from ingest.simulate.mount import Mount
from ingest.simulate.server import CameraServer, CameraServerThread
from ingest.simulate.source import LoopSource, PackedClip
from tests.support.county_files import lighter_county
from tests.support.films import make_film

CCPD = Path(__file__).parents[4] / "shared" / "data" / "ccpd"
needs_ccpd = pytest.mark.skipif(not CCPD.is_dir(), reason="../shared/data/ccpd is not on this machine")


def run(*args: object) -> Result:
    app = Typer()
    app.command()(detect)
    result = CliRunner().invoke(app, [str(arg) for arg in args])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def said(result: Result) -> list[dict[str, object]]:
    return [json.loads(line) for line in result.stdout.splitlines()]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return lighter_county(tmp_path_factory.mktemp("detect") / "c", cameras=2)


@needs_ccpd
def test_a_plate_is_read_drawn_and_told_and_one_too_small_is_said_to_be(tmp_path: Path) -> None:
    photo = cv2.imread(str(min(CCPD.glob("*.jpg"))))
    assert photo is not None
    (tmp_path / "in").mkdir()
    cv2.imwrite(str(tmp_path / "in" / "a.png"), photo)
    small = cv2.resize(photo, None, fx=0.22, fy=0.22, interpolation=cv2.INTER_AREA)
    cv2.imwrite(str(tmp_path / "in" / "b.png"), small)
    near, far = said(run(tmp_path / "in", "--json", "--out", tmp_path / "out"))
    assert (near["name"], near["width"], near["height"]) == ("a.png", photo.shape[1], photo.shape[0])
    plate = near["plates"][0]  # type: ignore[index]
    assert plate["plate"]
    assert not plate["too_small"]
    assert any(one["label"] == "car" and one["size"][0] > 300 for one in near["objects"])  # type: ignore[attr-defined]
    assert set(near["ms"]) == {"decode", "objects", "plates"}  # type: ignore[call-overload]
    assert [(one["plate"], one["too_small"]) for one in far["plates"]] == [(None, True)]  # type: ignore[attr-defined]
    for name, image in (("a", photo), ("b", small)):
        drawn = cv2.imread(str(tmp_path / "out" / f"{name}.jpg"))
        assert drawn is not None
        assert drawn.shape == image.shape
        assert np.abs(drawn.astype(int) - image).mean() > 1
    assert "too small to read" in run(tmp_path / "in" / "b.png").stdout


def test_a_stream_is_pulled_by_our_own_client_and_its_password_is_never_shown(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    film = PackedClip.of(read_clip(make_film(tmp_path / "film.mp4", Codec.H264)))
    mount = Mount(LoopSource(film), credentials=Credentials("eye", "hunter2"))
    with CameraServerThread(CameraServer({"cam": mount})) as cameras:
        url = cameras.url("cam")
        result = run(
            url.replace("rtsp://", "rtsp://eye:hunter2@"), "--pictures", 2, "--json", "--out", tmp_path / "out"
        )
        first, second = said(result)
        assert (first["width"], first["height"]) == (640, 360)
        assert first["ms"]["decode"] > 0  # type: ignore[index]
        assert first["name"] != second["name"]
        assert len(list((tmp_path / "out").iterdir())) == 2
        with pytest.raises(FeedError, match="bad credentials") as refused:
            run(url.replace("rtsp://", "rtsp://eye:wrong@"))
    assert "hunter2" not in result.output + caplog.text
    assert "wrong" not in str(refused.value) + caplog.text


def test_a_camera_of_the_county_is_pulled_with_its_password_and_its_mask_hides(folder: Path, tmp_path: Path) -> None:
    device = str(load_county(folder).cameras[0].id)
    rows = (folder / "cameras.csv").read_text(encoding="utf-8").splitlines()
    head = next(place for place, row in enumerate(rows) if row.startswith("id,"))
    film = PackedClip.of(read_clip(make_film(tmp_path / "film.mp4", Codec.H264)))
    mount = Mount(LoopSource(film), credentials=Credentials("eye", "hunter2"))
    change_secrets(tmp_path / "secrets.json", lambda kept: kept.logins.update({device: Login("eye", "hunter2")}))
    with CameraServerThread(CameraServer({"cam": mount})) as cameras:
        rows[head] += ",url,masked,tiled"
        rows[head + 1] += f",{cameras.url('cam')},true,true"
        rows[head + 2 :] = [row + ",,," for row in rows[head + 2 :]]
        (folder / "cameras.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
        path = mask_path(folder, device)
        path.parent.mkdir(exist_ok=True)
        path.write_text('{"polygons": [[[0, 0.5], [1, 0.5], [1, 1], [0, 1]]]}', encoding="utf-8")
        args = ("--camera", device, "--county", folder, "--secrets", tmp_path / "secrets.json")
        run(*args, "--pictures", 1, "--out", tmp_path / "out")
        drawn = cv2.imread(str(next((tmp_path / "out").iterdir())))
        assert drawn is not None
        assert drawn[200:350].std() < 3, "hidden"
        assert drawn[60:170].std() > 20
        path.unlink()
        with pytest.raises(ConfigError, match="mask"):
            run(*args, "--pictures", 1)


def test_what_cannot_be_looked_at_is_said(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="nothing is named"):
        run()
    with pytest.raises(ConfigError, match="needs the county"):
        run("x.jpg", "--camera", "cam-001")
    with pytest.raises(ConfigError, match="no device 'cam-999'"):
        run("x.jpg", "--camera", "cam-999", "--county", folder)
    with pytest.raises(FeedError, match="does not exist"):
        run(tmp_path / "none.jpg")
    with pytest.raises(FeedError, match="unreachable"):
        run("rtsp://127.0.0.1:9/none")
