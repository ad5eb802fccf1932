"""Delivers the outbox: per address one letter at a time and in order, again and again until it is taken.

A 2xx is success. A body that an address refuses for good (`REFUSED`) is given up at once, whatever else goes wrong is
tried again, with growing waits of up to five minutes, for a day on the machine's clock, and then given up. Redirects
are not followed, answers are not read, and nothing that is logged or told shows more of an address than its host.
"""

import os
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final, NamedTuple

import aiohttp
import orjson
import structlog
from yarl import URL

from tradeul.clock import NANOS_PER_SECOND, Clock
from tradeul.domain.alerts import Alert
from tradeul.webhooks.outbox import Outbox
from tradeul.webhooks.outbox_file import Letter
from tradeul.webhooks.signing import headers_of

DEADLINE_S: Final = 10.0
ANSWER_BYTES: Final = 4_096
LOOK_EVERY_S: Final = 0.5
FIRST_RETRY_S: Final = 1.0
LONGEST_RETRY_S: Final = 300.0
GIVEN_UP_AFTER_NS: Final = 86_400 * NANOS_PER_SECOND
COURIERS: Final = 4
"""Addresses that are delivered to at the same time."""
SHOWN: Final = 100
REFUSED: Final = {
    HTTPStatus.BAD_REQUEST, HTTPStatus.GONE, HTTPStatus.REQUEST_ENTITY_TOO_LARGE, HTTPStatus.UNPROCESSABLE_ENTITY
}  # fmt: skip
"""Asking again changes nothing: the body is refused, or nobody wants any more."""
NO_ADDRESS: Final = "the rule is gone, or has no webhook any more"

log = structlog.get_logger(__name__)


class Target(NamedTuple):
    """Where the letters of a rule go, and what they are signed with; an empty secret: with nothing."""

    address: str
    secret: str


@dataclass(slots=True)
class Lane:
    """How it stands with one address."""

    busy: bool = False
    failures: int = 0
    """In a row."""
    reason: str = ""
    since: int = 0
    """On the machine's clock."""
    due: float = 0.0


class Couriers:
    """The engine's `Messenger`. `keep` and `COURIERS` times `deliver` run for ever; then `close`."""

    def __init__(
        self,
        outbox: Outbox,
        target_of: Callable[[str], Target | None],
        clock: Clock,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self.delivered = 0
        self.market: Callable[[], str] = lambda: "unknown"
        """Names the market that alerts are of."""
        self._outbox = outbox
        self._target_of = target_of
        self._clock = clock
        self._jitter = jitter
        self._lanes: dict[str, Lane] = {}
        self._session: aiohttp.ClientSession | None = None

    def send(self, alert: Alert) -> None:
        """Have the address of the alert's rule told, if it has one."""
        if self._target_of(alert.rule) is None:
            return
        content = {
            "id": alert.id,
            "market": self.market(),
            "rule": alert.rule,
            "symbol": alert.symbol,
            "list": alert.list,
            "timestamp": alert.at // 1_000_000,
            "text": alert.text,
            "data": alert.data,
        }
        body = orjson.dumps(content, default=str).decode()
        self._outbox.put(Letter(alert.id, alert.rule, body, self._clock.wall()))

    def undelivered(self) -> Mapping[str, object]:
        """Tell the oldest that wait, and what was given up, the newest first."""
        waiting = sorted((letter for of in self._outbox.waiting.values() for letter in of.values()), key=_id_of)
        return {
            "waiting_count": len(waiting),
            "waiting": [_told(letter) for letter in waiting[:SHOWN]],
            "dead": [_told(letter) for letter in reversed(self._outbox.dead.values())],
            "forgotten": self._outbox.forgotten,
            "failing": self._failing(),
        }

    def retry(self, rule: str | None) -> int:
        """Try again what was given up, of one rule or all; and do not wait with what failed."""
        for lane in self._lanes.values():
            lane.due = 0.0
        return self._outbox.retry(rule)

    def report(self) -> dict[str, object]:
        """For health."""
        failing = self._failing()
        trouble = self._outbox.trouble
        if failing and not trouble:
            first = failing[0]
            trouble = f"{len(self._outbox)} webhooks wait, as {first['host']} {first['reason']}"
        return {
            "delivered": self.delivered,
            "waiting": len(self._outbox),
            "in_flight": len(self._busy()),
            "dead": len(self._outbox.dead),
            "forgotten": self._outbox.forgotten,
            "damaged": self._outbox.damaged,
            "failing": failing,
            "trouble": trouble,
        }

    async def deliver(self) -> None:
        """Deliver letter by letter, for ever."""
        while True:
            claim = self._claim()
            if claim is None:
                await self._clock.pause(LOOK_EVERY_S)
            else:
                await self._attempt(*claim)

    async def close(self) -> None:
        """Keep how it stands; nobody delivers any more."""
        await self._outbox.keep()
        if self._session is not None:
            await self._session.close()

    def _claim(self) -> tuple[Letter, Target, Lane] | None:
        """Choose the oldest letter of all whose address is free and due; of each address only its oldest counts."""
        heads: dict[str, tuple[Letter, Target]] = {}
        for rule, letters in list(self._outbox.waiting.items()):
            target = self._target_of(rule)
            if target is None:
                for letter in list(letters.values()):
                    self._outbox.bury(letter, NO_ADDRESS)
                continue
            head = next(iter(letters.values()))
            known = heads.get(target.address)
            if known is None or head.id < known[0].id:
                heads[target.address] = head, target
        self._lanes = {address: self._lanes.get(address) or Lane() for address in heads | self._busy()}
        now = self._clock.monotonic()
        free = [
            (letter, target, lane)
            for address, (letter, target) in heads.items()
            if not (lane := self._lanes[address]).busy and lane.due <= now
        ]
        return min(free, key=lambda claim: claim[0].id, default=None)

    def _busy(self) -> dict[str, Any]:
        return {address: None for address, lane in self._lanes.items() if lane.busy}

    async def _attempt(self, letter: Letter, target: Target, lane: Lane) -> None:
        lane.busy = True
        try:
            status, failure = await self._post(letter, target)
        finally:
            lane.busy = False
        if letter.id not in self._outbox.waiting.get(letter.rule, {}):
            return  # its rule was deleted meanwhile
        if HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
            self._outbox.done(letter)
            self.delivered += 1
            self._is_well(lane, target)
        elif status in REFUSED:
            self._outbox.bury(letter, failure)
            self._is_well(lane, target)
        else:
            self._failed(letter, target, lane, failure)

    async def _post(self, letter: Letter, target: Target) -> tuple[int, str]:
        """Send it; the status of the answer, 0 for none, and what is wrong with it in words."""
        body = letter.body.encode()
        headers = headers_of(str(letter.id), self._clock.wall() // NANOS_PER_SECOND, body, target.secret)
        try:
            async with self._opened().post(target.address, data=body, headers=headers, allow_redirects=False) as answer:
                return answer.status, f"answered {answer.status}"
        except TimeoutError:
            return 0, f"gave no answer within {DEADLINE_S:.0f} s"
        except aiohttp.ClientConnectorError as error:
            # Not its own words, which name the address as one loop or another writes it.
            return 0, f"cannot be reached: {os.strerror(error.errno) if error.errno else 'no connection'}"
        except (aiohttp.ClientError, OSError, ValueError) as error:
            return 0, f"broke the connection ({type(error).__name__})"

    def _is_well(self, lane: Lane, target: Target) -> None:
        if lane.failures:
            log.info(
                "webhook_taken_again", host=_host(target.address), failures=lane.failures, waiting=len(self._outbox)
            )
        lane.failures, lane.reason, lane.due = 0, "", 0.0

    def _failed(self, letter: Letter, target: Target, lane: Lane, reason: str) -> None:
        if not lane.failures:
            lane.since = self._clock.wall()
            log.warning("webhook_failed", host=_host(target.address), rule=letter.rule, reason=reason)
        lane.failures += 1
        lane.reason = reason
        wait_s = min(LONGEST_RETRY_S, FIRST_RETRY_S * 2 ** min(lane.failures - 1, 16))
        if self._clock.wall() - letter.queued_at >= GIVEN_UP_AFTER_NS:
            self._outbox.bury(letter, reason)
            # The next one may be just as old, and has its own attempt.
            wait_s = FIRST_RETRY_S
        lane.due = self._clock.monotonic() + wait_s * (1 + self._jitter()) / 2

    def _failing(self) -> list[dict[str, object]]:
        now = self._clock.monotonic()
        return [
            {
                "host": _host(address),
                "since": lane.since // 1_000_000,
                "failures": lane.failures,
                "reason": lane.reason,
                "next_in_s": round(max(0.0, lane.due - now), 1),
            }
            for address, lane in self._lanes.items()
            if lane.failures
        ]

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                timeout=aiohttp.ClientTimeout(total=DEADLINE_S),
                read_bufsize=ANSWER_BYTES,
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
                headers={"User-Agent": "tradeul"},
            )
        return self._session


def _id_of(letter: Letter) -> int:
    return letter.id


def _host(address: str) -> str:
    return str(URL(address).origin())


def _told(letter: Letter) -> dict[str, object]:
    return {
        "id": letter.id,
        "rule": letter.rule,
        "queued_at": letter.queued_at // 1_000_000,
        "why": letter.why,
        "alert": orjson.loads(letter.body),
    }
