"""Keyframes in; tracks, counts and one passage a vehicle out."""

from detection.passage import FINAL, PROVISIONAL, Passage, new_passage_id

__all__ = ["FINAL", "PROVISIONAL", "Passage", "new_passage_id"]
