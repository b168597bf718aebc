"""``python -m camera_config.generate --seed 1 --out config/dongfeng`` writes the invented county."""

import argparse
from pathlib import Path

from camera_config.generate.write import write_county


def main() -> None:
    """Read the arguments and write the folder."""
    parser = argparse.ArgumentParser(prog="python -m camera_config.generate", description=__doc__)
    parser.add_argument("--seed", type=int, default=1, help="the same seed gives the same bytes (default 1)")
    parser.add_argument("--out", type=Path, required=True, help="folder to write; files of other names stay")
    given = parser.parse_args()
    write_county(given.seed, given.out)


if __name__ == "__main__":
    main()
