"""A manifest of the models and the one way to open them.

A model that is missing, changed, or gives anything but what the manifest says is refused: kakou finds persons, vehicles
and plates, and nothing in it may recognise a face, a person or a person's traits.
"""

import hashlib
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

import onnxruntime as ort

from camera_config.errors import ModelError

CLASSES = frozenset({"person", "bicycle", "motorcycle", "car", "bus", "truck", "plate"})
"""All that kakou ever looks for."""


@dataclass(frozen=True, slots=True)
class ModelFile:
    """One model of the manifest.

    Args:
        name: for messages.
        package: the Python package that holds the file.
        file: path inside the package.
        sha256: of the file.
        classes: what it finds, by index of its class output; a subset of ``CLASSES``. An index not named is never read.
        inputs, outputs: name of each and its shape; -1 is any length.
    """

    name: str
    package: str
    file: str
    sha256: str
    classes: tuple[tuple[int, str], ...]
    inputs: tuple[tuple[str, tuple[int, ...]], ...]
    outputs: tuple[tuple[str, tuple[int, ...]], ...]


NANODET = ModelFile(
    "nanodet-g",
    "detection.models",
    "nanodet_g.onnx",
    "57fa60db5b781b2e712712b6234675d9bae8535647664e816d9efac08c8d2d2c",
    ((0, "person"), (1, "bicycle"), (2, "car"), (3, "motorcycle"), (5, "bus"), (7, "truck")),
    (("x", (1, 3, 416, 416)),),
    (("cls", (1, 3549, 80)), ("reg", (1, 3549, 44))),
)
"""Persons and vehicles; 80 COCO outputs of which six are read (MODEL_CARD.md)."""

PLATE_FINDER = ModelFile(
    "kakou-plate-finder",
    "detection.models",
    "plate_finder.onnx",
    "408b80f50e6e528e96502744be2a961d4bfd95fd4fb4fe4e3bbca7f9b3d34809",
    ((0, "plate"),),
    (("x", (-1, 3, -1, -1)),),
    (("y", (-1, 9, -1, -1)),),
)
"""Where plates are, with their corners: our own (training/finder.py)."""

PLATE_TEXT = ModelFile(
    "pp-ocrv4-det",
    "rapidocr_onnxruntime",
    "models/ch_PP-OCRv4_det_infer.onnx",
    "d2a7720d45a54257208b1e13e36a8479894cb74155a5efe29462512d42f49da9",
    ((0, "plate"),),
    (("x", (-1, 3, -1, -1)),),
    (("sigmoid_0.tmp_0", (-1, 1, -1, -1)),),
)
"""Where text is; what does not look like a plate is dropped. Asked where the finder finds nothing."""

PLATE_READER = ModelFile(
    "pp-ocrv4-rec",
    "rapidocr_onnxruntime",
    "models/ch_PP-OCRv4_rec_infer.onnx",
    "48fc40f24f6d2a207a2b1091d3437eb3cc3eb6b676dc3ef9c37384005483683b",
    ((0, "plate"),),
    (("x", (-1, 3, -1, -1)),),
    (("softmax_11.tmp_0", (-1, -1, 6625)),),
)
"""What a line of text says; only the characters of a plate are read out."""

PLATE_SECOND = ModelFile(
    "plate-second",
    "detection.models",
    "plate_second.onnx",
    "bda21800329bad9828086db3106f681d49e3f333e9ac9143cfa361af8ec17508",
    ((0, "plate"),),
    (("x", (-1, 3, 32, 144)),),
    (("y", (-1, 36, 73)),),
)
"""The same by our own network, trained on drawn plates only (training/reader.py)."""

PLATE_STRAIGHT = ModelFile(
    "plate-straight",
    "detection.models",
    "plate_straight.onnx",
    "be6c24451a6f64d22132b897bb4f861eed1ab03780469b2cdd83392f7357a807",
    ((0, "plate"),),
    (("x", (-1, 3, 32, 96)),),
    (("y", (-1, 8)),),
)
"""Where a plate's corners are in its cut-out; trained with the second reader."""


def model_path(model: ModelFile) -> Path:
    """Return where the model's file lies.

    Raises:
        ModelError: its package or the file is missing.
    """
    try:
        path = Path(str(resources.files(model.package).joinpath(model.file)))
    except ModuleNotFoundError as error:
        raise ModelError(
            f"{model.name}: the package {model.package} is not installed", hint="Install kakou again."
        ) from error
    if not path.is_file():
        raise ModelError(f"{model.name}: {path} is missing", hint="Install kakou again; nothing is downloaded.")
    return path


MODELS: tuple[ModelFile, ...] = (NANODET, PLATE_FINDER, PLATE_TEXT, PLATE_READER, PLATE_SECOND, PLATE_STRAIGHT)


def verify_models() -> list[tuple[str, str]]:
    """Return name and SHA-256 of every model after opening it.

    Raises:
        ModelError: one is missing, changed or of a kind that kakou refuses.
    """
    for model in MODELS:
        load_model(model)
    return [(model.name, model.sha256) for model in MODELS]


def load_model(model: ModelFile, path: Path | None = None) -> ort.InferenceSession:
    """Open a model for one thread, its threads not spinning (facts/traps 2.9).

    Args:
        model: what we expect.
        path: the file, when it is not where the manifest says.

    Raises:
        ModelError: the file is missing or changed, its inputs or outputs are others than the manifest's, or the
            manifest names a class that kakou does not look for.
    """
    unwanted = {name for _, name in model.classes} - CLASSES
    if unwanted:
        raise ModelError(
            f"{model.name} finds {', '.join(sorted(unwanted))}, which kakou does not look for",
            hint=f"Only {', '.join(sorted(CLASSES))} are allowed.",
        )
    place = path or model_path(model)
    data = place.read_bytes()
    found = hashlib.sha256(data).hexdigest()
    if found != model.sha256:
        raise ModelError(
            f"{model.name}: {place} has SHA-256 {found[:16]}…, not {model.sha256[:16]}…",
            hint="The file was changed or damaged. Install kakou again.",
        )
    try:
        session = ort.InferenceSession(data, _options(), providers=["CPUExecutionProvider"])
    except Exception as error:
        raise ModelError(f"{model.name}: {place} cannot be opened: {error}", hint="Install kakou again.") from error
    _check(model, "input", session.get_inputs(), model.inputs)
    _check(model, "output", session.get_outputs(), model.outputs)
    return session


def _options() -> ort.SessionOptions:
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    # A plan of memory is kept for every shape of input, and regions come in all shapes: 400 MB instead of 330.
    options.enable_mem_pattern = False
    options.log_severity_level = 3
    return options


def _check(model: ModelFile, what: str, found: list[Any], wanted: tuple[tuple[str, tuple[int, ...]], ...]) -> None:
    have = tuple((item.name, tuple(item.shape)) for item in found)
    fits = len(have) == len(wanted) and all(
        name == wanted_name
        and len(shape) == len(wanted_shape)
        and all(w in {-1, h} for h, w in zip(shape, wanted_shape, strict=True))
        for (name, shape), (wanted_name, wanted_shape) in zip(have, wanted, strict=True)
    )
    if not fits:
        raise ModelError(f"{model.name}: {what}s are {have}, not {wanted}", hint="This is not the model kakou ships.")
