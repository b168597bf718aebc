"""Other ways to the same answers, and what they are asked: for ``benchmarks.seal``."""
