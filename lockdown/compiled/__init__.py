"""What must be fast, compiled by numba: plain functions of numbers and arrays that run without it too, only slower.

Nothing here is imported by ``import lockdown``; the first who plans pays for numba once. Every function has one
signature, so what is compiled (or read from numba's cache, ``NUMBA_CACHE_DIR``) is compiled when the module is
imported, and nothing afterwards.
"""
