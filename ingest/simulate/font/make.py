"""Make ``plate.otf``: the few characters a number plate needs, out of Noto Sans CJK SC Bold (SIL OFL 1.1).

Input: NotoSansCJK-Bold.ttc of Debian's fonts-noto-cjk 20220127, face "Noto Sans CJK SC", found by its SHA-256 below.
Run ``python -m ingest.simulate.font.make [TTC]`` with fontTools installed; the result is the same byte for byte.
The licence of the font stands in ``OFL.txt`` beside it. The subset has a name of its own, as the licence asks.
"""

import hashlib
import sys
from pathlib import Path

from fontTools import subset  # type: ignore[import-untyped]
from fontTools.ttLib import TTCollection  # type: ignore[import-untyped]

SOURCE = Path("/usr/share/fonts/opentype/noto/NotoSansCJK-Bold.ttc")
SOURCE_SHA256 = "faa5f3656a78b2e2d450d27fe8382c778bc2b6bb5ea29c986664a6a435056ceb"
FACE = "Noto Sans CJK SC"
NAME = "Kakou Plate"
CHARACTERS = (
    "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼警学挂使领港澳ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
)
OUT = Path(__file__).with_name("plate.otf")


def make(source: Path, out: Path) -> None:
    """Write the subset of ``source`` to ``out``."""
    digest = hashlib.sha256(source.read_bytes()).hexdigest()
    if digest != SOURCE_SHA256:
        raise ValueError(f"{source} has SHA-256 {digest}, not {SOURCE_SHA256}")
    faces = TTCollection(source, lazy=True).fonts
    font = next(face for face in faces if face["name"].getDebugName(1).startswith(FACE))
    options = subset.Options(layout_features=[], hinting=False, name_IDs=[0, 13, 14], desubroutinize=True)
    options.drop_tables += ["vhea", "vmtx", "VORG", "BASE", "GDEF", "GPOS", "GSUB", "DSIG"]
    options.recalc_timestamp = False
    cut = subset.Subsetter(options)
    cut.populate(text=CHARACTERS)
    cut.subset(font)
    for name_id, text in ((1, NAME), (2, "Bold"), (4, f"{NAME} Bold"), (6, "KakouPlate-Bold")):
        font["name"].setName(text, name_id, 3, 1, 0x409)
    top = font["CFF "].cff
    top.fontNames[0] = "KakouPlate-Bold"
    font.flavor = None
    font.save(out)


if __name__ == "__main__":
    make(Path(sys.argv[1]) if len(sys.argv) > 1 else SOURCE, OUT)
