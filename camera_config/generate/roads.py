"""The whole road net of the invented county."""

import random
from dataclasses import dataclass

from camera_config.generate.noding import Piece, to_pieces
from camera_config.generate.plane import Ring
from camera_config.generate.terrain import main_ways, outlines
from camera_config.generate.town import Town
from camera_config.generate.villages import Country


@dataclass(frozen=True, slots=True)
class Land:
    """What the county is built on; ``pieces`` are the roads between junctions."""

    town_ring: Ring
    edge: Ring
    town: Town
    country: Country
    pieces: list[Piece]


def draw(seed: int) -> Land:
    """Return the land for a seed; the same seed gives the same land."""
    town_ring, edge = outlines(random.Random(f"{seed} outlines"))
    town = Town(random.Random(f"{seed} town"))
    main = main_ways(town_ring, edge, town.gates(), random.Random(f"{seed} roads"))
    country = Country(town_ring, edge, main, random.Random(f"{seed} country"))
    return Land(town_ring, edge, town, country, to_pieces([*main, *town.ways(), *country.ways]))
