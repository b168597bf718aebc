"""The rules of all cameras of one process."""

from collections.abc import Sequence

from camera_config.camera_rules import CameraRule
from camera_config.ids import CameraId, FeedId
from detection.decode import Picture
from detection.objects import Detection
from detection.picture_health import PictureState
from detection.rules.held import RuleEvent
from detection.rules.watch import RuleWatch


class RuleDesk:
    """Knows which of its cameras have rules, and asks nothing of the others.

    Args:
        cameras: those that this process looks at.
        rules: of the whole county; those of other cameras are left out.
        utc_offset_s: of the county's wall clock.
    """

    def __init__(
        self, cameras: Sequence[CameraId] = (), rules: Sequence[CameraRule] = (), utc_offset_s: int = 0
    ) -> None:
        self._watches: dict[FeedId, RuleWatch] = {}
        for camera in cameras:
            own = [rule for rule in rules if rule.camera == camera]
            if own:
                self._watches[camera] = RuleWatch(camera, own, utc_offset_s)
        self.cameras: tuple[FeedId, ...] = tuple(self._watches)

    def look(
        self, feed: FeedId, found: Sequence[Detection], picture: Picture, *, at: float, mono_s: float
    ) -> list[RuleEvent]:
        """Take what was detected in a keyframe that came at unix ``at``; return what is to be told."""
        watch = self._watches.get(feed)
        return [] if watch is None else watch.look(found, picture, at=at, mono_s=mono_s)

    def judged(self, feed: FeedId, state: PictureState, at: float) -> list[RuleEvent]:
        """Take what a camera's picture is like from now on."""
        watch = self._watches.get(feed)
        return [] if watch is None else watch.judged(state, at)

    def stale(self, now_s: float, at: float) -> list[RuleEvent]:
        """Return what is not known any more because no picture came; call it about once a second."""
        return [event for watch in self._watches.values() for event in watch.stale(now_s, at)]

    def lose(self, at: float, cause: str, of: FeedId | None = None) -> list[RuleEvent]:
        """End everything as unknown, of all cameras or of one, which begins anew with its next picture."""
        return [event for feed, watch in self._watches.items() if of in (None, feed) for event in watch.lose(at, cause)]
