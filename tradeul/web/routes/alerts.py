"""Alert rules and what became of them: `/api/v1/alerts` to see, make, change and delete rules, `history` of what rang
and what did not and why, `undelivered` webhooks.

What changes something is refused to other people's pages. No secret is ever told, and of an address not its query: a
rule that is sent back as it was told keeps both.
"""

from http import HTTPStatus
from typing import Any, Final
from urllib.parse import urlsplit, urlunsplit

from aiohttp import web
from pydantic import BaseModel, ConfigDict

from tradeul.definitions import NAME_PATTERN, AlertDefinition, Name
from tradeul.domain.alerts import Alert
from tradeul.engine.alert_rules import Rule
from tradeul.engine.alerts import REMEMBERED, Alerts
from tradeul.engine.ports import Messenger
from tradeul.web import shapes
from tradeul.web.answers import answer, refused
from tradeul.web.api import asked_of, operation
from tradeul.web.bodies import NAME_WANTED, NAMED, bad_part, body_of
from tradeul.web.changes import deleted, made
from tradeul.web.failures import EXISTS, FOREIGN_ORIGIN, NOT_KEPT, NOT_YOURS, TOO_MANY, UNKNOWN_ALERT
from tradeul.web.parameters import named, part, symbol, whole_number
from tradeul.web.protocol import alert_fields, milliseconds

NAME: Final = part("name", "The name of a rule.", "runners")
HISTORY: Final = (
    named("rule", "Of this rule only.", NAME_PATTERN, "the name of a rule"),
    symbol("Of this symbol only."),
    whole_number("limit", "How many at most, the newest first.", REMEMBERED, 100),
)
TAKEN: Final = ("history", "undelivered")
"""Words of the API where else a name stands."""


class NewAlert(AlertDefinition):
    """A rule that comes with its name."""

    name: Name


class Again(BaseModel):
    """Which of the undelivered are tried again; without a rule all."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    rule: Name | None = None


class AlertRoutes:
    def __init__(self, alerts: Alerts, messenger: Messenger) -> None:
        self._alerts = alerts
        self._book = alerts.book
        self._messenger = messenger

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/api/v1/alerts", self.all),
            web.post("/api/v1/alerts", self.create),
            web.get("/api/v1/alerts/history", self.history),
            web.get("/api/v1/alerts/undelivered", self.undelivered),
            web.post("/api/v1/alerts/undelivered/retry", self.retry),
            web.get("/api/v1/alerts/{name}", self.one),
            web.put("/api/v1/alerts/{name}", self.put),
            web.delete("/api/v1/alerts/{name}", self.delete),
        ]

    @operation("Alerts", shapes.Rules)
    async def all(self, _request: web.Request) -> web.Response:
        """Every rule, those that are switched off or cannot ring too."""
        return answer({"alerts": [self._told(rule) for rule in self._book]})

    @operation("Alerts", shapes.Rule, parameters=(NAME,), failures=(UNKNOWN_ALERT,))
    async def one(self, request: web.Request) -> web.Response:
        """One rule, and how often it rang."""
        rule = self._book.rules.get(request.match_info["name"])
        return refused(UNKNOWN_ALERT) if rule is None else answer(self._told(rule))

    @operation(
        "Alerts",
        shapes.Rule,
        body=NewAlert,
        failures=(FOREIGN_ORIGIN, EXISTS, TOO_MANY, NOT_KEPT),
        status=HTTPStatus.CREATED,
    )
    async def create(self, request: web.Request) -> web.Response:
        """Make a rule of a name that is free."""
        wish = await body_of(request, NewAlert)
        if isinstance(wish, web.Response):
            return wish
        if wish.name in self._book.rules:
            return refused(EXISTS, f"there is an alert {wish.name}: PUT changes it")
        given = {name: getattr(wish, name) for name in wish.model_fields_set - {"name"}}
        return await self._put(wish.name, AlertDefinition(**given), HTTPStatus.CREATED)

    @operation(
        "Alerts",
        shapes.Rule,
        parameters=(NAME,),
        body=AlertDefinition,
        failures=(FOREIGN_ORIGIN, TOO_MANY, NOT_KEPT),
    )
    async def put(self, request: web.Request) -> web.Response:
        """Make a rule, or define one anew; a secret that is not named stays."""
        definition = await body_of(request, AlertDefinition)
        if isinstance(definition, web.Response):
            return definition
        name = request.match_info["name"]
        if not NAMED.fullmatch(name):
            return bad_part("name", NAME_WANTED)
        known = self._book.rules.get(name)
        return await self._put(name, _completed(definition, None if known is None else known.definition), HTTPStatus.OK)

    @operation(
        "Alerts",
        shapes.Deleted,
        parameters=(NAME,),
        failures=(FOREIGN_ORIGIN, UNKNOWN_ALERT, NOT_YOURS, NOT_KEPT),
    )
    async def delete(self, request: web.Request) -> web.Response:
        """Delete the user's own rule; one of the settings under the same name is there again."""
        name = request.match_info["name"]
        return await deleted(name, self._book.delete(name), UNKNOWN_ALERT)

    @operation("Alerts", shapes.Rang, parameters=HISTORY)
    async def history(self, request: web.Request) -> web.Response:
        """What rang, and what did not and why, newest first; of one rule or symbol if asked."""
        asked = asked_of(request)
        if isinstance(asked, web.Response):
            return asked
        rule, symbol, limit = asked["rule"], asked["symbol"], asked["limit"]
        found = [
            _decision(alert)
            for alert in reversed(self._alerts.decisions)
            if rule in (None, alert.rule) and symbol in (None, alert.symbol)
        ]
        return answer({"alerts": found[:limit]})

    @operation("Alerts", shapes.Undelivered)
    async def undelivered(self, _request: web.Request) -> web.Response:
        """Webhooks that wait, and those that were given up."""
        return answer(self._messenger.undelivered())

    @operation("Alerts", shapes.TriedAgain, body=Again, failures=(FOREIGN_ORIGIN,))
    async def retry(self, request: web.Request) -> web.Response:
        """Try again what was given up, and at once what waits."""
        wish = await body_of(request, Again)
        return wish if isinstance(wish, web.Response) else answer({"again": self._messenger.retry(wish.rule)})

    async def _put(self, name: str, definition: AlertDefinition, status: HTTPStatus) -> web.Response:
        if name in TAKEN:
            return bad_part("name", f"{name} is a word of the API: choose another")
        rule = await made(self._book.put(name, definition))
        return rule if isinstance(rule, web.Response) else answer(self._told(rule), status)

    def _told(self, rule: Rule) -> dict[str, object]:
        trouble = self._book.trouble(rule)
        return {
            "name": rule.name,
            "origin": rule.origin,
            "state": "error" if trouble else rule.state,
            "reason": trouble,
            **_shown(rule.definition),
            "last_fired": None if rule.last_fired is None else milliseconds(rule.last_fired),
            "fired": rule.fired,
            "suppressed": rule.suppressed,
        }


def _decision(alert: Alert) -> dict[str, object]:
    return {**alert_fields(alert), "fired": not alert.why, "why": alert.why}


def _shown(definition: AlertDefinition | None) -> dict[str, Any]:
    """A definition as anybody may see it."""
    if definition is None:
        return {}
    shown = definition.model_dump(mode="json", exclude={"webhook_secret"})
    return {**shown, "on": definition.occasion, "webhook": _shown_address(definition), "signed": _is_signed(definition)}


def _shown_address(definition: AlertDefinition) -> str | None:
    if definition.webhook is None:
        return None
    return urlunsplit(urlsplit(definition.webhook)._replace(query="", fragment=""))


def _is_signed(definition: AlertDefinition) -> bool:
    return definition.webhook_secret is not None


def _completed(wish: AlertDefinition, known: AlertDefinition | None) -> AlertDefinition:
    """Put back what we do not tell, where a rule comes back as it was told."""
    if known is None:
        return wish
    kept: dict[str, object] = {}
    if "webhook_secret" not in wish.model_fields_set:
        kept["webhook_secret"] = known.webhook_secret
    if wish.webhook is not None and wish.webhook == _shown_address(known):
        kept["webhook"] = known.webhook
    return wish.model_copy(update=kept)
