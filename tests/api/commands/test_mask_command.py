"""An operator sees what a mask hides before relying on it, and is told what is missing."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from typer import Typer
from typer.testing import CliRunner, Result

from api.commands.mask import mask
from camera_config.errors import ConfigError, CountyError, FeedError, MaskError
from camera_config.load import load_county
from camera_config.masks import mask_path
from detection.mask_view import share_hidden
from tests.support.county_files import lighter_county

RIGHT = '{"polygons": [[[0.1, 0.2], [0.4, 0.2], [0.4, 0.6], [0.1, 0.6]], [[0.3, 0.4], [0.5, 0.4], [0.5, 0.8]]]}'


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a county and a picture of noise, 401 pixels wide."""
    made = lighter_county(tmp_path_factory.mktemp("mask") / "c", cameras=2)
    noise = np.random.default_rng(1).integers(0, 80, (301, 401, 3), np.uint8)
    assert cv2.imwrite(str(made.parent / "view.png"), noise)
    return made


def run(folder: Path, device: str, picture: str = "view.png") -> Result:
    app = Typer()
    app.command()(mask)
    paths = ["--picture", str(folder.parent / picture), "--county", str(folder), "--out", str(folder.parent / "o.jpg")]
    return CliRunner().invoke(app, [device, *paths])


def test_the_mask_is_drawn_as_it_will_hide_and_what_is_missing_is_said(folder: Path) -> None:
    device = str(load_county(folder).cameras[0].id)
    first = run(folder, device)
    assert first.exit_code == 1
    assert f"{device}.json is absent" in first.output
    example = first.output[first.output.index("{") :].strip()
    path = mask_path(folder, device)
    path.parent.mkdir(exist_ok=True)
    path.write_text(example, encoding="utf-8")
    assert "1 polygon hides" in run(folder, device).output, "what is said to write is right"
    path.write_text(RIGHT, encoding="utf-8")
    again = run(folder, device)
    assert again.exit_code == 1
    assert "2 polygons hide 15." in again.output
    assert "400 x 300 pixels" in again.output
    assert "is not masked yet" in again.output
    shown = cv2.imread(str(folder.parent / "o.jpg"))
    assert shown.shape == (300, 400, 3)
    inside = shown[186:205, 184:194]
    assert int(inside.max()) - int(inside.min()) < 12, "where nothing is drawn over it, one grey"
    rows = (folder / "cameras.csv").read_text(encoding="utf-8")
    head, first_row, *others = [line for line in rows.splitlines() if not line.startswith("#")]
    text = "\n".join([f"{head},masked", f"{first_row},true", *(f"{row}," for row in others)])
    (folder / "cameras.csv").write_text(f"{text}\n", encoding="utf-8")
    assert run(folder, device).exit_code == 0


@pytest.mark.parametrize(
    ("device", "picture", "text", "kind"),
    [
        ("nobody", "view.png", RIGHT, ConfigError),
        ("", "none.png", RIGHT, FeedError),
        ("", "c/county.toml", RIGHT, ConfigError),
        ("", "view.png", RIGHT.replace("0.8", "8"), MaskError),
    ],
)
def test_what_cannot_be_drawn_is_told(
    folder: Path, device: str, picture: str, text: str, kind: type[CountyError]
) -> None:
    other = str(load_county(folder).cameras[1].id)
    mask_path(folder, other).parent.mkdir(exist_ok=True)
    mask_path(folder, other).write_text(text, encoding="utf-8")
    done = run(folder, device or other, picture)
    assert type(done.exception) is kind
    mask_path(folder, other).unlink()


def test_what_two_polygons_hide_together_counts_once() -> None:
    half = ((0.0, 0.0), (0.5, 0.0), (0.5, 1.0), (0.0, 1.0))
    assert share_hidden([half, half]) == pytest.approx(0.5, abs=0.003)
