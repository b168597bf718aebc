import json

import pytest
from sqlalchemy import select

from api.access.rights import Role
from api.passages.tables import passage
from api.store.tables import audit
from tests.support.kept import keep, keep_waiting
from tests.support.web import Bench

WHY = {"purpose": "案件侦查", "case_no": "A-2026-17", "reason": "盗抢车辆追踪"}


async def test_passages_come_newest_first_page_by_page(web: Bench) -> None:
    for n in range(7):
        keep(web, f"吉D0000{n}", at=web.clock.wall_s + n * 10, id=f"p{n}")
    async with web.logged_in(Role.WALL) as client:
        seen, after = [], ""
        while True:
            page = (await client.get("/v1/passages", params={"limit": 3, "after": after})).json()
            seen += [item["id"] for item in page["passages"]]
            if page["next"] is None:
                break
            after = page["next"]
            keep(web, "吉D99999", at=web.clock.wall_s + 1000, id=f"new-{len(seen)}")  # moves no page
        assert seen == [f"p{n}" for n in reversed(range(7))]
        assert (await client.get("/v1/passages", params={"after": "nonsense"})).status_code == 422


async def test_passages_of_a_time_and_later_are_listed_page_by_page(web: Bench) -> None:
    for n in range(5):
        keep(web, f"吉D0000{n}", at=web.clock.wall_s + n * 10, id=f"p{n}")
    async with web.logged_in(Role.WALL) as client:
        asked = {"since": web.clock.wall_s + 20, "limit": 2}
        first = (await client.get("/v1/passages", params=asked)).json()
        rest = (await client.get("/v1/passages", params={**asked, "after": first["next"]})).json()
        assert [item["id"] for item in first["passages"] + rest["passages"]] == ["p4", "p3", "p2"]
        assert rest["next"] is None
        for wrong in ("nan", "inf", "today"):
            assert (await client.get("/v1/passages", params={"since": wrong})).status_code == 422


async def test_a_passage_has_the_shape_of_the_design(web: Bench) -> None:
    keep(web, None, id="p1", plate_class=None, certain=False, confidence=0.0)
    async with web.logged_in(Role.OPERATOR) as client:
        told = (await client.get("/v1/passages/p1")).json()
        shape = """id version checkpoint checkpoint_name at first_seen last_seen plate certain confidence plate_class
            plate_colour province_prior lane direction speed_kmh speed_error_kmh vehicle_class source final drill
            frame_received_at scene crop"""
        assert set(told) == set(shape.split())
        assert (told["plate"], told["plate_class"], told["scene"]) == (None, "unknown", False)
        assert [told[name] for name in ("province_prior", "direction", "speed_kmh", "speed_error_kmh")] == [None] * 4
        assert told["checkpoint_name"] == web.shared.county.checkpoints[0].name
        assert (await client.get("/v1/passages/nobody")).status_code == 404


async def test_a_passage_is_listed_found_and_shown_with_its_direction_and_its_speed(web: Bench) -> None:
    keep(web, "吉D12345", id="p1", direction="away", speed_kmh=52.3, speed_error_kmh=4.1, province_prior=True)
    async with web.logged_in(Role.OPERATOR) as client:
        shown = (await client.get("/v1/passages/p1")).json()
        (listed,) = (await client.get("/v1/passages")).json()["passages"]
        (found,) = (await client.post("/v1/passages/search", json={"plate": "吉D12345", **WHY})).json()["passages"]
    assert shown == listed == found
    assert (shown["direction"], shown["speed_kmh"], shown["speed_error_kmh"]) == ("away", 52.3, 4.1)
    assert shown["province_prior"] is True


async def test_a_checkpoints_own_reader_tells_a_speed_with_its_error_or_none(web: Bench) -> None:
    checkpoint = str(web.shared.county.checkpoints[0].id)
    given = {"sequence": 7, "at": web.clock.wall_s, "plate": "吉D12345", "direction": "towards", "speed_kmh": 61.0}
    async with web.logged_in(Role.DEVICE, checkpoint) as client:
        path = f"/v1/checkpoints/{checkpoint}/passages"
        assert (await client.post(path, json=given)).status_code == 422
        made = await client.post(path, json={**given, "speed_error_kmh": 5.0})
        assert made.status_code == 202
    keep_waiting(web)
    async with web.logged_in(Role.WALL) as client:
        told = (await client.get(f"/v1/passages/{made.json()['id']}")).json()
    assert (told["direction"], told["speed_kmh"], told["speed_error_kmh"]) == ("towards", 61.0, 5.0)


async def test_only_pictures_below_the_data_folder_that_the_store_names_are_served(web: Bench) -> None:
    data = web.shared.settings.data
    (data / "pictures").mkdir()
    (data / "pictures" / "p1-scene.jpg").write_bytes(b"\xff\xd8 scene")
    outside = data.parent / "secret.jpg"
    outside.write_bytes(b"secret")
    keep(web, "吉D00001", id="p1", scene_path="pictures/p1-scene.jpg", scene_sha256="ab" * 32)
    keep(web, "吉D00002", id="p2", scene_path="../secret.jpg", crop_path=str(outside))
    async with web.logged_in(Role.WALL) as client:
        answer = await client.get("/v1/passages/p1/scene.jpg")
        assert (answer.content, answer.headers["content-type"]) == (b"\xff\xd8 scene", "image/jpeg")
        assert answer.headers["kakou-picture-sha256"] == "ab" * 32
        for path in ("p1/plate.jpg", "p2/scene.jpg", "p2/plate.jpg", "..%2Fsecret/scene.jpg"):
            assert (await client.get(f"/v1/passages/{path}")).status_code == 404


async def test_a_search_by_wildcard_is_audited_before_it_is_answered(web: Bench) -> None:
    for plate in ("吉D12345", "吉D12395", "吉D99999"):
        keep(web, plate)
    async with web.logged_in(Role.OPERATOR) as client:
        answer = await client.post("/v1/passages/search", json={"plate": "吉d·123_5", **WHY})
        assert {item["plate"] for item in answer.json()["passages"]} == {"吉D12345", "吉D12395"}
        exact = await client.post("/v1/passages/search", json={"plate": "吉D99999", **WHY})
        assert len(exact.json()["passages"]) == 1
    with web.shared.engine.connect() as connection:
        lines = connection.execute(select(audit)).mappings().all()
    assert [json.loads(line["detail"])["plate"] for line in lines] == ["吉d·123_5", "吉D99999"]
    assert {(line["what"], line["case_no"], line["role"]) for line in lines} == {
        ("passages.search", "A-2026-17", "operator")
    }
    assert all(line["who"].startswith("s-") for line in lines)


@pytest.mark.parametrize(
    "change",
    [
        {"purpose": ""},
        {"case_no": " "},
        {"reason": "aaa"},
        {"reason": None},
        {"plate": "*"},
        {"plate": "吉%"},
        {"x": 1},
    ],
)
async def test_a_search_without_a_meant_reason_is_refused(web: Bench, change: dict) -> None:
    keep(web, "吉D12345")
    async with web.logged_in(Role.OPERATOR) as client:
        body = {"plate": "吉D12345", **WHY, **change}
        answer = await client.post("/v1/passages/search", json={k: v for k, v in body.items() if v is not None})
        assert answer.status_code == 422
        assert "passages" not in answer.json()


async def test_a_checkpoints_own_reader_reports_each_passage_once(web: Bench) -> None:
    checkpoint = str(web.shared.county.checkpoints[0].id)
    given = {"sequence": 7, "at": web.clock.wall_s, "plate": "吉D12345", "lane": 1}
    async with web.logged_in(Role.DEVICE, checkpoint) as client:
        path = f"/v1/checkpoints/{checkpoint}/passages"
        first = await client.post(path, json=given)
        again = await client.post(path, json=given)
        assert [first.status_code, again.status_code] == [202, 202]
        assert web.shared.outbox.depth == 2
        keep_waiting(web)
        stored = await client.post(path, json=given)
        assert (stored.status_code, stored.json()) == (200, first.json())
        other = await client.post(path, json={**given, "sequence": 8})
        assert other.json()["id"] != first.json()["id"]
    with web.shared.engine.connect() as connection:
        rows = connection.execute(select(passage)).mappings().all()
    assert [(row["source"], row["final"], row["certain"]) for row in rows] == [("device", True, True)]


async def test_a_device_reports_for_its_own_checkpoint_only(web: Bench) -> None:
    checkpoint = str(web.shared.county.checkpoints[0].id)
    given = {"sequence": 1, "at": web.clock.wall_s, "plate": "吉D12345"}
    async with web.logged_in(Role.DEVICE, "cp-other") as client:
        assert (await client.post(f"/v1/checkpoints/{checkpoint}/passages", json=given)).status_code == 403
        assert (await client.post("/v1/checkpoints/cp-other/passages", json=given)).status_code == 404
    assert web.shared.outbox.depth == 0


@pytest.mark.parametrize("change", [{"at": 4e9}, {"plate": "'; --"}, {"confidence": 2}, {"sequence": -1}, {"x": 1}])
async def test_a_report_that_cannot_be_true_is_refused(web: Bench, change: dict) -> None:
    checkpoint = str(web.shared.county.checkpoints[0].id)
    given = {"sequence": 1, "at": web.clock.wall_s, "plate": "吉D12345", **change}
    async with web.logged_in(Role.DEVICE, checkpoint) as client:
        assert (await client.post(f"/v1/checkpoints/{checkpoint}/passages", json=given)).status_code == 422
    assert web.shared.outbox.depth == 0
