"""What to ask a live feed for, as the difference between what is wanted and what is known to be subscribed.

Intent and confirmation are two sets, and silence is no confirmation. `plan` is the difference, `Subscriptions` what is
known on one connection and which request is next. Pure: the feed's adapter says what it heard and when.
The laws: once everything was asked for, asking again at the same moment gives nothing; and whatever became of requests
and answers, a feed that does from now on what it is asked soon holds what is wanted, and is known to.
"""

import math
from collections import Counter
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from typing import Final, Generic, NamedTuple, TypeVar

Item = TypeVar("Item", bound=str)
"""What is subscribed, such as a symbol or a feed's own name of a channel."""

MOST_IN_A_ROW: Final = 3
"""So many requests for more are made while something is to be taken back; else a busy market would never let go."""

MOST_GOODBYES: Final = 3
"""So often an item is taken back that nobody says to have ended: a feed may be silent on what it does not hold."""


class Commands(NamedTuple, Generic[Item]):
    """Requests that would make the feed send what is wanted, each in the order of the items."""

    subscribe: tuple[Item, ...]
    renew: tuple[Item, ...]
    """Asked for and not answered in time: to be taken back and asked again, as a feed is silent on what it holds."""
    unsubscribe: tuple[Item, ...]


class Request(NamedTuple, Generic[Item]):
    """One message to the feed."""

    wanted: bool
    """To begin with these, otherwise to end them."""
    items: tuple[Item, ...]


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


class Subscriptions(Generic[Item]):
    """What one connection was asked for and is known to bring. All times are monotonic seconds."""

    def __init__(self, patience_s: float, most_at_once: int) -> None:
        self._patience_s = patience_s
        self._most = most_at_once
        self._in_a_row = 0
        self._left: dict[Item, float] = {}
        self._goodbyes: Counter[Item] = Counter()
        """Of what was taken back and not said to have ended: how often it was taken back."""
        self.confirmed: set[Item] = set()
        self.pending: dict[Item, float] = {}
        """Asked for and not answered: when."""

    def next_request(self, desired: AbstractSet[Item], now: float) -> Request[Item] | None:
        """What to say next, which is then taken as said."""
        commands = plan(desired, self.confirmed, self.pending, now, self._patience_s)
        # One that is renewed is taken back now, and no longer pending, so that the next request asks for it again.
        back = commands.renew or commands.unsubscribe or self._unheard(desired, now)
        if commands.subscribe and not (back and self._in_a_row >= MOST_IN_A_ROW):
            self._in_a_row += 1
            return self._asked(commands.subscribe[: self._most], now)
        self._in_a_row = 0
        return self._taken_back(back[: self._most], now) if back else None

    def overdue_at(self) -> float:
        """When the oldest unanswered request is no longer waited for."""
        asked_at = (*self.pending.values(), *(self._left[item] for item in self._goodbyes))
        return min(asked_at, default=math.inf) + self._patience_s

    def hear_begun(self, item: Item) -> bool:
        """The feed says that it brings an item, or does; whether that was waited for.

        Late words about what was taken back since confirm nothing.
        """
        if self.pending.pop(item, None) is None:
            return False
        self.confirmed.add(item)
        return True

    def hear_ended(self, item: Item, now: float) -> bool:
        """The feed says that it has ended an item; whether we thought that it comes, which is not sure any more.

        Mostly these words are about an earlier request and those about the newest follow, so they are waited for.
        """
        self._goodbyes.pop(item, None)
        if item not in self.confirmed:
            return False
        self.confirmed.discard(item)
        self.pending[item] = now
        return True

    def hear_coming(self, item: Item) -> None:
        """The feed brings what was not asked for, and it is not under way since before: it is held, wanted or not.

        If it was taken back, that was lost: its end is waited for no longer, or it would be ended though wanted again.
        """
        self._goodbyes.pop(item, None)
        self.confirmed.add(item)

    def lately_taken_back(self, item: Item, now: float) -> bool:
        """Whether what comes of it may have been under way when it was taken back."""
        return now - self._left.get(item, -math.inf) < self._patience_s

    def was_taken_back(self, item: Item) -> bool:
        """Whether it was asked for once, and taken back."""
        return item in self._left

    def give_up(self, item: Item) -> None:
        """Wait for an item no longer: it was not given, so there is nothing to take back."""
        self.pending.pop(item, None)

    def _unheard(self, desired: AbstractSet[Item], now: float) -> tuple[Item, ...]:
        """What was taken back, was not said to have ended in time, and so may be held still; what is wanted may be."""
        late = sorted(item for item in self._goodbyes if now - self._left[item] >= self._patience_s)
        for item in late:
            if self._goodbyes[item] >= MOST_GOODBYES:
                del self._goodbyes[item]
        return tuple(item for item in late if item in self._goodbyes and item not in desired)

    def _asked(self, items: tuple[Item, ...], now: float) -> Request[Item]:
        self.pending.update(dict.fromkeys(items, now))
        for item in items:
            self._goodbyes.pop(item, None)
        return Request(wanted=True, items=items)

    def _taken_back(self, items: tuple[Item, ...], now: float) -> Request[Item]:
        self.confirmed.difference_update(items)
        for item in items:
            self.pending.pop(item, None)
            self._left[item] = now
            self._goodbyes[item] += 1
        return Request(wanted=False, items=items)
