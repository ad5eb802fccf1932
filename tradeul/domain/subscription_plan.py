"""What to ask a live feed for, as the difference between what is wanted and what is known to be subscribed.

Intent and confirmation are two sets, and silence is no confirmation. Pure: the feed's adapter keeps the sets.
The law: once a plan is carried out, planning again at the same moment asks for nothing.
"""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from typing import Generic, NamedTuple, TypeVar

Item = TypeVar("Item", bound=str)
"""What is subscribed, such as a symbol or a feed's own name of a channel."""


class Commands(NamedTuple, Generic[Item]):
    """Requests that would make the feed send what is wanted, each in the order of the items."""

    subscribe: tuple[Item, ...]
    renew: tuple[Item, ...]
    """Asked for and not answered in time: to be taken back and asked again, as a feed is silent on what it holds."""
    unsubscribe: tuple[Item, ...]


def plan(
    desired: AbstractSet[Item],
    confirmed: AbstractSet[Item],
    pending: Mapping[Item, float],
    now: float,
    patience_s: float,
) -> Commands[Item]:
    """What to send now. `pending` holds the monotonic second at which each unanswered item was asked for."""
    asked = confirmed | pending.keys()
    return Commands(
        subscribe=tuple(sorted(desired - asked)),
        renew=tuple(sorted(item for item, at in pending.items() if item in desired and now - at >= patience_s)),
        unsubscribe=tuple(sorted(asked - desired)),
    )
