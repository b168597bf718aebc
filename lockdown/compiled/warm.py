"""Load everything that is compiled; what numba's cache does not hold yet is compiled now, and kept there."""

from lockdown.compiled import bottleneck, drives, jit, near, rows

MODULES = (near, drives, bottleneck, rows)


def compiled_now() -> int:
    """Return how many functions had to be compiled in this process; 0 where all came from the cache."""
    return jit.compilations()
