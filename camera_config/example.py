"""Where the invented county lies: in a source checkout, or the copy inside the installed package."""

from importlib.resources import files
from pathlib import Path


def example_county() -> Path:
    """Return the folder of the invented county of Dongfeng."""
    package = Path(str(files("camera_config")))
    checkout = package.parent / "config" / "dongfeng"
    return checkout if (checkout / "county.toml").is_file() else package / "dongfeng"
