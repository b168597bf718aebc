"""Which events are stored: one watermark a producer, moved in the transaction that stores its events."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from sqlalchemy import Connection, insert, select, update
from sqlalchemy.exc import IntegrityError

from api.store.tables import watermark
from camera_config.errors import StoreError


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of the stream of events; ``id`` is the stream's, ``body`` the event's JSON.

    ``after`` is the number of the producer's event before this one (``api.log.outbox``).
    """

    id: str
    producer: str
    seq: int
    after: int
    body: str

    @classmethod
    def of(cls, entry_id: str, fields: Mapping[str, str]) -> "Entry":
        """Read a stream entry.

        Raises:
            ValueError: it is not from an outbox.
        """
        try:
            seq = int(fields["seq"])
            after = int(fields.get("after", seq - 1))
            return cls(entry_id, fields["producer"], seq, after, fields["event"])
        except KeyError as error:
            raise ValueError(f"entry {entry_id} has no field {error}") from error


class Place(Enum):
    """Where an entry stands against its producer's watermark."""

    NEXT = "next"
    REPEAT = "repeat"
    GAP = "gap"


def place(entry: Entry, last: int) -> Place:
    """Return whether ``entry`` is the next to store, is stored already, or comes too early."""
    if entry.seq <= last:
        return Place.REPEAT
    return Place.NEXT if entry.after <= last else Place.GAP


def read_marks(connection: Connection) -> dict[str, int]:
    """Return the watermarks of all producers."""
    return {row.producer: row.seq for row in connection.execute(select(watermark))}


def move_marks(connection: Connection, old: Mapping[str, int], new: Mapping[str, int]) -> None:
    """Move the watermarks that differ.

    Raises:
        StoreError: another keeper moved one meanwhile; roll back and read them again.
    """
    for producer, seq in new.items():
        last = old.get(producer)
        if last == seq:
            continue
        if last is None:
            try:
                connection.execute(insert(watermark).values(producer=producer, seq=seq))
            except IntegrityError as error:
                raise StoreError(f"another keeper stores the events of {producer}") from error
            continue
        moved = connection.execute(
            update(watermark).where(watermark.c.producer == producer, watermark.c.seq == last).values(seq=seq)
        )
        if moved.rowcount != 1:
            raise StoreError(f"another keeper stores the events of {producer}")
