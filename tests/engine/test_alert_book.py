"""Rules that are made, changed and deleted: kept first, over those of the settings, refused in words."""

import pytest

from tests.support.alerting import Desk
from tradeul.definitions import MOST_DEFINITIONS, AlertDefinition
from tradeul.engine.alert_book import SECTION
from tradeul.engine.alert_rules import Origin
from tradeul.engine.refusals import NotYours, Refused
from tradeul.errors import UsageError

FAR = AlertDefinition(where="price > 11")


async def test_a_rule_rings_from_the_next_look_on() -> None:
    """Once it is kept, with its secret, as it was given."""
    desk = Desk({})
    signed = {"where": "price > 11", "webhook": "http://a.example/x", "webhook_secret": "canary"}
    await desk.book.put("far", AlertDefinition.model_validate(signed))
    desk.show(0, A=10.0)
    desk.show(70, A=12.0)

    assert desk.told() == [("far", "A", 70)]
    kept = desk.drawer.kept[SECTION]["far"]
    assert isinstance(kept, dict)
    assert kept.items() >= signed.items()
    assert Desk({}, desk.drawer.kept[SECTION]).book.rules["far"].definition == AlertDefinition.model_validate(signed)


async def test_a_changed_rule_goes_on_cooling_down() -> None:
    """It is the same rule under the same name."""
    desk = Desk({})
    await desk.book.put("far", FAR)
    desk.show(0, A=10.0)
    desk.show(70, A=12.0)

    await desk.book.put("far", AlertDefinition(where="price > 13", cooldown_s=600))
    desk.show(75, A=12.0)
    desk.show(80, A=14.0)

    assert desk.told() == [("far", "A", 70)]


async def test_a_rule_of_the_settings_may_be_covered_and_shows_again() -> None:
    """It cannot be deleted, and one's own over it can."""
    desk = Desk({"far": {"where": "price > 11"}})
    with pytest.raises(NotYours, match=r"far is defined in config\.toml: remove it there, or set enabled = false"):
        await desk.book.delete("far")

    await desk.book.put("far", AlertDefinition(where="price > 11", enabled=False))
    covered = desk.book.rules["far"]
    await desk.book.delete("far")

    assert (covered.origin, covered.state) == (Origin.USER, "off")
    assert (desk.book.rules["far"].origin, desk.book.rules["far"].state) == (Origin.CONFIG, "on")
    assert desk.drawer.kept[SECTION] == {}


async def test_what_is_not_there_cannot_be_deleted() -> None:
    """That is a matter of its own for whoever asks."""
    with pytest.raises(KeyError):
        await Desk({}).book.delete("far")


@pytest.mark.parametrize(
    ("definition", "key", "column", "said"),
    [
        (AlertDefinition(where="prize > 11"), "where", 1, "did you mean 'price'"),
        (AlertDefinition(where="price > > 11"), "where", 9, "column 9"),
        (AlertDefinition(list="winnerz"), "list", None, "there is no list winnerz"),
    ],
)
async def test_what_cannot_be_a_rule_is_refused(
    definition: AlertDefinition, key: str, column: int | None, said: str
) -> None:
    """With the part and the column, and nothing is kept."""
    desk = Desk({})
    with pytest.raises(Refused, match=said) as refused:
        await desk.book.put("far", definition)

    assert (refused.value.key, refused.value.column) == (key, column)
    assert (desk.book.rules, desk.drawer.kept) == ({}, {})


async def test_what_cannot_be_kept_changes_nothing() -> None:
    """Neither a new rule nor a deleted one."""
    desk = Desk({})
    await desk.book.put("far", FAR)
    desk.drawer.refuses = True

    with pytest.raises(OSError, match="No space"):
        await desk.book.put("near", FAR)
    with pytest.raises(OSError, match="No space"):
        await desk.book.delete("far")

    assert list(desk.book.rules) == ["far"]


async def test_there_is_a_most_of_rules() -> None:
    """One that is there may still be changed."""
    desk = Desk({})
    for number in range(MOST_DEFINITIONS):
        await desk.book.put(f"far{number}", FAR)

    with pytest.raises(UsageError, match="100 rules of your own are the most"):
        await desk.book.put("one_more", FAR)
    await desk.book.put("far0", AlertDefinition(where="price > 12"))

    assert len(desk.book.rules) == MOST_DEFINITIONS


def test_a_kept_rule_that_cannot_be_read_is_shown_with_the_reason() -> None:
    """It was kept by another version of the program: it is not lost, and harms no other."""
    desk = Desk({}, {"odd": {"where": "price > 1", "when": "full moon"}, "none": 5, "far": {"where": "price > 11"}})

    assert [(rule.name, rule.state) for rule in desk.book] == [("odd", "error"), ("none", "error"), ("far", "on")]
    assert desk.book.trouble(desk.book.rules["odd"]) == "when: Extra inputs are not permitted"
