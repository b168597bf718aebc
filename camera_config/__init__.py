"""Facts that hold while kakou runs: the county and its devices, roads and rules, ids, clock and errors.

A county's folder goes in (``camera_config.load.load_county``); a ``County`` comes out, or every mistake at once.
"""

from camera_config.clock import Clock, SystemClock
from camera_config.county import County, Position, Ring, UnitStatus
from camera_config.errors import ConfigError, CountyError
from camera_config.example import example_county

__all__ = [
    "Clock",
    "ConfigError",
    "County",
    "CountyError",
    "Position",
    "Ring",
    "SystemClock",
    "UnitStatus",
    "example_county",
]
