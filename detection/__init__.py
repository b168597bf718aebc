"""Keyframes in; tracks, counts and one passage a vehicle out."""
