"""Alerts over HTTP and in frames: rules, what rang and what did not, and what could not be delivered."""

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import pytest

from tests.support.alerting import Desk
from tests.support.web import Served, raw_answer, served, viewer
from tradeul.domain.alerts import Alert
from tradeul.web import protocol
from tradeul.web.routes.alerts import AlertRoutes

FAR = {"where": "price > 11", "cooldown_s": 600}
PATH = "/api/v1/alerts"


class Post:
    """A messenger that remembers what it was asked."""

    def __init__(self) -> None:
        self.retried: list[str | None] = []

    def send(self, alert: Alert) -> None:
        raise AssertionError(f"nobody sends here: {alert}")

    def undelivered(self) -> Mapping[str, object]:
        return {"waiting": [], "dead": [{"id": 1}]}

    def retry(self, rule: str | None) -> int:
        self.retried.append(rule)
        return 3


class Api:
    """The routes over a market with the rule `far` in its settings."""

    def __init__(self, world: Served, desk: Desk, post: Post) -> None:
        self.world = world
        self.desk = desk
        self.post = post

    async def ask(self, method: str, path: str = PATH, body: object = None, *headers: str) -> tuple[int, Any]:
        content = "" if body is None else body if isinstance(body, str) else json.dumps(body)
        lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1:8000", f"Content-Length: {len(content)}", *headers]
        status, _, said = await raw_answer(self.world, ("\r\n".join([*lines, "", ""]) + content).encode())
        return status, json.loads(said)


@asynccontextmanager
async def api(**rules: Mapping[str, Any]) -> AsyncIterator[Api]:
    desk, post = Desk(rules), Post()
    async with served(more=[AlertRoutes(desk.alerts, post)]) as world:
        yield Api(world, desk, post)


async def test_rules_are_told_with_how_they_stand() -> None:
    """Where they are from, whether they ring, when they rang last, and why one cannot."""
    async with api(far=FAR, bad={"where": "prize > 1"}, gone={"list": "nowhere"}, off=FAR | {"enabled": False}) as at:
        at.desk.show(0, A=10.0)
        at.desk.show(70, A=12.0)
        status, said = await at.ask("GET")
        one = await at.ask("GET", f"{PATH}/far")

    far, bad, gone, off = said["alerts"]
    assert status == 200
    assert one == (200, far)
    assert (far["origin"], far["state"], far["on"], far["where"]) == ("config", "on", "true", "price > 11")
    assert (far["fired"], far["suppressed"], far["last_fired"]) == (1, 0, at.desk.rang[0].at // 1_000_000)
    assert (bad["state"], off["state"], off["reason"]) == ("error", "off", "")
    assert "did you mean 'price'" in bad["reason"]
    assert (gone["state"], gone["reason"]) == ("error", "list: there is no list nowhere")


async def test_a_rule_is_made_changed_and_deleted() -> None:
    """Each answer tells it as it is now."""
    async with api() as at:
        made = await at.ask("POST", PATH, {"name": "near", "list": "winners"})
        again = await at.ask("POST", PATH, {"name": "near", "list": "winners"})
        changed = await at.ask("PUT", f"{PATH}/near", {"list": "losers", "on": "left"})
        gone = await at.ask("DELETE", f"{PATH}/near")
        gone_again = await at.ask("DELETE", f"{PATH}/near")

        assert at.desk.book.rules == {}
    assert (made[0], made[1]["on"], made[1]["list"], made[1]["origin"]) == (201, "entered", "winners", "user")
    assert (again[0], again[1]["error"]["code"]) == (409, "exists")
    assert (changed[0], changed[1]["on"], changed[1]["list"]) == (200, "left", "losers")
    assert gone == (200, {"deleted": "near"})
    assert (gone_again[0], gone_again[1]["error"]["code"]) == (404, "unknown_alert")


@pytest.mark.parametrize(
    ("body", "details", "said"),
    [
        ({"where": "prize > 11"}, {"parameter": "where", "column": 1}, "did you mean 'price'"),
        ({"list": "nowhere"}, {"parameter": "list"}, "there is no list nowhere"),
        ({}, {"parameter": "on"}, "need a `list`"),
        ({"where": "price > 1", "cooldown_s": -1}, {"parameter": "cooldown_s"}, "greater than or equal to 0"),
        ({"where": "price > 1", "webhook": "ftp://x/"}, {"parameter": "webhook"}, "http:// or https://"),
        ({"where": "price > 1", "when": "now"}, {"parameter": "when"}, "Extra inputs"),
        ("{", {"parameter": "body"}, "Invalid JSON"),
    ],
)
async def test_what_is_no_rule_is_refused(body: object, details: dict[str, object], said: str) -> None:
    """With the part that is wrong, and where in it; nothing is made."""
    async with api() as at:
        status, content = await at.ask("PUT", f"{PATH}/near", body)

        assert at.desk.book.rules == {}
    assert (status, content["error"]["details"]) == (400, details)
    assert said in content["error"]["message"]


@pytest.mark.parametrize(
    ("part", "value"),
    [("cooldown_s", "60"), ("cooldown_s", 60.5), ("once_per_day", "yes"), ("enabled", 1), ("where", 1), ("quiet", {})],
)
async def test_a_value_is_taken_as_it_is(part: str, value: object) -> None:
    """A number in quotes is a text, and a word is no truth; the part is named."""
    async with api() as at:
        status, said = await at.ask("POST", PATH, {"name": "near", **FAR, part: value})

    assert (status, said["error"]["details"]) == (400, {"parameter": part})


@pytest.mark.parametrize("name", ["history", "undelivered", "Near", "a" * 33, "1st"])
async def test_not_every_word_is_a_name(name: str) -> None:
    """Nor one that the API itself uses."""
    async with api() as at:
        status, content = await at.ask("PUT", f"{PATH}/{name}", FAR)

    assert (status, content["error"]["details"]) == (400, {"parameter": "name"})


async def test_a_rule_of_the_settings_stays() -> None:
    """It cannot be deleted; it can be covered by one's own, and then shows again."""
    async with api(far=FAR) as at:
        refused = await at.ask("DELETE", f"{PATH}/far")
        covered = await at.ask("PUT", f"{PATH}/far", FAR | {"enabled": False})
        uncovered = await at.ask("DELETE", f"{PATH}/far")
        shown = await at.ask("GET", f"{PATH}/far")

    assert (refused[0], refused[1]["error"]["code"]) == (409, "not_yours")
    assert "config.toml: remove it there, or set enabled = false" in refused[1]["error"]["message"]
    assert (covered[1]["origin"], covered[1]["state"]) == ("user", "off")
    assert uncovered[0] == 200
    assert (shown[1]["origin"], shown[1]["state"]) == ("config", "on")


async def test_no_secret_is_told_and_none_is_lost() -> None:
    """A rule that comes back as it was told keeps its secret and the whole address; null takes the secret away."""
    whole = {"where": "price > 1", "webhook": "https://a.example/in?token=canary-1", "webhook_secret": "canary-2"}
    async with api() as at:
        made = await at.ask("POST", PATH, {"name": "near", **whole})
        told = {key: made[1][key] for key in ("where", "webhook", "cooldown_s")}
        back = await at.ask("PUT", f"{PATH}/near", told)
        kept = at.desk.drawer.kept["alerts"]["near"]
        all_ = await at.ask("GET")
        without = await at.ask("PUT", f"{PATH}/near", told | {"webhook_secret": None})

    assert "canary" not in json.dumps([made, back, all_, without])
    assert (made[1]["webhook"], made[1]["signed"]) == ("https://a.example/in", True)
    assert isinstance(kept, dict)
    assert kept.items() >= whole.items()
    assert without[1]["signed"] is False


async def test_what_the_disk_refuses_is_not_changed() -> None:
    """And is said as what may work later."""
    async with api() as at:
        at.desk.drawer.refuses = True
        status, content = await at.ask("PUT", f"{PATH}/near", FAR)

        assert at.desk.book.rules == {}
    assert (status, content["error"]["code"]) == (503, "not_kept")


@pytest.mark.parametrize(
    ("method", "path"), [("POST", ""), ("PUT", "/near"), ("DELETE", "/far"), ("POST", "/undelivered/retry")]
)
async def test_pages_of_others_may_change_nothing(method: str, path: str) -> None:
    """Whatever they ask for."""
    async with api(far=FAR) as at:
        status, content = await at.ask(method, PATH + path, FAR, "Origin: http://evil")

        assert (list(at.desk.book.rules), at.post.retried) == (["far"], [])
    assert (status, content["error"]["code"]) == (403, "foreign_origin")


async def test_history_tells_what_rang_and_what_did_not() -> None:
    """Newest first, with the reason; of a rule, a symbol, and no more than asked for."""
    async with api(far=FAR, near=FAR) as at:
        at.desk.show(0, A=10.0, B=10.0)
        for second, price in ((70, 12.0), (80, 10.0), (90, 12.0)):
            at.desk.show(second, A=price, B=10.0)
        _, all_ = await at.ask("GET", f"{PATH}/history")
        _, far = await at.ask("GET", f"{PATH}/history?rule=far&symbol=A&limit=1")
        _, none = await at.ask("GET", f"{PATH}/history?symbol=B")
        wrong = await at.ask("GET", f"{PATH}/history?limit=0")

    told = [(each["rule"], each["symbol"], each["fired"], each["why"]) for each in all_["alerts"]]
    assert told == [
        ("near", "A", False, "cooling down"),
        ("far", "A", False, "cooling down"),
        ("near", "A", True, ""),
        ("far", "A", True, ""),
    ]
    assert far["alerts"] == [all_["alerts"][1]]
    assert none["alerts"] == []
    assert (wrong[0], wrong[1]["error"]["details"]) == (400, {"parameter": "limit"})


async def test_what_could_not_be_delivered_is_told_and_tried_again() -> None:
    """All of it, or one rule's."""
    async with api() as at:
        told = await at.ask("GET", f"{PATH}/undelivered")
        again = [await at.ask("POST", f"{PATH}/undelivered/retry", body) for body in (None, {"rule": "far"})]

    assert told == (200, {"waiting": [], "dead": [{"id": 1}]})
    assert again == [(200, {"again": 3})] * 2
    assert at.post.retried == [None, "far"]


async def test_every_viewer_is_told() -> None:
    """Whether it follows a list or none, in the frame that is documented."""
    desk = Desk({"far": FAR})
    desk.show(0, A=10.0)
    desk.show(70, A=12.0)
    async with served() as world, viewer(world) as idle, viewer(world) as follower:
        await follower.subscribe()
        await follower.hear("subscribed")
        await follower.hear("snapshot")
        world.hub.tell(protocol.alert(desk.rang[0]))
        frames = [await each.hear("alert") for each in (idle, follower)]

    assert frames[0] == frames[1]
    assert frames[0] == {
        "type": "alert", "id": desk.rang[0].id, "rule": "far", "symbol": "A", "list": None,
        "timestamp": desk.rang[0].at // 1_000_000, "text": "A: price > 11", "data": desk.rang[0].data,
    }  # fmt: skip
