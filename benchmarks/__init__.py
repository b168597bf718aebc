"""Measurements from a clean checkout: ``python -m benchmarks.NAME``."""
