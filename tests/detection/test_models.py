"""The models are the ones we mean, and nothing else is accepted."""

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest

from camera_config.errors import ModelError
from detection.models import NANODET, PLATE_READER, load_model, model_path, verify_models

REFERENCE = json.loads((Path(__file__).parent / "nanodet_reference.json").read_text(encoding="utf-8"))


def test_every_model_is_there_and_unchanged() -> None:
    assert [name for name, _ in verify_models()] == [
        "nanodet-g",
        "kakou-plate-finder",
        "pp-ocrv4-det",
        "pp-ocrv4-rec",
        "plate-second",
        "plate-straight",
    ]


def test_the_committed_network_still_gives_what_it_gave_when_converted() -> None:
    y, x = np.mgrid[:416, :416]
    picture = np.stack([np.sin(x / (7 + 3 * c)) + np.cos(y / (11 + c)) for c in range(3)])[None].astype(np.float32)
    scores, sides = load_model(NANODET).run(None, {"x": picture})
    places = np.linspace(0, 3548, 8).astype(int)
    np.testing.assert_allclose(scores[0][places][:, [0, 2, 5, 7]], REFERENCE["cls"], rtol=1e-3, atol=1e-6)
    np.testing.assert_allclose(sides[0][places][:, [0, 10, 21, 43]], REFERENCE["reg"], rtol=1e-3, atol=1e-3)


def test_a_changed_model_is_refused(tmp_path: Path) -> None:
    changed = tmp_path / "nanodet_g.onnx"
    content = bytearray(model_path(NANODET).read_bytes())
    content[len(content) // 2] ^= 1
    changed.write_bytes(content)
    with pytest.raises(ModelError, match="SHA-256") as error:
        load_model(NANODET, changed)
    assert error.value.hint


def test_a_model_that_finds_anything_else_is_refused() -> None:
    faces = dataclasses.replace(NANODET, classes=(*NANODET.classes, (79, "face")))
    with pytest.raises(ModelError, match="face"):
        load_model(faces)


def test_a_model_with_other_outputs_is_refused() -> None:
    more = dataclasses.replace(NANODET, outputs=(*NANODET.outputs, ("embedding", (1, 128))))
    with pytest.raises(ModelError, match="outputs"):
        load_model(more)


def test_a_model_of_another_file_is_refused() -> None:
    with pytest.raises(ModelError, match="SHA-256"):
        load_model(NANODET, model_path(PLATE_READER))
