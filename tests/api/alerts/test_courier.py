"""Webhooks reach a real receiver process at least once, in order, with the same id over all attempts."""

import asyncio
import json
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from sqlalchemy import event, select
from standardwebhooks.webhooks import Webhook

from api.access.rights import Role
from api.alerts.courier import BACKOFF_S, JITTER, Courier, due_parcels, signed
from api.alerts.tables import delivery, subscriber
from api.alerts.targets import TargetRefusedError, check_url, resolve
from tests.api.rules.test_rule_events import Keeper, said
from tests.support import hook
from tests.support.bus_system import wait_until
from tests.support.kept import keep
from tests.support.web import Bench

LIMIT_S = 30.0


class Receiver:
    """Holds the port; its process may die and come back."""

    def __init__(self, folder: Path) -> None:
        self._log = folder / "received.jsonl"
        self._log.touch()
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.process: subprocess.Popen[bytes] | None = None
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}/hook?x=1"

    def start(self, behaviour: str) -> None:
        self.stop()
        fd = self._socket.fileno()
        command = [sys.executable, "-I", "-S", str(hook.__file__), str(fd), str(self._log), behaviour]
        self.process = subprocess.Popen(command, pass_fds=[fd])

    @property
    def got(self) -> list[dict]:
        return [json.loads(line) for line in self._log.read_text(encoding="utf-8").splitlines()]

    @property
    def ids(self) -> list[str]:
        return [request["headers"]["webhook-id"] for request in self.got]

    def stop(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def close(self) -> None:
        self.stop()
        self._socket.close()


@pytest.fixture
async def receiver(tmp_path: Path) -> AsyncIterator[Receiver]:
    made = Receiver(tmp_path)
    yield made
    made.close()


async def until(done: Callable[[], bool]) -> None:
    assert await asyncio.to_thread(wait_until, done, LIMIT_S)


@asynccontextmanager
async def courier(web: Bench) -> AsyncIterator[None]:
    running = asyncio.create_task(Courier(web.shared).run())
    try:
        yield
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def subscribe(web: Bench, url: str, **more: bool) -> str:
    async with web.logged_in(Role.ADMINISTRATOR) as client:
        answer = await client.post("/v1/subscribers", json={"url": url, **more})
        assert answer.status_code == 201, answer.text
        return str(answer.json()["secret"])


async def watch(web: Bench, plate: str) -> None:
    body = {"plate": plate, "reason": "盗抢车辆", "requester": "张三", "ends_at": web.clock.wall_s + 86_400}
    async with web.logged_in(Role.OPERATOR) as client:
        assert (await client.post("/v1/watchlist", json=body)).status_code == 201


def states(web: Bench) -> list[tuple[str, int]]:
    with web.shared.engine.connect() as connection:
        query = select(delivery.c.state, delivery.c.attempts).order_by(delivery.c.seq)
        return [(row.state, row.attempts) for row in connection.execute(query)]


async def test_a_receiver_killed_before_it_answered_gets_the_same_id_again(web: Bench, receiver: Receiver) -> None:
    secret = await subscribe(web, receiver.url)
    await watch(web, "吉D12345")
    receiver.start("die")
    keep(web, "吉D12345", id="p1")
    keep(web, "吉D12345", id="p2", at=web.clock.wall_s + 60)
    async with courier(web):
        await until(lambda: states(web)[0] == ("waiting", 1))
        assert len(receiver.got) == 1, "it had received, and died before it answered"
        receiver.start("200")
        web.clock.step(BACKOFF_S[0] * (1 + JITTER))
        await until(lambda: [state for state, _ in states(web)] == ["delivered", "delivered"])
    first, again, second = receiver.ids
    assert first == again != second
    assert receiver.got[0]["body"] == receiver.got[1]["body"]
    passages = [json.loads(request["body"])["data"]["passage"]["id"] for request in receiver.got]
    assert passages == ["p1", "p1", "p2"], "in order"
    assert receiver.got[0]["head"].startswith("POST /hook?x=1 ")
    hook_of = Webhook(secret)
    for request in receiver.got:
        with pytest.raises(Exception, match="too new"):  # our stepped clock is ahead of the library's
            hook_of.verify(request["body"], request["headers"])
    event = json.loads(receiver.got[0]["body"])
    assert (event["specversion"], event["type"]) == ("1.0", "kakou.alert.v1")
    assert receiver.got[0]["headers"]["content-type"].startswith("application/cloudevents+json")


async def test_what_a_rule_says_comes_signed_and_in_order_and_again_with_the_same_id(
    web: Bench, receiver: Receiver
) -> None:
    secret = await subscribe(web, receiver.url, rules=True)
    keeper, began = Keeper(web.shared.engine), said()
    receiver.start("die")
    keeper.keep(began)
    keeper.keep({**began, "state": "unknown", "at": began["at"] + 9, "cause": "no picture"})
    async with courier(web):
        await until(lambda: states(web)[0] == ("waiting", 1))
        receiver.start("200")
        web.clock.step(BACKOFF_S[0] * (1 + JITTER))
        await until(lambda: [state for state, _ in states(web)] == ["delivered", "delivered"])
    first, again, over = (json.loads(request["body"]) for request in receiver.got)
    assert receiver.ids[0] == receiver.ids[1] != receiver.ids[2]
    assert first == again
    assert {first["type"], over["type"]} == {"kakou.rule_event.v1"}
    assert first["id"] != over["id"], "CloudEvents: one id, one event"
    assert [one["data"]["state"] for one in (first, over)] == ["began", "unknown"]
    assert (over["data"]["id"], over["data"]["camera"], over["data"]["cause"]) == (began["id"], "cam-1", "no picture")
    assert first["data"].keys().isdisjoint({"review", "reviewed_at", "note"})
    for request in receiver.got:
        with pytest.raises(Exception, match="too new"):  # our stepped clock is ahead of the library's
            Webhook(secret).verify(request["body"], request["headers"])


async def test_a_receiver_that_does_not_take_rules_gets_its_alerts_all_the_same(web: Bench, receiver: Receiver) -> None:
    await subscribe(web, receiver.url, rules=True)
    await watch(web, "吉D12345")
    receiver.start("400")
    Keeper(web.shared.engine).keep(said())
    async with courier(web):
        await until(lambda: states(web) == [("waiting", 1)])
        receiver.start("200")
        keep(web, "吉D12345", id="p1")
        await until(lambda: states(web) == [("waiting", 1), ("delivered", 1)])


async def test_looking_for_what_is_due_never_reads_through_the_whole_table(web: Bench) -> None:
    """It is done four times a second, and deliveries are kept."""
    asked: list[tuple[str, object]] = []
    engine = web.shared.engine
    event.listen(engine, "before_cursor_execute", lambda _c, _u, text, values, *_: asked.append((text, values)))
    due_parcels(engine, web.clock.wall_s)
    queries = [one for one in asked if one[0].startswith("SELECT")]
    assert len(queries) == 2
    with engine.connect() as connection:
        for text, values in queries:
            plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {text}", values).all()
            assert not [step for step in plan if step[3].startswith("SCAN delivery")], plan


async def test_410_ends_a_subscription_and_a_redirect_is_not_followed(web: Bench, receiver: Receiver) -> None:
    await subscribe(web, receiver.url)
    await watch(web, "吉D12345")
    receiver.start("302")
    keep(web, "吉D12345", id="p1")
    async with courier(web):
        await until(lambda: states(web) == [("waiting", 1)])
        receiver.start("410")
        web.clock.step(2)
        await until(lambda: states(web)[0][0] == "given_up")
    with web.shared.engine.connect() as connection:
        assert connection.execute(select(subscriber.c.disabled_why)).scalar_one() == "410 Gone"
    keep(web, "吉D12345", id="p2", at=web.clock.wall_s + 60)
    assert len(states(web)) == 1, "who is gone is told nothing more"


async def test_a_dead_receiver_delays_no_other(web: Bench, receiver: Receiver) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:  # accepts and never answers
        await subscribe(web, f"http://127.0.0.1:{silent.getsockname()[1]}/")
        await subscribe(web, receiver.url)
        await watch(web, "吉D12345")
        receiver.start("200")
        keep(web, "吉D12345", id="p1")
        async with courier(web):
            await until(lambda: ("delivered", 1) in states(web))
            assert ("waiting", 0) in states(web)


async def test_a_delivery_is_given_up_after_the_last_pause_and_the_next_goes_on(web: Bench, receiver: Receiver) -> None:
    await subscribe(web, receiver.url)
    await watch(web, "吉D12345")
    receiver.start("500")
    keep(web, "吉D12345", id="p1")
    keep(web, "吉D12345", id="p2", at=web.clock.wall_s + 60)
    async with courier(web):
        for attempt, pause_s in enumerate(BACKOFF_S, 1):
            await until(lambda attempt=attempt: states(web)[0] == ("waiting", attempt))
            if attempt == len(BACKOFF_S):
                break
            web.clock.step(pause_s * (1 + JITTER))
        web.clock.step(BACKOFF_S[-1] * (1 + JITTER))
        await until(lambda: states(web)[0][0] == "given_up")
        receiver.start("200")
        web.clock.step(BACKOFF_S[0] * (1 + JITTER))
        await until(lambda: states(web)[1][0] == "delivered")


def test_a_signature_is_one_that_standard_webhooks_verifies() -> None:
    from datetime import UTC, datetime

    from api.alerts.courier import Parcel

    parcel = Parcel(1, "a_b", "s", "http://10.0.0.1/", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", '{"a":"吉"}', 0)
    headers = signed(parcel, datetime.now(UTC))
    assert Webhook(parcel.secret).verify(parcel.body, headers) == {"a": "吉"}


async def test_a_name_is_resolved_by_us_and_judged_by_all_its_addresses() -> None:
    target = await resolve("http://localhost:81/x?y=1", allow_loopback=True)
    assert target.url in {"http://127.0.0.1:81/x?y=1", "http://[::1]:81/x?y=1"}
    assert target.host == "localhost:81"
    with pytest.raises(TargetRefusedError, match="this machine"):
        await resolve("http://localhost:81/x", allow_loopback=False)


@pytest.mark.parametrize("host", ["10.0.0.1", "192.168.1.2", "172.16.0.1", "[fd00::1]"])
def test_private_networks_may_be_called(host: str) -> None:
    check_url(f"https://{host}/", allow_loopback=False)
