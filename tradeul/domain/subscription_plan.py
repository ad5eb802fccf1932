"""What to ask a live feed for, as the difference between what is wanted and what is known to be subscribed.

Intent and confirmation are two sets, and silence is no confirmation. Pure: the feed's adapter keeps the sets.
The law: once a plan is carried out, planning again at the same moment asks for nothing.
"""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from typing import NamedTuple

from tradeul.domain.events import Symbol


class Commands(NamedTuple):
    """Requests that would make the feed send what is wanted, each in the order of the symbols."""

    subscribe: tuple[Symbol, ...]
    renew: tuple[Symbol, ...]
    """Asked for and not answered in time: to be taken back and asked again, as a feed is silent on what it holds."""
    unsubscribe: tuple[Symbol, ...]


def plan(
    desired: AbstractSet[Symbol],
    confirmed: AbstractSet[Symbol],
    pending: Mapping[Symbol, float],
    now: float,
    patience_s: float,
) -> Commands:
    """What to send now. `pending` holds the monotonic second at which each unanswered symbol was asked for."""
    asked = confirmed | pending.keys()
    return Commands(
        subscribe=tuple(sorted(desired - asked)),
        renew=tuple(sorted(s for s, at in pending.items() if s in desired and now - at >= patience_s)),
        unsubscribe=tuple(sorted(asked - desired)),
    )
