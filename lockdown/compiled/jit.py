"""The decorator of compiled functions, and the counter that shows that nothing is compiled when it must not be."""

import hashlib
import os
import shutil
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any, Final, TypeVar

Function = TypeVar("Function", bound=Callable[..., Any])

Kind = Any
"""A type of numba's; what it is stays in this module."""


CACHE: Final = "kakou-"
"""A folder of this and a digest, in ``NUMBA_CACHE_DIR`` or beside the compiled modules."""


def _keep(numba: Any) -> None:
    """Have numba keep what it compiles under a digest of all that it may be made of.

    By itself it looks at a function's own file only, and would go on with what another one was before.
    """
    here = Path(__file__).parent
    beside = os.environ.get("NUMBA_CACHE_DIR")
    base = Path(beside) if beside else here / "__pycache__"
    if not beside and not os.access(here, os.W_OK):
        return  # numba finds a place of its own
    sources = [*sorted(here.glob("*.py")), *(here.parent / f"{name}.py" for name in ("lines", "reach", "times"))]
    digest = hashlib.sha256(b"".join(source.read_bytes() for source in sources)).hexdigest()[:16]
    for old in base.glob(f"{CACHE}*"):
        if old.name != CACHE + digest:
            shutil.rmtree(old, ignore_errors=True)
    numba.config.CACHE_DIR = str(base / (CACHE + digest))


def _load() -> tuple[Any, Any]:
    """Return numba and a listener to its compiling, or nothing where there is no numba for the machine."""
    try:
        numba, event = import_module("numba"), import_module("numba.core.event")
    except ImportError:
        return None, None
    _keep(numba)
    seen = event.RecordingListener()
    event.register("numba:compile", seen)
    return numba, seen


_numba, _seen = _load()


def kind(name: str) -> Kind:
    """Return the type of a name: ``i``, ``f``, ``b`` are arrays, ``ii`` of two dimensions; others are single values."""
    if _numba is None:
        return None
    types = _numba.types
    single = {"int": types.int64, "float": types.float64, "bool": types.boolean, "none": types.none}
    if name in single:
        return single[name]
    inner = {"i": types.int64, "f": types.float64, "b": types.boolean}[name[0]]
    return types.Array(inner, len(name), "C")


def record(cls: type, *names: str) -> Kind:
    """Return the type of a named tuple whose fields have these kinds."""
    return None if _numba is None else _numba.types.NamedTuple([kind(name) for name in names], cls)


def jit(returns: str, *takes: "str | Kind") -> Callable[[Function], Function]:
    """Compile a function for one signature, of ``kind``s and ``record``s; several values are returned as ``"int i f"``.

    ``NUMBA_DISABLE_JIT=1`` leaves it as it is.
    """

    def compiled(function: Function) -> Function:
        if _numba is None:
            return function
        given = [kind(name) for name in returns.split()]
        back = given[0] if len(given) == 1 else _numba.types.Tuple(given)
        signature = back(*(kind(each) if isinstance(each, str) else each for each in takes))
        made: Function = _numba.njit(signature, cache=True, nogil=True)(function)
        return made

    return compiled


def compilations() -> int:
    """Return how often numba has compiled in this process; what is read from its cache does not count."""
    return 0 if _seen is None else sum(1 for _, what in _seen.buffer if what.is_start)
