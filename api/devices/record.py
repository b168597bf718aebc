"""Changes of devices' streams and pictures: events in, the latest state and ninety days of history out."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Connection, delete, insert

from api.devices.tables import device_history, picture_state
from api.log.envelope import Event
from api.store.counters import FeedState, store_feed_state
from api.store.upsert import insert_into

HISTORY_S = 90 * 86_400.0
"""Older changes of a device go when it changes again."""


class PictureChange(BaseModel):
    """The data of ``picture.state``."""

    model_config = ConfigDict(extra="ignore", allow_inf_nan=False)

    feed: str = Field(max_length=64)
    picture: str = Field(max_length=32)
    since: float
    score: float = 0.0
    cause: str = ""


def store_feed_change(connection: Connection, data: dict[str, Any]) -> None:
    """Keep a stream's latest state, and the change."""
    state = FeedState.model_validate(data)
    store_feed_state(connection, data)
    _remember(connection, state.feed, "feed", state.state, state.since, state.cause or "")


def store_picture_change(connection: Connection, event: Event) -> None:
    """Keep a picture's latest state, and the change."""
    change = PictureChange.model_validate(dict(event.data))
    rest = {**change.model_dump(exclude={"feed"}), "at": event.at}
    put = insert_into(connection, picture_state).values(feed=change.feed, **rest)
    connection.execute(put.on_conflict_do_update(index_elements=[picture_state.c.feed], set_=rest))
    _remember(connection, change.feed, "picture", change.picture, change.since, change.cause)


def _remember(
    connection: Connection, feed: str, what: Literal["feed", "picture"], state: str, since: float, cause: str
) -> None:
    old = (device_history.c.feed == feed) & (device_history.c.since < since - HISTORY_S)
    connection.execute(delete(device_history).where(old))
    connection.execute(insert(device_history).values(feed=feed, what=what, state=state, since=since, cause=cause))
