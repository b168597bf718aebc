"""Roads from the lines of a layer: junctions are the ends that coincide to 1e-7 degree (about a centimetre)."""

from collections.abc import Mapping, Sequence

import numpy as np

from camera_config.county import ROAD_CLASSES, Roads
from camera_config.draft import Found
from camera_config.ground import haversine_m
from camera_config.records import RoadRecord

_CODE = {kind: code for code, kind in enumerate(ROAD_CLASSES)}
_PER_DEGREE = 10_000_000


def build_roads(found: Sequence[Found[RoadRecord]], left_out: Mapping[str, int] | None = None) -> Roads:
    """Return the roads in the order of the layer, with junctions numbered by place (south to north, west to east).

    A road is as long as its line, or as its record says where that is longer.
    """
    shapes = [np.array(road.points, dtype=np.float64)[:, ::-1] for road in found]
    counts = np.array([len(shape) for shape in shapes], dtype=np.int64)
    points = np.concatenate(shapes) if shapes else np.zeros((0, 2))
    last = np.cumsum(counts) - 1
    first = last - counts + 1
    ends = np.rint(np.concatenate([points[first], points[last]]) * _PER_DEGREE).astype(np.int64)
    keys, node = np.unique(ends[:, 0] * (400 * _PER_DEGREE) + ends[:, 1], return_inverse=True)
    at = np.zeros((len(keys), 2), dtype=np.int64)
    at[node] = ends
    legs = np.zeros(len(points))
    if len(points):
        legs[1:] = haversine_m(points[:-1, 0], points[:-1, 1], points[1:, 0], points[1:, 1])
        legs[first] = 0.0
    said = np.array([road.record.length_m or 0.0 for road in found])
    return Roads(
        node_lat=at[:, 0] / _PER_DEGREE,
        node_lon=at[:, 1] / _PER_DEGREE,
        start=node[: len(shapes)].astype(np.int32),
        end=node[len(shapes) :].astype(np.int32),
        length_m=np.maximum(np.add.reduceat(legs, first), said) if len(points) else legs,
        road_class=np.array([_CODE[road.record.road_class] for road in found], dtype=np.int8),
        one_way=np.array([road.record.one_way for road in found], dtype=np.bool_),
        name=tuple(road.record.name for road in found),
        shape=tuple(shapes),
        private=tuple(i for i, road in enumerate(found) if road.record.private),
        left_out=tuple(sorted((left_out or {}).items(), key=lambda item: (-item[1], item[0]))),
    )
