"""Every model kakou runs: a closed list, each known by its SHA-256, each giving only classes we allow."""

from detection.models.load import (
    CLASSES,
    NANODET,
    PLATE_FINDER,
    PLATE_READER,
    PLATE_SECOND,
    PLATE_STRAIGHT,
    PLATE_TEXT,
    ModelFile,
    load_model,
    model_path,
    verify_models,
)

__all__ = [
    "CLASSES",
    "NANODET",
    "PLATE_FINDER",
    "PLATE_READER",
    "PLATE_SECOND",
    "PLATE_STRAIGHT",
    "PLATE_TEXT",
    "ModelFile",
    "load_model",
    "model_path",
    "verify_models",
]
