"""One picture in; its plates with what is read on them out.

The chain that checkpoints, ``kakou detect`` and the benchmark share: find, fit the corners, straighten, read. What a
further reader says of a plate belongs into ``read_plate``; when a reading is certain is for ``plate_vote`` to say.
"""

from dataclasses import dataclass
from typing import Final

from detection.decode import Box, Image
from detection.plate_colour import plate_colour
from detection.plate_corners import fit_corners
from detection.plate_find import PlateBox, rectify
from detection.plate_grammar import PlateColour
from detection.plate_read import PlateRead
from detection.plate_vote import SURE, Ballot, vote
from detection.tools import Tools

READABLE: Final = 0.02
"""A reading less probable than this is none."""
PLATE_MARGIN: Final = (0.2, 0.5)
"""So much around a plate is cut out to fit its corners in, as shares of its width and height."""
VIVID: Final = frozenset({PlateColour.BLUE, PlateColour.YELLOW, PlateColour.GREEN, PlateColour.YELLOW_GREEN})
VIVID_SHARE: Final = 0.5
PLATE_ASPECT: Final = (2.3, 4.6)
SCORE_UNREAD: Final = 0.55
"""A box that cannot be read is a plate only with a plate's colour and shape, and where the finder is surer than
elsewhere: of 64 photos without plates none then shows one."""
SIDE_PX: Final = 960
"""Without a region to look into, plates are looked for in the whole picture at this size."""


@dataclass(frozen=True, slots=True)
class SeenPlate:
    """A plate in one picture; ``read`` is None where nothing on it can be read."""

    box: PlateBox
    read: PlateRead | None

    @property
    def certain(self) -> bool:
        """Tell whether this one picture is enough to be certain, by the rule that a track's readings are held to."""
        verdict = vote([Ballot(self.read, self.box.width_px, 1)]) if self.read else None
        return verdict is not None and verdict.certain


def look(tools: Tools, image: Image, *, side_px: int = SIDE_PX) -> list[SeenPlate]:
    """Find and read all plates in a whole (height, width, 3) BGR picture, the best found first."""
    height, width = image.shape[:2]
    seen = []
    for box in tools.finder.find(image, side_px=side_px):
        cut = around(box, *PLATE_MARGIN).within(width, height)
        if cut.area:
            piece = image[cut.top : cut.bottom, cut.left : cut.right]
            seen.append(see_at(tools, piece, box, left=cut.left, top=cut.top))
    return [one for one in seen if one is not None]


def see_at(
    tools: Tools, piece: Image, box: PlateBox, *, left: int, top: int, expected: bool = False
) -> SeenPlate | None:
    """Read what is in a box by its own corners, and by the box's where that gives nothing sure.

    Args:
        tools: the models.
        piece: (height, width, 3) BGR that holds the box and a margin of about ``PLATE_MARGIN``.
        box: in pixels of the picture that the piece was cut from.
        left: where the piece was cut from, pixels, as is ``top``.
        top: see ``left``.
        expected: a plate is known to be there.

    Returns:
        None for what is no plate: nothing on it reads like one with at least ``READABLE``, it has not the colour and
        shape of one, and none is expected.
    """
    fitted = fit_corners(piece, box, left=left, top=top)
    read = read_plate(tools, rectify(piece, fitted.quad, left=left, top=top))
    if fitted is not box and (read is None or read.probability < SURE):
        plain = read_plate(tools, rectify(piece, box.quad, left=left, top=top))
        read = max(read, plain, key=lambda one: one.probability if one else 0.0)
    if read is not None and read.probability >= READABLE:
        return SeenPlate(box, read)
    if expected:
        return SeenPlate(box, None)
    if box.score < SCORE_UNREAD:
        return None
    colour, share = plate_colour(rectify(piece, box.quad, left=left, top=top))
    shaped = PLATE_ASPECT[0] <= box.width_px / max(box.height_px, 1.0) <= PLATE_ASPECT[1]
    return SeenPlate(box, None) if colour in VIVID and share >= VIVID_SHARE and shaped else None


def read_plate(tools: Tools, plate: Image) -> PlateRead | None:
    """Read a plate that is already straight: (height, width, 3) BGR. None where nothing on it can be a plate."""
    return tools.reader.read(plate)


def around(plate: PlateBox, across: float, along: float) -> Box:
    """Return the upright box around a plate, larger by shares of its width and height at every side."""
    left, top = plate.quad.min(axis=0)
    right, bottom = plate.quad.max(axis=0)
    x, y = round(across * plate.width_px), round(along * plate.height_px)
    return Box(round(float(left)), round(float(top)), round(float(right)), round(float(bottom))).grown(x, y)
