"""Ways as files of roads draw them, made to road pieces from junction to junction.

A place is one whole number: degrees times 1e7, latitude and longitude side by side (``place_at``). What lies at the
same place is the same place: so do OSM's own nodes, which have seven decimals, and the ends of a GeoJSON line.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from camera_config.county import RoadClass

PER_DEGREE = 10_000_000
_LON_BITS = 32
_LON_ZERO = 1 << 31

SAME_M = 1.0
"""Two directions of one road are as long as each other to within this."""

Places = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Kind:
    """What road it is. ``private``: signed against general traffic."""

    road_class: RoadClass
    name: str = ""
    private: bool = False


@dataclass(frozen=True, slots=True)
class Way:
    """A line of places, driven from first to last where ``one_way``, else both ways.

    ``length_m`` is 0, or what the file says where the road may be longer than the line.
    """

    places: Places
    kind: Kind
    one_way: bool = False
    length_m: float = 0.0


@dataclass(frozen=True, slots=True)
class WaysRead:
    """What a file holds: its roads as pieces, and of what was left out or cut how many ways, by reason."""

    ways: list[Way]
    left_out: dict[str, int]


def place_at(lat_e7: int, lon_e7: int) -> int:
    """Return the place at whole 1e-7 degrees."""
    return (lat_e7 << _LON_BITS) + lon_e7 + _LON_ZERO


def lon_lat(place: int) -> list[float]:
    """Return [lon, lat] in degrees, as GeoJSON has it."""
    return [((place & (2 * _LON_ZERO - 1)) - _LON_ZERO) / PER_DEGREE, (place >> _LON_BITS) / PER_DEGREE]


def without_repeats(places: Iterable[int]) -> Places:
    """Return the places without those that stand twice in a row: no leg has no length."""
    made: list[int] = []
    for place in places:
        if not made or made[-1] != place:
            made.append(place)
    return tuple(made)


def pieces_of(ways: Sequence[Way]) -> list[Way]:
    """Return the pieces between junctions of ways that meet wherever they share a place.

    A junction is where two ways meet, a way meets itself, or a way ends. Where only two pieces meet that are the same
    road (class, name, signs, direction), they are one. No piece begins where it ends, none stands twice.
    """
    return without_loops(_joined(merged(_cut(ways))))


def merged(ways: Iterable[Way]) -> list[Way]:
    """Return each line once: drawn in both directions it is driven in both; the first gives class, name and signs.

    Lines whose lengths differ are two roads.
    """
    made: list[Way] = []
    found: dict[Places, list[int]] = defaultdict(list)
    for way in ways:
        like = found[min(way.places, way.places[::-1])]
        i = next((i for i in like if abs(made[i].length_m - way.length_m) <= SAME_M), None)
        if i is None:
            like.append(len(made))
            made.append(way)
        else:
            both = not made[i].one_way or not way.one_way or made[i].places != way.places
            made[i] = replace(made[i], one_way=not both)
    return made


def without_loops(ways: Iterable[Way]) -> list[Way]:
    """Return the same roads, those that begin where they end cut in the middle."""
    made: list[Way] = []
    for way in ways:
        if way.places[0] != way.places[-1]:
            made.append(way)
            continue
        middle = len(way.places) // 2
        halves = (way.places[: middle + 1], way.places[middle:])
        made += [replace(way, places=half, length_m=way.length_m / 2) for half in halves]
    return merged(made)


def _cut(ways: Iterable[Way]) -> Iterator[Way]:
    ways = list(ways)
    uses = Counter(place for way in ways for place in way.places)
    for way in ways:
        uses[way.places[0]] += 1
        uses[way.places[-1]] += 1
    for way in ways:
        last = len(way.places) - 1
        ends = [i for i, place in enumerate(way.places) if uses[place] > 1 or i in (0, last)]
        for low, high in pairwise(ends):
            yield replace(way, places=way.places[low : high + 1])


def _joined(pieces: list[Way]) -> list[Way]:
    """Return the pieces put together at every joint, each chain in the direction of its first piece."""
    at: dict[int, list[int]] = defaultdict(list)
    for i, piece in enumerate(pieces):
        at[piece.places[0]].append(i)
        at[piece.places[-1]].append(i)
    joints = {place for place, met in at.items() if len(met) == 2 and _one_road(place, pieces[met[0]], pieces[met[1]])}
    done: set[int] = set()
    made: list[Way] = []
    # Chains that end somewhere begin at their ends; what is left then are rings, which may begin anywhere.
    for ends_only in (True, False):
        for i, piece in enumerate(pieces):
            if i in done:
                continue
            if piece.places[0] not in joints:
                made.append(_chain(pieces, at, joints, i, done))
            elif piece.places[-1] not in joints and not piece.one_way:
                pieces[i] = replace(piece, places=piece.places[::-1])
                made.append(_chain(pieces, at, joints, i, done))
            elif not ends_only:
                made.append(_chain(pieces, at, joints, i, done))
    return made


def _one_road(place: int, one: Way, other: Way) -> bool:
    if one is other or one.kind != other.kind or one.one_way != other.one_way:
        return False
    return not one.one_way or (one.places[-1] == place) != (other.places[-1] == place)


def _chain(pieces: list[Way], at: dict[int, list[int]], joints: set[int], first: int, done: set[int]) -> Way:
    """Return piece ``first`` and all that follow its end over joints, and note them as done."""
    piece, places, i = pieces[first], list(pieces[first].places), first
    done.add(first)
    while places[-1] in joints:
        one, other = at[places[-1]]
        i = other if one == i else one
        if i in done:
            break
        done.add(i)
        onward = pieces[i].places
        places += (onward if onward[0] == places[-1] else onward[::-1])[1:]
    return replace(piece, places=tuple(places))
