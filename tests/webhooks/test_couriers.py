"""Webhooks over real sockets: every alert once, in order, whatever the receiver does meanwhile."""

import asyncio
import base64
import hashlib
import hmac
import itertools
from pathlib import Path
from typing import Any

import orjson
import pytest
from structlog.testing import capture_logs

from tests.support.eventually import eventually
from tests.support.program import free_port
from tests.support.vendor import Vendor
from tests.webhooks.receiving import TEN, Office, Receiver, alert, office
from tradeul.clock import ManualClock
from tradeul.domain.session import NANOS
from tradeul.webhooks.couriers import LONGEST_RETRY_S, NO_ADDRESS, REFUSED, Target

KEY = "canary, signed with"
HOUR_S = 3_600
DAY_S = 86_400


async def test_a_receiver_that_is_down_for_an_hour_gets_every_alert_once() -> None:
    """In order, once it is back, within five minutes."""
    receiver = Receiver()
    receiver.status = 503
    async with office(receiver, look_s=15) as place:
        for number in range(HOUR_S // 30):
            place.couriers.send(alert(number))
            await place.let(30, step_s=30)
        attempts = len(receiver.asked)
        receiver.status = 200
        await place.let(LONGEST_RETRY_S, step_s=30)
        await eventually(lambda: place.couriers.report()["waiting"] == 0)

        assert receiver.taken == list(range(HOUR_S // 30))
        assert place.couriers.report()["waiting"] == 0
        assert 17 <= attempts <= 21


async def test_nobody_listens_at_first() -> None:
    """A port that is closed is as good as a receiver that is down; health says so, with no more than the host."""
    host = f"http://127.0.0.1:{free_port()}"
    with capture_logs() as logs:
        async with office() as place:
            place.rules["far"] = Target(f"{host}/hook?token=canary", "")
            place.couriers.send(alert(1))
            await place.let(30)
            said = place.couriers.report()
            told = orjson.dumps([said, place.couriers.undelivered()], default=str).decode()

    assert said["trouble"] == f"1 webhooks wait, as {host} cannot be reached: Connection refused"
    assert [log["event"] for log in logs] == ["webhook_failed"]
    assert "canary" not in told + str(logs)


async def test_waits_grow() -> None:
    """Doubled with each failure, and the first is a second; an hour's attempts show where they end."""
    receiver = Receiver()
    seen: list[float] = []
    async with office(receiver, look_s=1) as place:

        def answer(_body: dict[str, Any]) -> int:
            seen.append(place.clock.monotonic())
            return 500

        receiver.answer = answer
        place.couriers.send(alert(1))
        await place.let(70, step_s=1)

    waits = [later - earlier for earlier, later in itertools.pairwise(seen)]
    expected = [1, 2, 4, 8, 16, 32]
    assert [round(wait) for wait in waits[: len(expected)]] == pytest.approx(expected, abs=1)


@pytest.mark.parametrize("status", sorted(REFUSED))
async def test_what_is_refused_for_good_is_given_up_at_once(status: int) -> None:
    """And holds up nothing behind it."""
    receiver = Receiver()
    receiver.answer = lambda body: status if body["id"] == 1 else 200
    async with office(receiver) as place:
        for number in (1, 2):
            place.couriers.send(alert(number))
        await place.let(3)
        told: Any = place.couriers.undelivered()

    assert receiver.taken == [2]
    assert len(receiver.asked) == 2
    assert [(letter["id"], letter["why"]) for letter in told["dead"]] == [(1, f"answered {status}")]
    assert told["dead"][0]["alert"]["text"] == "ACME: number 1"


@pytest.mark.parametrize("status", [301, 302, 307, 308, 401, 404, 429, 500])
async def test_everything_else_is_tried_again(status: int) -> None:
    """A redirect is not followed: who may send us elsewhere is whoever holds the address."""
    receiver, elsewhere = Receiver(), Receiver()
    async with Vendor(elsewhere.handle) as server, office(receiver) as place:
        receiver.status, receiver.headers = status, {"Location": server.url}
        place.couriers.send(alert(1))
        await place.let(2)
        receiver.status = 200
        await place.let(4)

    assert receiver.taken == [1]
    assert elsewhere.asked == []


async def test_after_a_day_a_letter_is_given_up_and_can_be_tried_again() -> None:
    """With the reason; those that came later wait their own day. Tried again, it stands in its old place."""
    receiver = Receiver()
    receiver.status = 500
    async with office(receiver, look_s=600) as place:
        place.couriers.send(alert(1))
        await place.let(HOUR_S, step_s=600)
        place.couriers.send(alert(2))
        await place.let(DAY_S - HOUR_S + 600, step_s=600)
        told: Any = place.couriers.undelivered()
        receiver.status = 200
        again = (place.couriers.retry("other"), place.couriers.retry("far"))
        await place.let(1_200, step_s=600)

        assert place.couriers.report()["dead"] == 0
    assert [(letter["id"], letter["why"]) for letter in told["dead"]] == [(1, "answered 500")]
    assert [letter["id"] for letter in told["waiting"]] == [2]
    assert again == (0, 1)
    assert receiver.taken == [1, 2]


async def test_one_address_is_given_one_letter_at_a_time() -> None:
    """In the order they rang, though two rules share it; another address waits for neither."""
    slow, other = Receiver(), Receiver()
    slow.hold = asyncio.Event()
    async with Vendor(other.handle) as server, office(slow) as place:
        place.rules["near"] = place.rules["far"]
        place.rules["away"] = Target(server.url, "")
        for number, rule in enumerate(("far", "near", "far", "away", "near")):
            place.couriers.send(alert(number, rule))
        await place.clock.advance(1)
        await eventually(lambda: other.taken == [3] and len(slow.asked) == 1)
        await place.clock.advance(1)
        slow.hold.set()
        slow.hold = None
        await place.let(3)

    assert slow.taken == [0, 1, 2, 4]


async def test_letters_of_a_rule_that_is_gone_are_given_up() -> None:
    """Where its address was changed they go to the new one."""
    receiver = Receiver()
    async with office(receiver) as place:
        place.rules["gone"] = place.rules["moved"] = Target("http://127.0.0.1:9/", "")
        place.couriers.send(alert(1, "gone"))
        place.couriers.send(alert(2, "moved"))
        await place.let(1)
        del place.rules["gone"]
        place.rules["moved"] = place.rules["far"]
        await place.let(2)
        told: Any = place.couriers.undelivered()

    assert receiver.taken == [2]
    assert [(letter["id"], letter["why"]) for letter in told["dead"]] == [(1, NO_ADDRESS)]


async def test_a_rule_without_an_address_sends_nothing() -> None:
    """Most have none."""
    async with office() as place:
        place.couriers.send(alert(1))

        assert place.couriers.report()["waiting"] == 0


async def test_what_a_receiver_is_shown() -> None:
    """The alert with its market, an id that stays over attempts, the time, and a signature over all three."""
    receiver = Receiver()
    receiver.status = 500
    async with office(receiver) as place:
        place.rules["far"] = place.rules["far"]._replace(secret=KEY)
        place.couriers.send(alert(7, rvol=None))
        await place.let(1)
        receiver.status = 200
        await place.let(5)

    (first, _), *_, (headers, body) = receiver.asked
    stamp = headers["webhook-timestamp"]
    mac = hmac.new(KEY.encode(), f"7.{stamp}.".encode() + body, hashlib.sha256).digest()
    assert headers["webhook-signature"] == f"v1,{base64.b64encode(mac).decode()}"
    assert first["webhook-id"] == headers["webhook-id"] == headers["Idempotency-Key"] == "7"
    assert 0 <= int(stamp) - int(first["webhook-timestamp"]) < 5
    assert 0 <= int(stamp) - TEN // NANOS < 6
    assert orjson.loads(body) == {
        "id": 7, "market": "simulated", "rule": "far", "symbol": "ACME", "list": None, "timestamp": TEN // 1_000_000,
        "text": "ACME: number 7", "data": {"price": 12.5, "rvol": None},
    }  # fmt: skip


async def test_an_endless_answer_is_not_read() -> None:
    """Its status is enough."""
    receiver = Receiver()
    receiver.headers = {"Content-Length": "1000000000"}
    async with office(receiver) as place:
        for number in (1, 2):
            place.couriers.send(alert(number))
        await place.let(3)

    assert receiver.taken == [1, 2]


async def delivered_in_part(folder: Path, clock: ManualClock, receiver: Receiver) -> None:
    """A life of the program that delivers two of four letters, and is killed: of its end the file knows nothing."""
    receiver.answer = lambda body: 200 if body["id"] < 2 else 503
    async with office(receiver, folder, clock) as place:
        for number in range(4):
            place.couriers.send(alert(number))
        await place.let(3)

        async def is_kept() -> bool:
            """Whether the thread that writes has come to it, which takes none of this clock's time."""
            await place.let(0.5)
            return (folder / "outbox.jsonl").read_bytes().count(b'"did":"done"') == 2

        await eventually(is_kept)
        left = (folder / "outbox.jsonl").read_bytes()
    (folder / "outbox.jsonl").write_bytes(left)


async def test_a_killed_program_goes_on_where_it_was(tmp_path: Path) -> None:
    """What waited is delivered by the next life, in order; what was delivered is not sent again."""
    receiver, clock = Receiver(), ManualClock(TEN)
    await delivered_in_part(tmp_path, clock, receiver)

    receiver.answer = lambda _body: 200
    async with office(receiver, tmp_path, clock) as place:
        await place.let(3)

        assert place.couriers.report()["waiting"] == 0
    assert receiver.taken == [0, 1, 2, 3]


def test_an_office_is_idle_at_first() -> None:
    """Nothing waits, nothing fails, nothing is wrong."""
    said = Office(ManualClock(TEN), None).couriers.report()

    assert (said["waiting"], said["failing"], said["trouble"]) == (0, [], "")
