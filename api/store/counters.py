"""Running totals of the producers, what cameras counted, and the state of feeds: events in, rows out."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter
from sqlalchemy import Connection, Engine, func, select

from api.log.envelope import Event
from api.passages.tables import feed_state, street_count
from api.plan.tables import verdicts
from api.store.tables import counter
from api.store.upsert import insert_into


class StreetCounts(BaseModel):
    """The data of ``street.counts``."""

    model_config = ConfigDict(extra="ignore", allow_inf_nan=False)

    camera: str = Field(max_length=64)
    from_at: float = Field(alias="from")
    to_at: float = Field(alias="to")
    frames: int
    persons: int
    vehicles: int


class FeedState(BaseModel):
    """The data of ``feed.state``."""

    model_config = ConfigDict(extra="ignore", allow_inf_nan=False)

    feed: str = Field(max_length=64)
    state: str = Field(max_length=32)
    since: float
    cause: str | None = None


TOTALS: TypeAdapter[dict[str, int]] = TypeAdapter(dict[str, int])


def store_counters(connection: Connection, producer: str, event: Event) -> None:
    """Replace this start's totals; ``start`` in the data names the start."""
    data = dict(event.data)
    start = str(data.pop("start", ""))[:36]
    rows = [
        {"producer": producer, "start": start, "name": name[:64], "value": value, "at": event.at}
        for name, value in TOTALS.validate_python(data).items()
    ]
    if rows:
        put = insert_into(connection, counter)
        same = [counter.c.producer, counter.c.start, counter.c.name]
        connection.execute(
            put.on_conflict_do_update(index_elements=same, set_={"value": put.excluded.value, "at": put.excluded.at}),
            rows,
        )


def store_street_counts(connection: Connection, data: dict[str, Any]) -> None:
    """Keep what a camera counted; the same camera and beginning again replaces it."""
    counts = StreetCounts.model_validate(data)
    values = counts.model_dump()
    rest = {name: values[name] for name in ("to_at", "frames", "persons", "vehicles")}
    put = insert_into(connection, street_count).values(**values)
    connection.execute(
        put.on_conflict_do_update(index_elements=[street_count.c.camera, street_count.c.from_at], set_=rest)
    )


def store_feed_state(connection: Connection, data: dict[str, Any]) -> None:
    """Keep a feed's latest state."""
    state = FeedState.model_validate(data)
    rest = {"state": state.state, "since": state.since, "cause": state.cause or ""}
    put = insert_into(connection, feed_state).values(feed=state.feed, **rest)
    connection.execute(put.on_conflict_do_update(index_elements=[feed_state.c.feed], set_=rest))


def totals(engine: Engine) -> dict[str, int]:
    """Return every counter, summed over producers and their starts."""
    query = select(counter.c.name, func.sum(counter.c.value)).group_by(counter.c.name).order_by(counter.c.name)
    with engine.connect() as connection:
        return {name: int(total) for name, total in connection.execute(query)}


def count_verdicts(engine: Engine) -> int:
    """Return how often the answer of the planner changed."""
    with engine.connect() as connection:
        return int(connection.execute(select(func.count()).select_from(verdicts)).scalar_one())
