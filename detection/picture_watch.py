"""The health of all pictures of one process: keyframes in; changes to be told, and what was confirmed, out."""

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from detection.decode import Image
from detection.picture_health import Health, PictureHealth, PictureState
from detection.picture_reference import Reference

log = logging.getLogger(__name__)

EVERY_S: Final = 1.0
"""A checkpoint's picture is judged this often at most; it gives several keyframes a second."""
SAVE_S: Final = 600.0
"""A reference that changed is written this often, one camera at a time."""


class PictureWatch:
    """Keeps the health and the reference of each feed; a feed is known from its first keyframe on.

    Args:
        folder: the references, ``ID.npz``; made with the first that is written.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._watched: dict[str, PictureHealth] = {}
        self._told: dict[str, Health] = {}
        self._causes: dict[str, str] = {}
        self._looked_s: dict[str, float] = {}
        self._unsaved_s: dict[str, float] = {}
        self._seen: dict[str, dict[str, Any]] = {}

    def look(self, feed: str, grey: Image, *, at: float, mono_s: float, apart: bool = False) -> dict[str, Any] | None:
        """Judge a keyframe, (180, 320) brightness; return the data of ``picture.state`` when that changed.

        Args:
            feed: the camera or checkpoint.
            grey: its picture.
            at: receipt, unix s.
            mono_s: receipt, monotonic s.
            apart: there were other keyframes since the last one, which nobody looked at.
        """
        if mono_s - self._looked_s.get(feed, float("-inf")) < EVERY_S:
            return None
        self._looked_s[feed] = mono_s
        watched = self._watched.get(feed)
        if watched is None:
            reference = Reference.load(self._file(feed)) or Reference(at)
            watched = self._watched[feed] = PictureHealth(reference, at)
            self._unsaved_s[feed] = mono_s - SAVE_S * (len(self._watched) % 16) / 16
        health = watched.look(grey, at=at, mono_s=mono_s, apart=apart)
        return self._tell(feed, health, at, "")

    def leave_out(self, feed: str, cause: str, at: float) -> dict[str, Any] | None:
        """Take a feed's picture for unknown at unix ``at``; return the data of ``picture.state`` if that is news."""
        self._watched.pop(feed, None)
        before = self._told.get(feed)
        since = before.since if before and before.state is PictureState.UNKNOWN else at
        return self._tell(feed, Health(PictureState.UNKNOWN, since, 0.0), at, cause)

    def renew(self, asked: Mapping[str, float]) -> None:
        """Learn anew how those cameras look that were turned on purpose after (unix s) their reference was begun."""
        for feed, at in asked.items():
            watched = self._watched.get(feed)
            if watched is not None and at > watched.reference.set_at:
                watched.renew(at)
                self._unsaved_s[feed] = float("-inf")
                log.info("picture.reference_renewed feed=%s", feed)

    def save(self, now_s: float) -> None:
        """Write the reference that has waited longest, if it is time; a full disk costs the reference alone."""
        feed = min(self._unsaved_s, key=self._unsaved_s.__getitem__, default=None)
        if feed is not None and now_s - self._unsaved_s[feed] >= SAVE_S:
            self._unsaved_s[feed] = now_s
            self._save(feed)

    def seen(self) -> dict[str, dict[str, Any]]:
        """Return what was confirmed since the last call, as the live message ``pictures`` has it."""
        seen, self._seen = self._seen, {}
        return seen

    def close(self) -> None:
        """Write all references."""
        for feed in self._watched:
            self._save(feed)

    def _tell(self, feed: str, health: Health, at: float, cause: str) -> dict[str, Any] | None:
        self._seen[feed] = {"picture": health.state, "since": health.since, "seen_at": at, "cause": cause}
        if self._told.get(feed) == health and self._causes.get(feed) == cause:
            return None
        self._told[feed], self._causes[feed] = health, cause
        return {
            "feed": feed,
            "picture": health.state,
            "since": health.since,
            "score": health.score,
            "cause": cause,
        }

    def _save(self, feed: str) -> None:
        watched = self._watched.get(feed)
        if watched is None:
            return
        try:
            watched.reference.save(self._file(feed))
        except OSError as error:
            log.warning("picture.reference_unsaved feed=%s: %s", feed, error)

    def _file(self, feed: str) -> Path:
        return self._folder / f"{feed}.npz"
