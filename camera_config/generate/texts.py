"""The commented TOML files of the invented county."""

INVENTED = "Invented county: real place and road names where known, every position, device and unit is made up."

COUNTY_TOML = """\
# {invented}
# Written by: python -m camera_config.generate --seed {seed} --out config/dongfeng. Keys: docs/ref/config.md.

name = "东丰县（虚构）"                  # shown at the top of the wall
code = "220421"                          # division code, 6 digits; every GB/T 28181 code begins with it
invented = true                          # true: every display says that the county is invented
datum = "WGS84"                          # of every coordinate in this folder; GCJ-02 is refused
rtsp_base = "rtsp://127.0.0.1:8554"      # a device without url is read at rtsp_base/ID; never with credentials
camera_networks = ["127.0.0.0/8"]        # where cameras may be, as CIDR; loopback only where listed; default anywhere
utc_offset = "+08:00"                    # the county's wall clock, for the hours of camera rules; default +08:00

[centre]                                 # middle of the county town, degrees; where the map opens
lat = 42.68
lon = 125.53

[ring.town]                              # second line of defence: the town's exits
deadline_s = 900                         # seconds from the order to staffed, inclusive; a post may say less

[ring.county]                            # third line of defence: the county's edge
deadline_s = 1800                        # seconds, as above

[streams]
sub = false                              # true: a camera without url also sends a sub-stream at rtsp_base/ID/sub

[positions]                              # another system's stream of positions (Redis, Valkey); docs/guide/positions.md
url = ""                                 # redis://HOST:PORT/DB, never with credentials; default none: HTTP alone
stream = ""                              # name of the stream; default none

[layers]                                 # files of this folder; these are also the defaults
cameras = "cameras.csv"
checkpoints = "checkpoints.toml"
units = "units.csv"
rules = "rules.toml"
camera_rules = "camera_rules.toml"
townships = "townships.geojson"
zones = "zones.geojson"
posts = "posts.geojson"
standby = "standby.geojson"
routes = "routes.geojson"
rings = "rings.geojson"
closures = "closures.geojson"
roads = "roads.geojson"
"""

RULES_TOML = """\
# {invented}
# Speeds and delays are assumed, not measured; calibrate them by drills. Keys: docs/ref/config.md.

clock_zero = "t_order"                   # t_order or t_alert: where the 15 and 30 minutes begin; default t_order
ring_priority = "town"                   # town or county: the ring kept when both together are impossible; default town
ready_travel_slack_permille = 1300       # per mille; READY only if every drive may take so much longer; default 1300
hold_s = 3600                            # seconds a post is held; shifts must last as long; default 3600
callable_delay_s = 1200                  # seconds until a unit called from off duty moves; default 1200

too_old_moving_s = 30                    # seconds; an older position of a moving unit is unknown; default 30
too_old_standing_s = 120                 # seconds; the same for a standing unit; default 120
frozen_s = 600                           # seconds of identical coordinates while "moving": frozen, unknown; default 600
moving_kmh = 5.0                         # km/h; faster is moving; default 5
max_unit_kmh = 160.0                     # km/h; a jump that needs more is impossible, unknown; default 160

weather = "dry"                          # dry, rain or snow: which speed table holds now; default dry
snap_max_m = 30.0                        # metres; a post or unit farther from a road is refused; default 30
fugitive_factor_permille = 1300          # per mille of dry speeds at which the fugitive drives; default 1300
verdict_valid_s = 10                     # seconds a verdict may be shown, at most 10; default 10

junction_ms = 0                          # ms that the police take at each junction of three roads or more; default 0
hour_permille = [                        # per mille of the driving time, by hour of the wall clock; default 1000 each
    1000, 1000, 1000, 1000, 1000, 1000, 1000, 1000, 1000, 1000, 1000, 1000,  # from 0:00
    1000, 1000, 1000, 1000, 1000, 1000, 1000, 1000, 1000, 1000, 1000, 1000,  # from 12:00
]

[dispatch_delay_s]                       # seconds from the order to wheels turning, by what the unit is doing
available = 60
patrol = 60
standby = 45
at_station = 90
on_call = 600                            # never counted for READY
committed_other = 300                    # after its release; never counted for READY
off_duty = 1200                          # if it can be called; never counted for READY
unknown = 90                             # never counted for READY

# How far drives and turnouts differ from the times above, which are means; the odds of a plan come from it.
[noise]
model = "mixed"                          # independent, zone_class, global, mixed: what is slow together; default mixed
travel_cv_permille = 150                 # per mille; coefficient of variation of driving, long roads here; default 350
turnout_cv_permille = 600                # per mille; the same of turning out; default 600
assumed = true                           # true: not measured here, and shown as assumed; default true

# Speeds in km/h over a whole drive, no siren, by road class; a lower speed makes every arrival later.
[speed_kmh.dry]
expressway = 95.0
national = 65.0
provincial = 58.0
county = 50.0
street = 32.0
village = 28.0
track = 15.0

[speed_kmh.rain]
expressway = 80.0
national = 56.0
provincial = 50.0
county = 43.0
street = 28.0
village = 24.0
track = 11.0

[speed_kmh.snow]
expressway = 60.0
national = 42.0
provincial = 37.0
county = 32.0
street = 23.0
village = 18.0
track = 8.0
"""
