"""PP-OCRv4's recogniser, restricted to the characters of number plates: a reader that knows nothing of our font."""

import importlib.util
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from ingest.simulate.numbers import DIGITS, LETTERS, PROVINCES

ALPHABET = PROVINCES + LETTERS + DIGITS + "学警"


@lru_cache(maxsize=1)
def _session() -> tuple[ort.InferenceSession, NDArray[np.bool_], list[str]]:
    spec = importlib.util.find_spec("rapidocr_onnxruntime")
    assert spec is not None
    assert spec.origin is not None
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    model = Path(spec.origin).parent / "models" / "ch_PP-OCRv4_rec_infer.onnx"
    session = ort.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
    characters = ["", *session.get_modelmeta().custom_metadata_map["character"].splitlines(), " "]
    allowed = np.array([character == "" or character in ALPHABET for character in characters])
    return session, allowed, characters


def read(image: NDArray[np.uint8]) -> str:
    """Return the plate in a BGR picture of it."""
    session, allowed, characters = _session()
    wide = max(160, round(48 * image.shape[1] / image.shape[0]))
    fitted = cv2.resize(image, (wide, 48), interpolation=cv2.INTER_LINEAR)
    batch = ((fitted.astype(np.float32) / 255 - 0.5) / 0.5).transpose(2, 0, 1)[None]
    (scores,) = session.run(None, {session.get_inputs()[0].name: batch})
    best = np.where(allowed[: scores.shape[2]], scores[0], -1.0).argmax(axis=1)
    kept = [each for before, each in zip([-1, *best[:-1]], best, strict=True) if each not in (0, before)]
    return "".join(characters[each] for each in kept)
