"""Tells systemd how we are, over the socket that it names: READY, STATUS, WATCHDOG, STOPPING. Without one, nothing.

The watchdog is fed only while everything that must get on does, so that systemd kills and starts anew what merely
exists. The protocol is a datagram of lines. `operations` owns one; the supervisor runs it.
"""

import contextlib
import os
import socket
from collections.abc import Callable, Mapping
from typing import Final

import structlog

from tradeul.clock import Clock

FED_PER_PERIOD: Final = 3
"""How often within the time that systemd allows."""
LOOK_S: Final = 1.0
_MICRO: Final = 1_000_000

log = structlog.get_logger(__name__)


class Notifier:
    """`standing` says how we are in a line, `overdue` what does not get on; nothing where all does."""

    def __init__(
        self, environ: Mapping[str, str], clock: Clock, standing: Callable[[], str], overdue: Callable[[], str]
    ) -> None:
        self._address = _address(environ.get("NOTIFY_SOCKET", ""))
        self._period_s = _watchdog_s(environ)
        self._clock = clock
        self._standing = standing
        self._overdue = overdue
        self._told = ""
        self._starving = False

    @property
    def wanted(self) -> bool:
        """Whether somebody listens."""
        return bool(self._address)

    async def run(self) -> None:
        """Say that we serve, then how we are, for as long as we do."""
        self._say("READY=1")
        fed_at = float("-inf")
        try:
            while True:
                now = self._clock.monotonic()
                self._tell_standing()
                if self._period_s and now - fed_at >= self._period_s / FED_PER_PERIOD - LOOK_S / 2 and self._gets_on():
                    self._say("WATCHDOG=1")
                    fed_at = now
                await self._clock.pause(min(LOOK_S, self._period_s / FED_PER_PERIOD or LOOK_S))
        finally:
            self._say("STOPPING=1")

    def _tell_standing(self) -> None:
        standing = " ".join(self._standing().split())
        if standing != self._told:
            self._told = standing
            self._say(f"STATUS={standing}")

    def _gets_on(self) -> bool:
        overdue = self._overdue()
        if bool(overdue) is not self._starving:
            self._starving = bool(overdue)
            log.error("watchdog_not_fed", reason=overdue) if overdue else log.info("watchdog_fed_again")
        return not overdue

    def _say(self, words: str) -> None:
        """Send without waiting; who does not read is not waited for."""
        # No such socket any more, or no room in it: systemd then judges by its own clock.
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
            sender.settimeout(0)
            if self._address:
                sender.sendto(words.encode(), self._address)


def _address(named: str) -> str:
    """The socket's address; `@` stands for the zero byte of an abstract one."""
    return "\0" + named[1:] if named.startswith("@") else named


def _watchdog_s(environ: Mapping[str, str]) -> float:
    """How often systemd wants to hear that all is well; 0 where it does not, or not of this process."""
    wanted, whose = environ.get("WATCHDOG_USEC", ""), environ.get("WATCHDOG_PID", "")
    if not wanted.isdigit() or (whose and whose != str(os.getpid())):
        return 0.0
    return int(wanted) / _MICRO
