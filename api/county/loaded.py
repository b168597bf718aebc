"""The county as an installation has it: the folder's files, less what does not hold for the footage it is shown."""

from dataclasses import replace

from api.settings import Settings
from camera_config.county import County
from camera_config.load import load_county


def county_of(settings: Settings) -> County:
    """Return the county; without speed points where what the cameras show is not what was measured.

    Raises:
        ConfigError: the folder has mistakes.
    """
    county = load_county(settings.county)
    if settings.calibrated:
        return county
    bare = (replace(checkpoint, speed_points=(), mast_m=None) for checkpoint in county.checkpoints)
    return replace(county, checkpoints=tuple(bare))
