"""What is followed live and why: `/subscriptions`, `/stats` of the link, `/reconciler/metrics`, `/reconciler/force`.

All moments are milliseconds of market time.
"""

from typing import Final

from aiohttp import web

from tradeul.domain.events import Nanos
from tradeul.engine.reconciler import Change, Reconciler
from tradeul.web import shapes
from tradeul.web.answers import answer
from tradeul.web.api import asked_of, operation
from tradeul.web.failures import FOREIGN_ORIGIN
from tradeul.web.parameters import choice
from tradeul.web.protocol import milliseconds

LOG: Final = choice("log", "`1`: the last changes too, with why.", ("0", "1"), "0")


class SubscriptionRoutes:
    """Tells what the reconciler knows now; nothing is waited for."""

    def __init__(self, reconciler: Reconciler) -> None:
        self._reconciler = reconciler

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/subscriptions", self.subscriptions),
            web.get("/stats", self.stats),
            web.get("/reconciler/metrics", self.metrics),
            web.post("/reconciler/force", self.force),
        ]

    @operation("Program", shapes.Subscriptions, parameters=(LOG,))
    async def subscriptions(self, request: web.Request) -> web.Response:
        """Who is followed, since when and why; who is known to come, and who was asked for; the last changes if asked.

        The newest change is the first.
        """
        asked = asked_of(request)
        if isinstance(asked, web.Response):
            return asked
        attention, link = self._reconciler.attention, self._reconciler.link
        content: dict[str, object] = {
            "desired": [
                {"symbol": symbol, "since": milliseconds(attention.since[symbol]), "because": attention.because(symbol)}
                for symbol in sorted(attention.desired)
            ],
            "confirmed": sorted(link.confirmed),
            "pending": sorted(link.pending),
        }
        if asked["log"] == "1":
            content["log"] = [_told(change) for change in reversed(self._reconciler.changes)]
        return answer(content)

    @operation("Program", shapes.LinkStats)
    async def stats(self, _request: web.Request) -> web.Response:
        """How the link to the vendor is, and how many symbols came to be followed and are followed no more."""
        link, tally = self._reconciler.link, self._reconciler.tally
        return answer(
            {
                "connected": link.connected,
                "authenticated": link.authenticated,
                "since": milliseconds(link.since),
                "reconnects": link.reconnects,
                "close_codes": {str(code): times for code, times in link.close_codes.items()},
                "messages": link.messages,
                "lag_ms": link.lag_ms,
                "last_message_at": _moment(link.last_message_at or None),
                "batches": link.requests,
                "trouble": self._reconciler.trouble,
                "promoted": tally.promoted,
                "degraded": tally.degraded,
            }
        )

    @operation("Program", shapes.Audits)
    async def metrics(self, _request: web.Request) -> web.Response:
        """What the audits found and put right since the start, and how it stands now."""
        reconciler, tally = self._reconciler, self._reconciler.tally
        return answer(
            {
                "reconciliations_count": tally.audits,
                "total_drift_detected": tally.drift,
                "total_corrections": tally.corrections,
                "last_reconciliation": _moment(tally.last_at),
                "drift": len(reconciler.drift()),
                "desired": len(reconciler.attention.desired),
                "confirmed": len(reconciler.link.confirmed),
                "batches": reconciler.link.requests,
                "overlooked": tally.overlooked,
                "disbelieved": reconciler.attention.disbelieved,
            }
        )

    @operation("Program", shapes.Audit, failures=(FOREIGN_ORIGIN,))
    async def force(self, _request: web.Request) -> web.Response:
        """Audit now: how far it was off, and how many symbols are asked for and taken back for that."""
        return answer(self._reconciler.audit()._asdict())


def _told(change: Change) -> dict[str, object]:
    return {
        "symbol": change.symbol,
        "action": change.action,
        "why": change.why,
        "session": change.session,
        "time": milliseconds(change.at),
    }


def _moment(at: Nanos | None) -> int | None:
    return None if at is None else milliseconds(at)
