"""The roads as compiled functions take them: two tuples of arrays, with their types."""

from lockdown.compiled.jit import record
from lockdown.graph import Land
from lockdown.lines import Lines

LINES = record(Lines, "i", "i", "i", "ff", "ff", "i", "f", "f")
LAND = record(Land, "i", "i", "f", "i", "b", "i", "i", "i", "i", "i", "i", "i", "i")
