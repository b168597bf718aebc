"""Tables of passages and of what cameras counted. Times are unix seconds."""

from sqlalchemy import BigInteger, Boolean, Column, Float, ForeignKey, Index, Integer, String, Table, Text

from api.store.metadata import BigId, metadata

vehicle = Table(
    "vehicle",
    metadata,
    Column("id", BigId, primary_key=True),
    Column("plate", String(16), nullable=False, unique=True, comment="normalised; wildcards search here"),
)

passage = Table(
    "passage",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("version", Integer, nullable=False, comment="1 provisional, 2 final"),
    Column("checkpoint", String(64), nullable=False),
    Column("at", Float, nullable=False),
    Column("first_seen", Float, nullable=False),
    Column("last_seen", Float, nullable=False),
    Column("vehicle_id", BigId, ForeignKey("vehicle.id"), comment="null: the plate is unread"),
    Column("certain", Boolean, nullable=False),
    Column("confidence", Float, nullable=False),
    Column("plate_class", String(32)),
    Column("plate_colour", String(32)),
    Column("province_prior", Boolean, comment="true: the county's own province decided the first character"),
    Column("lane", Integer),
    Column("direction", String(16), comment="towards or away: which way it drove past the camera; null: not seen"),
    Column("speed_kmh", Float, comment="null: the checkpoint is not calibrated, or it was too vague to tell"),
    Column("speed_error_kmh", Float, comment="95 % of the true speeds are within this; null with the speed"),
    Column("vehicle_class", String(32)),
    Column("source", String(16), nullable=False, comment="video or device: who reported it first"),
    Column("final", Boolean, nullable=False),
    Column("drill", Boolean, nullable=False),
    Column("frame_received_at", Float),
    Column("scene_path", Text),
    Column("scene_sha256", String(64)),
    Column("crop_path", Text),
    Column("crop_sha256", String(64)),
    Column("stored_at", Float, nullable=False),
)
Index("ix_passage_at_id", passage.c.at, passage.c.id)
Index("ix_passage_checkpoint_at", passage.c.checkpoint, passage.c.at)
Index("ix_passage_vehicle_at", passage.c.vehicle_id, passage.c.at)

report = Table(
    "passage_report",
    metadata,
    Column("id", String(36), primary_key=True, comment="the passage id its source gave"),
    Column("passage_id", String(36), ForeignKey("passage.id"), nullable=False, comment="where it was counted"),
    Column("source", String(16), nullable=False),
    Column("version", Integer, nullable=False),
)
Index("ix_passage_report_passage_id", report.c.passage_id)

street_count = Table(
    "street_count",
    metadata,
    Column("camera", String(64), primary_key=True),
    Column("from_at", Float, primary_key=True),
    Column("to_at", Float, nullable=False),
    Column("frames", BigInteger, nullable=False),
    Column("persons", BigInteger, nullable=False, comment="sum of boxes over the frames"),
    Column("vehicles", BigInteger, nullable=False, comment="sum of boxes over the frames"),
)

feed_state = Table(
    "feed_state",
    metadata,
    Column("feed", String(64), primary_key=True),
    Column("state", String(32), nullable=False),
    Column("since", Float, nullable=False),
    Column("cause", Text, nullable=False),
)
