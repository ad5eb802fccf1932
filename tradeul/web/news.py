"""What every viewer is told of market, feed and what is loaded: as a greeting, and when it changes.

Pure but for the clock and what it looks at; the hub asks and does the telling.
"""

from collections.abc import Callable, Iterable
from typing import Final

from tradeul.clock import Clock
from tradeul.domain.scans import Scan
from tradeul.engine.channels import Channels
from tradeul.engine.ports import JobNews, View
from tradeul.web import protocol
from tradeul.web.protocol import text_frame

STATUS_S: Final = 0.25
JOBS_S: Final = 2.0
"""How often progress of what is loaded in the background is told; nobody needs it faster."""
GREETING_S: Final = 0.05
"""Whoever comes within this is greeted with the same words, as thousands may."""


class News:
    def __init__(
        self, channels: Channels, clock: Clock, view: View, under_way: Callable[[], tuple[JobNews, ...]]
    ) -> None:
        self._channels = channels
        self._clock = clock
        self._view = view
        self._under_way = under_way
        self._jobs = under_way()
        """As they were told last."""
        self._jobs_due = 0.0
        self._told: object = None
        self._due = 0.0
        self._greeting = b""
        self._greeting_until = 0.0

    def greeting(self, now: float) -> bytes:
        """The frames that a viewer gets first."""
        if now >= self._greeting_until:
            self._greeting_until = now + GREETING_S
            self._greeting = text_frame(self._hello()) + text_frame(self._status())
        return self._greeting

    def of_lists(self) -> bytes:
        """How everything stands, and which lists there are now."""
        self._greeting_until = 0.0
        return self._status(self._channels.scans())

    def change(self, now: float) -> bytes | None:
        """How everything stands, if that is not what was told last; looks now and then only."""
        if now < self._due:
            return None
        self._due = now + STATUS_S
        if now >= self._jobs_due:
            self._jobs_due = now + JOBS_S
            self._jobs = self._under_way()
        market, feed, moment = self._view.market(), self._view.feed(), self._view.moment()
        day = (moment.session, moment.trading_date, moment.next_session_at)
        standing = (market, feed.state, feed.since, feed.reason, day, self._jobs, self._view.playing())
        if standing == self._told:
            return None
        self._told = standing
        self._greeting_until = 0.0
        return self._status()

    def _hello(self) -> bytes:
        view, channels = self._view, self._channels
        return protocol.hello(channels.epoch, self._clock.now(), view.market(), view.moment(), channels.scans())

    def _status(self, scans: Iterable[Scan] | None = None) -> bytes:
        view = self._view
        return protocol.status(view.market(), view.feed(), view.moment(), self._jobs, scans, view.playing())
