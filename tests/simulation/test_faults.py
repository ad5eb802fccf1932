"""The book of what goes wrong at the simulated vendor."""

from typing import Any

import pytest

from tests.support.market import at
from tradeul.clock import ManualClock
from tradeul.errors import UsageError
from tradeul.simulation.faults import DOORS, FAULTS, Faults


def book() -> Faults:
    return Faults(ManualClock(at("10:00")))


def test_with_nothing_on_nothing_strikes() -> None:
    """An empty book lets everything pass."""
    faults = book()

    assert not any(faults.strikes(name) for name in FAULTS)
    assert faults.on("close") is None
    assert faults.taken_at("answer", "/v2/anything") is None
    assert faults.report() == []


def test_a_fault_has_its_options_and_their_defaults() -> None:
    """What is not said is as listed."""
    faults = book()

    faults.switch_on("close", code=1000)

    assert faults.on("close") == {"code": 1000, "reason": ""}


def test_a_fault_ends_after_its_times() -> None:
    """Looking does not count; taking does, and so does striking."""
    faults = book()
    faults.switch_on("silence", times=2)

    looked = [faults.on("silence") is not None for _ in range(5)]
    taken = [faults.take("silence") is not None, faults.strikes("silence"), faults.strikes("silence")]

    assert looked == [True] * 5
    assert taken == [True, True, False]
    assert faults.on("silence") is None


async def test_a_fault_ends_after_its_seconds() -> None:
    """At the end of its time it is off, however often it struck."""
    clock = ManualClock(at("10:00"))
    faults = Faults(clock)
    faults.switch_on("silence", seconds=10)

    await clock.advance(9.9)
    before = faults.strikes("silence")
    await clock.advance(0.1)

    assert before
    assert not faults.strikes("silence")


def test_switching_on_again_begins_anew() -> None:
    """A fault that is on already takes the new options and times; others are left alone."""
    faults = book()
    faults.switch_on("close", times=1, code=1000)
    faults.switch_on("silence")
    faults.switch_on("close", times=2)

    codes = [(faults.take("close") or {}).get("code") for _ in range(3)]

    assert codes == [1008.0, 1008.0, None]
    assert faults.strikes("silence")


def test_faults_are_switched_off_by_name_or_altogether() -> None:
    """One leaves the others on; none named: all are off."""
    faults = book()
    for name in ("silence", "flood", "close"):
        faults.switch_on(name)

    faults.switch_off("flood")
    left = [each["name"] for each in faults.report()]
    faults.switch_off()

    assert left == ["silence", "close"]
    assert faults.report() == []


def test_requests_are_hit_below_a_path_only() -> None:
    """A fault with a path spares other paths, which use none of its times."""
    faults = book()
    faults.switch_on("slow", path="/v2/snapshot", times=1, seconds=9)

    elsewhere = faults.taken_at("answer", "/v3/reference/tickers")
    other_door = faults.taken_at("body", "/v2/snapshot/locale")
    there = faults.taken_at("answer", "/v2/snapshot/locale")

    assert (elsewhere, other_door) == (None, None)
    assert there == ("slow", FAULTS["slow"].options)
    assert faults.taken_at("answer", "/v2/snapshot/locale") is None


def test_at_one_door_the_first_that_was_switched_on_hits() -> None:
    """Two faults for the same request: the older one, then, when it is used up, the other."""
    faults = book()
    faults.switch_on("web_page", times=1)
    faults.switch_on("rate_limited", times=1)

    hits = [faults.taken_at("answer", "/") for _ in range(3)]

    assert [hit and hit[0] for hit in hits] == ["web_page", "rate_limited", None]


async def test_the_report_says_what_is_on() -> None:
    """Name, path, options, how often it hit, and what is left of it; None: without end."""
    clock = ManualClock(at("10:00"))
    faults = Faults(clock)
    faults.switch_on("abort", times=3, seconds=20, reset=0)
    faults.switch_on("silence", path="/x")
    faults.take("abort")
    await clock.advance(5)

    report = faults.report()

    assert report == [
        {
            "name": "abort",
            "path": "",
            "options": {"reset": 0},
            "hits": 1,
            "times_left": 2,
            "seconds_left": 15.0,
        },
        {"name": "silence", "path": "/x", "options": {}, "hits": 0, "times_left": None, "seconds_left": None},
    ]


@pytest.mark.parametrize(
    ("name", "options", "said"),
    [
        ("silense", {}, "silense: no such fault; did you mean silence?"),
        ("xyzzy", {}, "xyzzy: no such fault"),
        ("close", {"kode": 1.0}, "close.kode: no such option; it knows code, reason"),
        ("silence", {"share": 1.0}, "silence.share: no such option; it knows none"),
        ("close", {"code": "1008"}, "close.code: must be a number"),
        ("close", {"code": True}, "close.code: must be a number"),
        ("close", {"reason": 5.0}, "close.reason: must be a text"),
    ],
)
def test_mistakes_are_named(name: str, options: dict[str, Any], said: str) -> None:
    """An unknown name comes with the nearest, an unknown option with those that there are; nothing is switched on."""
    faults = book()

    with pytest.raises(UsageError) as refused:
        faults.switch_on(name, **options)

    assert str(refused.value) == said
    assert faults.report() == []


def test_every_fault_is_explained() -> None:
    """Each stands at a door that is explained and names its options in its meaning."""
    for fault in FAULTS.values():
        assert fault.door in DOORS
        assert fault.meaning
        assert all(f"`{name}`" in fault.meaning for name in fault.options)
