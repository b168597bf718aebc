"""Trains kakou's own plate models on plates drawn by itself. Not part of the installed package; needs torch."""
