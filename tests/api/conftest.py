from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from api.run_folder import RunFolder
from tests.support.small_county import small_county
from tests.support.web import Bench, bench, bus_home

__all__ = ["bus_home", "web", "web_and_bus"]


@pytest.fixture
async def web(bus_home: tuple[RunFolder, Path]) -> AsyncIterator[Bench]:
    """A real app over a real store, with a clock that stands still and without a bus."""
    async with bench(bus_home, small_county(), bus_up=False) as made:
        yield made


@pytest.fixture
async def web_and_bus(bus_home: tuple[RunFolder, Path]) -> AsyncIterator[Bench]:
    """The same with a real bus."""
    async with bench(bus_home, small_county()) as made:
        yield made
