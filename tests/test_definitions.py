"""What a user may define by name, and what is said of what they may not."""

from typing import Any

import pytest
from pydantic import ValidationError

from tradeul.definitions import AlertDefinition, Occasion


@pytest.mark.parametrize(
    ("given", "occasion"),
    [
        ({"where": "rvol > 5"}, "true"),
        ({"list": "winners"}, "entered"),
        ({"list": "winners", "where": "rvol > 5"}, "true"),
        ({"list": "winners", "where": "rvol > 5", "on": "entered"}, "entered"),
        ({"list": "winners", "on": "left"}, "left"),
        ({"on": "halt"}, "halt"),
        ({"on": "resume", "list": "winners"}, "resume"),
        ({"on": "new_high", "count": 3}, "new_high"),
    ],
)
def test_what_rings_follows_from_what_is_given(given: dict[str, Any], occasion: Occasion) -> None:
    """A condition that begins to hold, or who enters a list, unless it is said."""
    assert AlertDefinition(**given).occasion == occasion


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, "`entered` and `left` need a `list`"),
        ({"on": "left", "where": "price > 1"}, "`entered` and `left` need a `list`"),
        ({"on": "true", "list": "winners"}, "`true` needs a condition"),
        ({"where": "price > 1", "count": 2}, "only `new_high` counts"),
        ({"where": ""}, "at least 1 character"),
        ({"where": "price > 1", "when": "now"}, "Extra inputs"),
        ({"where": "price > 1", "quiet": ["20:00-7:00"]}, "pattern"),
        ({"where": "price > 1", "quiet": ["24:00-07:00"]}, "pattern"),
        ({"where": "price > 1", "quiet": ["07:00-07:00"]}, "begin and end at the same minute"),
        ({"where": "price > 1", "cooldown_s": -1}, "greater than or equal to 0"),
        ({"where": "price > 1", "webhook": "ftp://a.example/"}, "an http:// or https:// address"),
        ({"where": "price > 1", "webhook": "https://"}, "an http:// or https:// address"),
        ({"where": "price > 1", "webhook": "http://a.example/a b"}, "an http:// or https:// address"),
        ({"where": "price > 1", "webhook": "http://a.example:99999/"}, "Port out of range"),
        ({"where": "price > 1", "webhook": "https://canary:x@a.example/"}, "no user and password"),
        ({"where": "price > 1", "webhook_secret": ""}, "at least 1"),
    ],
)
def test_what_is_no_rule_is_said(given: dict[str, Any], said: str) -> None:
    """In words that tell what to do, and none of them a stranger's."""
    with pytest.raises(ValidationError) as refused:
        AlertDefinition(**given)

    assert said in str(refused.value)
    assert refused.value.errors()[0]["loc"]
    assert "canary" not in str(refused.value)


def test_quiet_hours_may_come_as_one_text() -> None:
    """As the environment has them."""
    rule = AlertDefinition.model_validate({"where": "price > 1", "quiet": "20:00-07:00, 12:00-13:00"})

    assert rule.quiet == ("20:00-07:00", "12:00-13:00")
