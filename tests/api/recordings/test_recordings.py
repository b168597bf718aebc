"""Recorded minutes over the API: listed, played with a purpose, held, asked for."""

import asyncio
import io
import json
import resource
import threading
from dataclasses import dataclass
from pathlib import Path

import av
import httpx
import pytest
from sqlalchemy import select

from api.access.rights import Role
from api.log.asked import RECORD
from api.services import FILE_THREADS
from api.store.tables import audit
from ingest.record.disk import Disk
from ingest.record.index import Index
from ingest.record.recover import finish_going
from ingest.record.segment import Segment
from tests.ingest.record.feeding import BEGIN, Camera, ManualClock, clip, recorder
from tests.support.waiting import until
from tests.support.web import Bench

WHY = {"purpose": "案件调查", "case_no": "A2026-117", "reason": "车辆去向"}
CAMERA = "cam-1"


@dataclass
class Recorded:
    """A bench whose first camera was recorded for 70 s from ``BEGIN`` on."""

    web: Bench
    pictures: int


@pytest.fixture
async def recorded(web_and_bus: Bench) -> Recorded:
    web = web_and_bus
    folder = web.shared.settings.recordings_folder
    assert folder is not None
    clock = ManualClock()
    camera = Camera(web.shared.settings.data / "rings", device(web), clock)
    working = recorder(folder, web.shared.settings.data / "rings", clock, device(web))
    camera.seconds(70, working)
    camera.become(clip(width=96, height=64), camera.codec, (96, 64))
    camera.seconds(8, working)
    working.close()
    return Recorded(web, len(camera.sent))


def device(web: Bench) -> str:
    return str(web.shared.county.cameras[0].id)


def span(web: Bench, low: float, high: float) -> dict[str, object]:
    return {"device": device(web), "from": BEGIN + low, "to": BEGIN + high}


async def test_a_span_is_played_as_seekable_mp4_in_one_part_a_size(recorded: Recorded) -> None:
    async with recorded.web.logged_in(Role.OPERATOR) as client:
        made = await client.post("/v1/recordings/playback", json=span(recorded.web, 0, 120) | WHY)
        assert made.status_code == 201, made.text
        parts = made.json()["parts"]
        assert [(part["width"], part["height"]) for part in parts] == [(64, 48), (96, 64)]
        assert parts[0]["from"] == pytest.approx(BEGIN)
        total = 0
        for part in parts:
            whole = await client.get(part["url"])
            assert whole.headers["content-type"] == "video/mp4"
            with av.open(io.BytesIO(whole.content)) as container:
                total += sum(1 for _ in container.decode(video=0))
            some = await client.get(part["url"], headers={"Range": "bytes=10-19"})
            assert (some.status_code, some.content) == (206, whole.content[10:20])
        assert total == recorded.pictures


async def test_a_playback_is_audited_with_its_purpose_and_the_hashes_it_came_from(recorded: Recorded) -> None:
    async with recorded.web.logged_in(Role.OPERATOR) as client:
        await client.post("/v1/recordings/playback", json=span(recorded.web, 5, 10) | WHY)
    with recorded.web.shared.engine.connect() as connection:
        row = connection.execute(select(audit).where(audit.c.what == "recordings.playback")).mappings().one()
    assert (row["purpose"], row["case_no"], row["reason"]) == tuple(WHY.values())
    index = Index.read(recorded.web.shared.settings.data / "recordings")
    known = [one.sha256 for one in index.segments(device(recorded.web), BEGIN + 5, BEGIN + 10)]
    index.close()
    assert json.loads(row["detail"])["segments"] == known != []


@pytest.mark.parametrize("missing", ["purpose", "case_no", "reason"])
async def test_no_playback_without_saying_why(recorded: Recorded, missing: str) -> None:
    why = {key: value for key, value in WHY.items() if key != missing}
    async with recorded.web.logged_in(Role.OPERATOR) as client:
        assert (await client.post("/v1/recordings/playback", json=span(recorded.web, 0, 9) | why)).status_code == 422
        why[missing] = "a" * 5 if missing != "case_no" else "  "
        assert (await client.post("/v1/recordings/playback", json=span(recorded.web, 0, 9) | why)).status_code == 422


async def test_a_playback_is_for_the_person_who_asked_for_it_while_it_is_used(recorded: Recorded) -> None:
    async with (
        recorded.web.logged_in(Role.OPERATOR) as mine,
        recorded.web.logged_in(Role.OPERATOR) as another,
    ):
        made = await mine.post("/v1/recordings/playback", json=span(recorded.web, 0, 9) | WHY)
        url = made.json()["parts"][0]["url"]
        assert (await another.get(url)).status_code == 404
        assert (await mine.get(url)).status_code == 200
        for wrong in (f"{url[:-1]}1", f"{url[:-1]}..%2f0", f"{url}.mp4", f"{url[:-3]}x/0"):
            assert (await mine.get(wrong)).status_code in (404, 422)
        recorded.web.clock.step(600.0)
        later = await mine.post("/v1/recordings/playback", json=span(recorded.web, 0, 9) | WHY)
        assert later.status_code == 201
        assert (await mine.get(url)).status_code == 404
        assert (await mine.get(later.json()["parts"][0]["url"])).status_code == 200


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"to": BEGIN - 1}, 422),
        ({"to": BEGIN + 3601}, 422),
        ({"device": "nobody"}, 404),
        ({"from": BEGIN - 900, "to": BEGIN - 800}, 404),
        ({"from": "yesterday"}, 422),
    ],
)
async def test_what_cannot_be_played_is_told(recorded: Recorded, change: dict[str, object], status: int) -> None:
    async with recorded.web.logged_in(Role.OPERATOR) as client:
        answer = await client.post("/v1/recordings/playback", json=span(recorded.web, 0, 9) | WHY | change)
    assert answer.status_code == status, answer.text


def files_of(web: Bench) -> list[Segment]:
    """Return the first camera's segments as the index has them."""
    index = Index.read(folder_of(web))
    found = index.segments(device(web), BEGIN, BEGIN + 100)
    index.close()
    return found


def folder_of(web: Bench) -> Path:
    folder = web.shared.settings.recordings_folder
    assert folder is not None
    return folder


async def refused(web: Bench) -> tuple[int, str]:
    """Ask for a playback; return status and code of the problem. Nothing half made may stay."""
    async with web.logged_in(Role.OPERATOR) as client:
        answer = await client.post("/v1/recordings/playback", json=span(web, 0, 120) | WHY)
    assert list((web.shared.settings.data / "playback").glob("*")) == []
    return answer.status_code, answer.json()["code"]


@pytest.mark.parametrize("damage", ["picture", "header", "short", "lost"])
async def test_a_damaged_recording_is_told_as_one_and_not_as_nothing_recorded(recorded: Recorded, damage: str) -> None:
    file = folder_of(recorded.web) / files_of(recorded.web)[0].path
    data = bytearray(file.read_bytes())
    at = data.index(b"prft") + 200 if damage == "picture" else data.index(b"stsd") - 30
    data[at : at + 40] = bytes(40)
    file.write_bytes(data[:-1000] if damage == "short" else data)
    if damage == "lost":
        file.unlink()
    assert await refused(recorded.web) == (409, "playback-damaged")


async def test_a_recording_that_is_removed_while_a_playback_waits_is_told_as_removed(recorded: Recorded) -> None:
    web = recorded.web
    go_on = threading.Event()
    busy = [asyncio.create_task(web.shared.files(go_on.wait)) for _ in range(FILE_THREADS)]
    try:
        asked = asyncio.create_task(refused(web))
        await until(lambda: "recordings.playback" in audited(web))
        retention(web)
    finally:
        go_on.set()
    await asyncio.gather(*busy)
    assert await asked == (404, "playback-removed")


def audited(web: Bench) -> list[str]:
    with web.shared.engine.connect() as connection:
        return list(connection.execute(select(audit.c.what)).scalars())


def retention(web: Bench) -> None:
    """Let the recorder's keeper remove all, long after."""
    index = Index(folder_of(web))
    index.mark_older(BEGIN + 1000, BEGIN + 1000, [], others=True, limit=100)
    finish_going(index, Disk())
    index.close()


async def test_a_playback_for_which_there_is_no_room_is_told_as_that(recorded: Recorded) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (files_of(recorded.web)[0].bytes // 2, hard))
    try:
        assert await refused(recorded.web) == (503, "playback-full")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


async def test_spans_and_holds_are_listed_and_a_hold_needs_a_reason(recorded: Recorded) -> None:
    where = {"device": device(recorded.web), "from": BEGIN - 10, "to": BEGIN + 200}
    held = span(recorded.web, 1, 20) | {"case_no": "A2026-117", "reason": "法院要求保留"}
    async with recorded.web.logged_in(Role.OPERATOR) as client:
        before = (await client.get("/v1/recordings", params=where)).json()
        assert [(round(one["from"] - BEGIN), round(one["to"] - BEGIN)) for one in before["spans"]] == [(0, 78)]
        assert before["holds"] == []
        assert (await client.post("/v1/recordings/holds", json=held | {"reason": ""})).status_code == 422
        made = await client.post("/v1/recordings/holds", json=held)
        assert made.status_code == 201, made.text
        assert (await client.get("/v1/recordings", params=where)).json()["holds"] == [made.json()]
        assert (await client.delete(f"/v1/recordings/holds/{made.json()['id']}")).status_code == 403
    async with recorded.web.logged_in(Role.ADMINISTRATOR) as client:
        assert (await client.delete(f"/v1/recordings/holds/{made.json()['id']}")).status_code == 204
        assert (await client.delete(f"/v1/recordings/holds/{made.json()['id']}")).status_code == 404
        assert (await client.get("/v1/recordings/holds")).json() == {"holds": []}
    with recorded.web.shared.engine.connect() as connection:
        whats = connection.execute(select(audit.c.what)).scalars().all()
    assert [what for what in whats if what.startswith("recordings.")] == ["recordings.hold", "recordings.release"]


async def test_recording_on_demand_is_told_to_the_recorder_and_never_cut_short(recorded: Recorded) -> None:
    web = recorded.web
    async with web.logged_in(Role.OPERATOR) as client:
        await ask(client, web, 30)
        await ask(client, web, 5)
    said = await web.shared.bus.hget(RECORD, device(web))  # type: ignore[misc]
    assert float(said) == pytest.approx(web.shared.now() + 1800)


async def ask(client: httpx.AsyncClient, web: Bench, minutes: int) -> None:
    asked = {"device": device(web), "minutes": minutes, "reason": "现场处置"}
    answer = await client.post("/v1/recordings/start", json=asked)
    assert answer.status_code == 202, answer.text
