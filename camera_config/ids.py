"""Ids have types of their own, so that a camera cannot be passed for a checkpoint."""

from typing import NewType

CameraId = NewType("CameraId", str)
CheckpointId = NewType("CheckpointId", str)
PostId = NewType("PostId", str)
RouteId = NewType("RouteId", str)
RuleId = NewType("RuleId", str)
StandbyPointId = NewType("StandbyPointId", str)
TownshipId = NewType("TownshipId", str)
UnitId = NewType("UnitId", str)
ZoneId = NewType("ZoneId", str)

FeedId = CameraId | CheckpointId
"""What delivers a video stream: a street camera or a smart checkpoint. Ids are unique over both."""
