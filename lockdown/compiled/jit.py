"""The decorator of compiled functions, and the counter that shows that nothing is compiled when it must not be."""

from collections.abc import Callable
from importlib import import_module
from typing import Any, TypeVar

Function = TypeVar("Function", bound=Callable[..., Any])


def jit(signature: str) -> Callable[[Function], Function]:
    """Compile a function for one signature, in numba's words; ``NUMBA_DISABLE_JIT=1`` leaves it as it is."""

    def compiled(function: Function) -> Function:
        return function if _numba is None else _numba.njit(signature, cache=True, nogil=True)(function)

    return compiled


def compilations() -> int:
    """Return how often numba has compiled in this process; what is read from its cache does not count."""
    return 0 if _seen is None else sum(1 for _, what in _seen.buffer if what.is_start)


def _load() -> tuple[Any, Any]:
    """Return numba and a listener to its compiling, or nothing where there is no numba for the machine."""
    try:
        numba, event = import_module("numba"), import_module("numba.core.event")
    except ImportError:
        return None, None
    seen = event.RecordingListener()
    event.register("numba:compile", seen)
    return numba, seen


_numba, _seen = _load()
