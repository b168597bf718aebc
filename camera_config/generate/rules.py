"""Rules of the invented county's cameras, one of every kind, by what kind of place they look at."""

from collections.abc import Sequence

from camera_config.generate.cameras import Mount
from camera_config.generate.texts import INVENTED

_PLACES = ("station_square", "school_gate", "bridge", "bank_front")
"""Of each, the county's first camera has rules."""

_TOML = """\
# {invented}
# What cameras watch for. Points are shares of the picture, from its upper left corner. Keys: docs/ref/config.md.

[[rule]]
id = "square-crowd"
camera = "{station_square}"
name = "站前广场聚集"
kind = "crowd"
count = 25                               # more than so many persons
count_end = 20                           # over when so many or fewer are left
zone = [[0.05, 0.35], [0.95, 0.35], [1.0, 1.0], [0.0, 1.0]]

[[rule]]
id = "square-abandoned"
camera = "{station_square}"
name = "站前广场遗留物"
kind = "abandoned"
dwell_s = 120                            # seconds it must stand there
zone = [[0.1, 0.45], [0.9, 0.45], [0.95, 1.0], [0.05, 1.0]]

[[rule]]
id = "school-intrusion"
camera = "{school_gate}"
name = "校门夜间闯入"
kind = "intrusion"
dwell_s = 2
zone = [[0.3, 0.4], [0.7, 0.4], [0.8, 0.9], [0.2, 0.9]]
times = ["21:30-05:30"]                  # by the county's clock; over midnight

[[rule]]
id = "school-stopped"
camera = "{school_gate}"
name = "校门前停车"
kind = "stopped"
dwell_s = 120
zone = [[0.1, 0.55], [0.9, 0.55], [1.0, 1.0], [0.0, 1.0]]
days = ["mon", "tue", "wed", "thu", "fri"]
times = ["07:00-08:20", "16:30-18:00"]

[[rule]]
id = "bridge-line"
camera = "{bridge}"
name = "出城方向过桥"
kind = "line"
line = [[0.5, 0.95], [0.5, 0.3]]
direction = "to_right"                   # as seen along the line from its first point
classes = ["car", "bus", "truck"]

[[rule]]
id = "bridge-wrong-way"
camera = "{bridge}"
name = "桥上逆行"
kind = "wrong_way"
line = [[0.2, 0.9], [0.45, 0.35]]        # the way that is allowed, from and to
zone = [[0.0, 0.3], [0.5, 0.3], [0.5, 1.0], [0.0, 1.0]]

[[rule]]
id = "bank-loitering"
camera = "{bank_front}"
name = "银行门前徘徊"
kind = "loitering"
dwell_s = 180
times = ["22:00-06:00"]
"""


def rules_text(cameras: Sequence[Mount]) -> str:
    """Return camera_rules.toml; ``cameras`` are numbered from 1 as in cameras.csv."""
    kinds = [camera.place_type for camera in cameras]
    return _TOML.format(invented=INVENTED, **{place: f"cam-{kinds.index(place) + 1:03d}" for place in _PLACES})
