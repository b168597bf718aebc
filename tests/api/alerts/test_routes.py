import pytest
from sqlalchemy import select

from api.access.rights import Role
from api.alerts.review import figures
from api.alerts.tables import subscriber, watchlist
from api.log.envelope import new_event
from api.store.keeping import Store
from api.store.ledger import Entry
from api.store.tables import audit
from tests.support.kept import keep
from tests.support.web import Bench

DAY_S = 24 * 3600


def entry(web: Bench, **changes: object) -> dict:
    made = {"plate": "吉D12345", "reason": "盗抢车辆", "requester": "张三", "ends_at": web.clock.wall_s + DAY_S}
    return {**made, **changes}


async def test_an_entry_is_added_listed_and_removed_and_all_of_it_audited(web: Bench) -> None:
    async with web.logged_in(Role.OPERATOR) as client:
        made = await client.post("/v1/watchlist", json=entry(web, plate="吉D·12345"))
        assert (made.status_code, made.json()["plate"]) == (201, "吉D12345")
        listed = (await client.get("/v1/watchlist")).json()["watchlist"]
        assert [item["id"] for item in listed] == [made.json()["id"]]
        assert (await client.delete(f"/v1/watchlist/{made.json()['id']}")).status_code == 204
        assert (await client.delete(f"/v1/watchlist/{made.json()['id']}")).status_code == 404
        assert (await client.get("/v1/watchlist")).json()["watchlist"] == []
    with web.shared.engine.connect() as connection:
        assert connection.execute(select(audit.c.what)).scalars().all() == ["watchlist.add", "watchlist.remove"]
        assert connection.execute(select(watchlist.c.removed_at)).scalar_one() == web.clock.wall_s


async def test_an_entry_that_has_ended_is_no_longer_listed(web: Bench) -> None:
    async with web.logged_in(Role.OPERATOR) as client:
        await client.post("/v1/watchlist", json=entry(web, ends_at=web.clock.wall_s + 60))
        web.clock.step(60)
        assert (await client.get("/v1/watchlist")).json()["watchlist"] == []


@pytest.mark.parametrize("days", [0, -1, 90.001, None, float("nan")])
async def test_an_entry_must_end_within_ninety_days(web: Bench, days: float | None) -> None:
    body = entry(web)
    if days is None:
        del body["ends_at"]
    else:
        body["ends_at"] = web.clock.wall_s + days * DAY_S
    async with web.logged_in(Role.OPERATOR) as client:
        import json

        answer = await client.post(
            "/v1/watchlist", content=json.dumps(body), headers={"Content-Type": "application/json"}
        )
        assert answer.status_code == 422


async def test_an_alert_is_decided_once_and_by_whom_is_on_record(web: Bench) -> None:
    async with web.logged_in(Role.OPERATOR) as client:
        await client.post("/v1/watchlist", json=entry(web))
        keep(web, "吉D12345", id="p1")
        (alert,) = (await client.get("/v1/alerts")).json()["alerts"]
        assert (alert["passage"]["id"], alert["state"], alert["latency_ms"]) == ("p1", "open", 100.0)
        path = f"/v1/alerts/{alert['id']}/review"
        decided = await client.post(path, json={"verdict": "confirmed", "note": "车牌与图片一致"})
        assert (decided.status_code, decided.json()["state"]) == (200, "confirmed")
        assert (await client.post(path, json={"verdict": "rejected", "note": ""})).status_code == 409
        assert (await client.post("/v1/alerts/none/review", json={"verdict": "rejected"})).status_code == 404
        assert (await client.get("/v1/alerts", params={"state": "open"})).json()["alerts"] == []
    with web.shared.engine.connect() as connection:
        assert "alerts.review" in connection.execute(select(audit.c.what)).scalars().all()


async def test_counters_sum_over_starts_and_leave_drills_out(web: Bench) -> None:
    store = Store(web.shared.engine, web.clock, {})
    store.open()
    for seq, start in ((1, "a"), (2, "b")):
        event = new_event("counters", "ingest", {"start": start, "frames_received": 10})
        store.keep([Entry(f"{seq}-0", "ingest", seq, seq - 1, event.to_json())])
    async with web.logged_in(Role.OPERATOR) as client:
        await client.post("/v1/watchlist", json=entry(web))
        keep(web, "吉D12345", id="p1")
        keep(web, "吉D12345", id="p2", at=web.clock.wall_s + 60, drill=True)
        told = (await client.get("/v1/counters")).json()
    assert told == {
        "totals": {"frames_received": 20},
        "passages": 1,
        "alerts": 1,
        "alert_p99_ms": 100.0,
        "verdict_changes": 0,
    }


async def test_the_99th_percentile_is_one_of_the_latencies(web: Bench) -> None:
    async with web.logged_in(Role.OPERATOR) as client:
        await client.post("/v1/watchlist", json=entry(web))
    for n in range(100):
        keep(web, "吉D12345", at=web.clock.wall_s + n * 10, frame_mono_s=web.clock.mono_s - (n + 1) / 1000)
    assert figures(web.shared.engine) == (100, 99.0)


async def test_a_subscribers_secret_is_shown_once(web: Bench) -> None:
    async with web.logged_in(Role.ADMINISTRATOR) as client:
        made = (await client.post("/v1/subscribers", json={"url": "http://10.1.2.3/hook", "name": "指挥中心"})).json()
        assert made["secret"].startswith("whsec_")
        (listed,) = (await client.get("/v1/subscribers")).json()["subscribers"]
        assert "secret" not in listed
        assert (listed["url"], listed["waiting"]) == ("http://10.1.2.3/hook", 0)
        assert (listed["drills"], listed["rules"]) == (False, False), "nothing but alerts unless asked for"
        assert (await client.delete(f"/v1/subscribers/{made['id']}")).status_code == 204
        assert (await client.get("/v1/subscribers")).json()["subscribers"] == []
    with web.shared.engine.connect() as connection:
        assert connection.execute(select(subscriber.c.secret)).scalar_one() == ""


@pytest.mark.parametrize(
    "url",
    [
        "ftp://10.1.2.3/",
        "http://user:pw@10.1.2.3/",
        "http://169.254.169.254/latest/meta-data",
        "http://[fe80::1]/",
        "http://[::ffff:169.254.1.1]/",
        "http://224.0.0.1/",
        "http://8.8.8.8/",
        "http://0.0.0.0/",
        "http:///nowhere",
        "javascript:alert(1)",
    ],
)
async def test_a_subscriber_elsewhere_than_in_private_networks_is_refused(web: Bench, url: str) -> None:
    async with web.logged_in(Role.ADMINISTRATOR) as client:
        assert (await client.post("/v1/subscribers", json={"url": url})).status_code == 422
