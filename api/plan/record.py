"""When a readiness is worth a row: at once when an answer changed, else once a minute when its figures did."""

from typing import Any

RINGS = ("joint", "town", "county")
FIGURES_S = 60.0


class Recorder:
    """Remembers what was recorded last."""

    def __init__(self) -> None:
        self._answer: tuple[object, ...] | None = None
        self._figures: tuple[object, ...] | None = None
        self._at_s = float("-inf")

    def changed(self, readiness: dict[str, Any], now_s: float) -> dict[str, Any] | None:
        """Return the data of ``verdict.changed``, or None when nothing new is to be said at monotonic ``now_s``."""
        answer = tuple((readiness[ring]["state"], readiness[ring]["feasible"]) for ring in RINGS)
        joint = readiness["joint"]
        figures = (joint["t_star_s"], joint["weakest_post"], joint["margin_s"])
        later = figures != self._figures and now_s - self._at_s >= FIGURES_S
        if answer == self._answer and not later:
            return None
        self._answer, self._figures, self._at_s = answer, figures, now_s
        return {
            "computed_at": readiness["computed_at"],
            "state": readiness["state"],
            "t_star_s": joint["t_star_s"],
            "weakest_post": joint["weakest_post"],
            "margin_s": joint["margin_s"],
            "digest": readiness["digest"],
            "certificate": {ring: readiness[ring]["certificate"] for ring in RINGS},
        }
