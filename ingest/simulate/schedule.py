"""Which feed gets which trouble from when to when: the text of ``--fault`` read, and carried out on a server's loop."""

import asyncio
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from camera_config.errors import ConfigError
from ingest.simulate.faults import Trouble, parse_trouble
from ingest.simulate.mount import SUB

NUMBER = r"\d+(?:\.\d+)?"
TEXT = re.compile(
    rf"(?P<feed>[^=]+)=(?P<kind>[a-z0-9_]+(?::.*?)?)(?:@(?P<begin>{NUMBER})(?:-(?P<end>{NUMBER}))?)?", re.ASCII
)
GRAMMAR = "FEED=KIND[:VALUE][@FROM[-UNTIL]]"
MAIN = "/main"
"""A camera's main stream alone, where FEED would be both."""


@dataclass(frozen=True, slots=True)
class PlannedFault:
    """Trouble of some feeds from ``begin_s`` on, until ``end_s`` or for good (seconds since the start)."""

    feed: str
    trouble: Trouble
    begin_s: float
    end_s: float | None

    def mounts(self, cameras: Sequence[str], checkpoints: Sequence[str], mounts: Sequence[str]) -> list[str]:
        """Return the mounts that ``feed`` means.

        Args:
            cameras: ids of the street cameras that are played, in file order.
            checkpoints: ids of the checkpoints.
            mounts: what is served, sub-streams included.

        Raises:
            ConfigError: it means none.
        """
        feed, _, part = self.feed.partition("/")
        groups = {"all": [*cameras, *checkpoints], "cameras": list(cameras), "checkpoints": list(checkpoints)}
        if feed.isdigit():
            named = list(cameras[: int(feed)])
        else:
            named = groups.get(feed, [each for each in groups["all"] if each == feed])
        ends = {"": ("", SUB), MAIN[1:]: ("",), SUB[1:]: (SUB,)}.get(part, ())
        found = [name + end for name in named for end in ends if name + end in mounts]
        if not found:
            raise ConfigError(
                f"--fault names feeds that are not played: {self.feed}.",
                hint="FEED is an id, all, cameras, checkpoints or a number of street cameras; ID/main or ID/sub: one "
                "stream of it.",
            )
        return found


def parse_fault(text: str) -> PlannedFault:
    """Return what one ``--fault`` says.

    Raises:
        ConfigError: it is not of the form, or there is no such trouble.
    """
    match = TEXT.fullmatch(text)
    if match is None:
        raise ConfigError(f"--fault {text} is not {GRAMMAR}.", hint="For example cam-001=stall@20-40 or 100=flap:5.")
    try:
        trouble = parse_trouble(match["kind"])
    except ValueError as error:
        raise ConfigError(f"--fault {text}: {error}.", hint="See kakou simulate cameras --help.") from error
    begin, end = float(match["begin"] or 0.0), float(match["end"]) if match["end"] else None
    if end is not None and end <= begin:
        raise ConfigError(f"--fault {text} ends before it begins.", hint=f"{GRAMMAR}, in seconds since the start.")
    return PlannedFault(match["feed"], trouble, begin, end)


def carry_out(
    planned: Sequence[tuple[PlannedFault, Sequence[str]]], set_fault: Callable[[str, Trouble | None], None]
) -> None:
    """Begin and end the faults on the running loop, from now on; of two on one mount the later begun holds."""
    later = asyncio.get_running_loop().call_later
    holding: dict[str, PlannedFault] = {}

    def begin(fault: PlannedFault, mounts: Sequence[str]) -> None:
        for mount in mounts:
            holding[mount] = fault
            set_fault(mount, fault.trouble)

    def end(fault: PlannedFault, mounts: Sequence[str]) -> None:
        for mount in mounts:
            if holding.get(mount) is fault:
                set_fault(mount, None)

    for fault, mounts in planned:
        later(fault.begin_s, begin, fault, mounts)
        if fault.end_s is not None:
            later(fault.end_s, end, fault, mounts)
