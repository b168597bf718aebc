"""Characters of a plate as coverage, in any face of this machine: many faces, so that no single one is learnt."""

from functools import lru_cache
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from training.strokes import HANDS, stroked

Face = tuple[str, int]
"""A font file and the index of the face in it."""

INK_PX: Final = 120
PLATE: Final = str(Path(__file__).parents[1] / "ingest/simulate/font/plate.otf")
"""The simulator's subset: provinces, letters, digits and 警学; one face of many."""
_NOTO: Final = "/usr/share/fonts/opentype/noto/Noto{}.ttc"
_TRUE: Final = "/usr/share/fonts/truetype/{}.ttf"
HAN: Final[tuple[Face, ...]] = (
    (_NOTO.format("SansCJK-Bold"), 2),
    (_NOTO.format("SansCJK-Regular"), 2),
    (_NOTO.format("SerifCJK-Bold"), 2),
    (PLATE, 0),
)
LATIN: Final[tuple[Face, ...]] = (
    (_NOTO.format("SansCJK-Bold"), 2),
    (_NOTO.format("SansCJK-Regular"), 2),
    (_TRUE.format("dejavu/DejaVuSans-Bold"), 0),
    (_TRUE.format("dejavu/DejaVuSansCondensed-Bold"), 0),
    (_TRUE.format("dejavu/DejaVuSansMono-Bold"), 0),
    (_TRUE.format("liberation/LiberationSans-Bold"), 0),
    (_TRUE.format("liberation/LiberationSansNarrow-Bold"), 0),
    (PLATE, 0),
)
HAND: Final = "strokes"
"""Not a file: the hands of ``training.strokes``."""
STAMPED: Final[tuple[Face, ...]] = tuple((HAND, hand) for hand in range(HANDS))
PACKAGES: Final = "fonts-noto-cjk fonts-dejavu-core fonts-dejavu-extra fonts-liberation"


def check_faces() -> None:
    """Raise ``SystemExit`` with the names of Debian's packages when a font file is missing."""
    missing = sorted({path for path, _ in (*HAN, *LATIN) if not Path(path).is_file()})
    if missing:
        raise SystemExit(f"missing fonts: {', '.join(missing)}\nInstall {PACKAGES}.")


@lru_cache(maxsize=4096)
def glyph(character: str, face: Face) -> NDArray[np.uint8] | None:
    """Return a character cut at its ink: coverage (height, width) uint8; None where the face has none."""
    path, index = face
    if path == HAND:
        return stroked(character, index)
    font = ImageFont.truetype(path, INK_PX, index=index)
    canvas = Image.new("L", (INK_PX * 2, INK_PX * 2))
    ImageDraw.Draw(canvas).text((INK_PX // 2, INK_PX // 2), character, font=font, fill=255)
    ink = np.asarray(canvas)
    rows, columns = np.flatnonzero(ink.any(axis=1)), np.flatnonzero(ink.any(axis=0))
    if len(rows) == 0:
        return None
    return ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def has(character: str, face: Face) -> bool:
    """Tell whether a face of ``HAN`` holds a Chinese character; the simulator's subset lacks the rarer marks."""
    return face[0] != PLATE or character not in "挂港澳使领"
