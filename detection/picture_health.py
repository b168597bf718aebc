"""Is a camera's picture of any use? Told from small grey keyframes and from how the camera usually looks.

Nothing here is trained. The limits were set on two real recordings, 128 photographs played as cameras with noise,
dusk, headlights and rain, and the same blackened, covered, blurred, turned and stopped; see docs/ref/picture.md.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import cv2
import numpy as np

from detection.decode import Image
from detection.picture_reference import Floats, Light, Reference, View


class PictureState(StrEnum):
    """What is wrong with a picture; ``unknown`` until one was looked at."""

    GOOD = "good"
    FROZEN = "frozen"
    BLACK = "black"
    COVERED = "covered"
    BLURRED = "blurred"
    MOVED = "moved"
    UNKNOWN = "unknown"


BLACK_MEAN: Final = 24.0
BLACK_HIGH: Final = 34.0
"""Video's black is 16: a lens cap gives noise around it, and a street without a lamp at least one brighter spot."""

LIT: Final = 40.0
"""Below this mean brightness nothing is said of sharpness, cover or direction: darkness takes details away."""
FLAT_SPREAD: Final = 3.5
FLAT_SHARE: Final = 0.25
"""A block that usually shows something is flat below this spread (standard deviation) and this share of its usual
one, allowing for less light; plain asphalt has a spread of 4 and more."""
STRUCTURED_SPREAD: Final = 6.0
"""A block whose usual spread is at least this shows something."""
STRUCTURED_BLOCKS: Final = 12
"""With fewer such blocks of 144 the camera looks at nothing, and nothing can be missed."""
COVERED_SHARE: Final = 0.7
"""So large a part of what usually shows something is flat."""
BARE_SPREAD: Final = 2.0
BARE_SHARE: Final = 0.98
BARE_RANGE: Final = 20.0
"""Covered whatever the camera usually shows: nearly all blocks this flat, nearly all pixels this close together."""

BLURRED_RATIO: Final = 0.45
"""Fine details against coarse ones, by the camera's own measure; out of focus by a pixel of 320 gives 0.3."""

SAME_PLACE: Final = 0.45
"""Least correlation of edges. The same place by day, noisy and dark, with people and cars: 0.68 and more; two different
places: 0.42 and less (127 pairs)."""
MOVED_PX: Final = 5
"""A shift of more pixels of 160 (3 % of the width) is a turn; masts sway less. A turn of 3 degrees about the axis is
not told."""
MOVED_GAIN: Final = 0.1
SEARCHED_PX: Final = (16, 9)
EDGES_LEAST: Final = 0.06
"""Spread of the usual edges: 95 of 100 photographs have more; a bare road seen from above has 0.02."""
STRUCTURE_LEFT: Final = 0.5
"""Edges in a picture, relative to the usual: with less it is fog, or not focused, but not another place."""

SAME_DIFFERENCE: Final = 0.02
"""Grey levels, in the block that differs most but for a tenth of them: a picture sent again. A live one differs by 0.5
and more from the next. What an encoder makes anew of one and the same picture differs by 1 to 2, as live ones may."""
FROZEN_S: Final = 20.0
"""No sooner: a quiet camera's three keyframes, ten seconds apart, take as long."""
FROZEN_VIEWS: Final = 3
FROZEN_VIEWS_APART: Final = 6
"""So many where others in between were not looked at: footage that repeats shows the same again after its length."""

BAD_VIEWS: Final = 3
BAD_S: Final = {
    PictureState.BLACK: 4.0,
    PictureState.COVERED: 10.0,
    PictureState.BLURRED: 20.0,
    PictureState.MOVED: 20.0,
    PictureState.FROZEN: 0.0,
}
"""So many views in a row over at least so long before a picture is called bad: a lorry that stops in front of a camera
covers it, and leaves."""
GOOD_VIEWS: Final = 2


@dataclass(frozen=True, slots=True)
class Health:
    """A camera's picture: its state, since when (unix s), and the figure that decided.

    ``score``: black, mean brightness; covered, share that shows nothing; blurred, sharpness relative to the usual;
    frozen, seconds; moved, shift in pixels of 160, or 0 where nothing is known again; good and unknown, 0.
    """

    state: PictureState
    since: float
    score: float


class PictureHealth:
    """Follows one camera. Its reference is learnt from good views alone."""

    def __init__(self, reference: Reference, since: float) -> None:
        self.reference = reference
        self.health = Health(PictureState.UNKNOWN, since, 0.0)
        self._suspect = PictureState.UNKNOWN
        self._suspect_views = 0
        self._suspect_s = self._suspect_at = 0.0
        self._anchor: Image | None = None
        self._anchor_s = 0.0
        self._anchor_views = 0
        self._anchor_apart = False
        self._learnt_s: float | None = None

    def look(self, grey: Image, *, at: float, mono_s: float, apart: bool = False) -> Health:
        """Look at one keyframe.

        Args:
            grey: (180, 320) brightness.
            at: receipt, unix s.
            mono_s: receipt, monotonic s.
            apart: there were other keyframes since the last one, which nobody looked at.
        """
        view = View.of(grey)
        frozen_s = self._still(grey, mono_s, apart)
        state, score = self._judge(view, frozen_s)
        self._settle(state, score, at, mono_s)
        if state is PictureState.GOOD and self.health.state is PictureState.GOOD and frozen_s == 0.0:
            passed_s = 0.0 if self._learnt_s is None else mono_s - self._learnt_s
            self._learnt_s = mono_s
            self.reference.lights[view.light].learn(view, passed_s)
        return self.health

    def renew(self, set_at: float) -> None:
        """Forget how the camera used to look: it was turned on purpose."""
        self.reference = Reference(set_at)
        self._learnt_s = None

    def _judge(self, view: View, frozen_s: float) -> tuple[PictureState, float]:
        if view.mean <= BLACK_MEAN and view.high <= BLACK_HIGH:
            return PictureState.BLACK, view.mean
        known = [light for light in self.reference.lights if light.known]
        checks: tuple[tuple[PictureState, Callable[[], float | None]], ...] = (
            (PictureState.COVERED, lambda: _covered(view, known)),
            (PictureState.FROZEN, lambda: frozen_s if frozen_s >= FROZEN_S else None),
            (PictureState.MOVED, lambda: _moved(view, known)),
            (PictureState.BLURRED, lambda: _blurred(view, known)),
        )
        for state, check in checks:
            score = check()
            if score is not None:
                return state, score
        return PictureState.GOOD, 0.0

    def _settle(self, state: PictureState, score: float, at: float, mono_s: float) -> None:
        """Take a state for true when it has lasted; what is frozen has lasted already."""
        if state is not self._suspect:
            self._suspect, self._suspect_views = state, 0
            self._suspect_s, self._suspect_at = mono_s, at
        self._suspect_views += 1
        if state is self.health.state:
            return
        if state is PictureState.GOOD:
            lasted = self._suspect_views >= GOOD_VIEWS or self.health.state is PictureState.UNKNOWN
        elif state is PictureState.FROZEN:  # it has lasted already
            self._suspect_at = at - score
            lasted = True
        else:
            lasted = self._suspect_views >= BAD_VIEWS and mono_s - self._suspect_s >= BAD_S[state]
        if lasted:
            self.health = Health(state, self._suspect_at, round(score, 2))

    def _still(self, grey: Image, mono_s: float, apart: bool) -> float:
        """Return for how many seconds the picture has been the same, 0 unless for enough views."""
        if self._anchor is None or _difference(grey, self._anchor) > SAME_DIFFERENCE:
            self._anchor, self._anchor_s, self._anchor_views, self._anchor_apart = grey, mono_s, 0, False
        elif apart:
            self._anchor_apart = True
        self._anchor_views += 1
        enough = FROZEN_VIEWS_APART if self._anchor_apart else FROZEN_VIEWS
        return mono_s - self._anchor_s if self._anchor_views >= enough else 0.0


def _difference(one: Image, other: Image) -> float:
    """Return by how many grey levels two pictures differ, but for a tenth of the blocks: a clock may run in one."""
    apart = cv2.resize(cv2.absdiff(one, other).astype(np.float32), (16, 9), interpolation=cv2.INTER_AREA)
    return float(np.partition(np.ravel(apart), -15)[-15])


def _covered(view: View, known: list[Light]) -> float | None:
    """Return the share that shows nothing where that is too much."""
    if view.mean < LIT:
        return None
    bare = float((view.flat < BARE_SPREAD).mean())
    if bare >= BARE_SHARE and view.high - view.low <= BARE_RANGE:
        return bare
    shares = []
    for light in known:
        shown = light.flat >= STRUCTURED_SPREAD
        if np.count_nonzero(shown) < STRUCTURED_BLOCKS:
            return None
        least = FLAT_SHARE * light.flat[shown] * min(view.mean / max(light.mean, 1.0), 1.0)
        shares.append(float((view.flat[shown] < np.minimum(least, FLAT_SPREAD)).mean()))
    return min(shares) if shares and min(shares) >= COVERED_SHARE else None


def _blurred(view: View, known: list[Light]) -> float | None:
    """Return the sharpness relative to the usual where that is too little."""
    if view.mean < LIT:
        return None
    ratios = []
    for light in known:
        shown = (light.flat >= STRUCTURED_SPREAD) & (view.flat >= FLAT_SPREAD)
        if np.count_nonzero(shown) >= STRUCTURED_BLOCKS:
            sharp = view.fine[shown] / np.maximum(view.coarse[shown], 0.1)
            usual = light.fine[shown] / np.maximum(light.coarse[shown], 0.1)
            ratios.append(float(np.median(sharp / usual)))
    return max(ratios) if ratios and max(ratios) < BLURRED_RATIO else None


def _moved(view: View, known: list[Light]) -> float | None:
    """Return the shift in pixels, 0 where nothing is known again, None while the camera looks where it did."""
    shifts = []
    for light in known:
        if view.mean < LIT or float(light.edges.std()) < EDGES_LEAST:
            return None
        if view.edges.mean() < STRUCTURE_LEFT * light.edges.mean():
            return None
        shift = _shift(light.edges, view.edges)
        if shift is None:
            return None
        shifts.append(shift)
    return max(shifts) if shifts else None


def _shift(usual: Floats, edges: Floats) -> float | None:
    """Return None where the edges are where they usually are, else the shift, 0 where they are found nowhere.

    Plain correlation over a window of shifts, not phase correlation: that gives every frequency the same weight, and
    in real pictures most of them are noise (a fixed camera's response fell to -0.05).
    """
    x, y = SEARCHED_PX
    found = cv2.matchTemplate(_soft(usual), _soft(edges)[y:-y, x:-x], cv2.TM_CCOEFF_NORMED)
    here = float(found[y - MOVED_PX : y + MOVED_PX + 1, x - MOVED_PX : x + MOVED_PX + 1].max())
    _, best, _, place = cv2.minMaxLoc(found)
    if best >= SAME_PLACE and best > here + MOVED_GAIN:
        return float(np.hypot(place[0] - x, place[1] - y))
    return None if here >= SAME_PLACE else 0.0


def _soft(edges: Floats) -> Floats:
    return np.asarray(cv2.GaussianBlur(edges, (0, 0), 1.0), np.float32)
