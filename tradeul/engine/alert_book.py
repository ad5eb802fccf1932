"""Which alert rules there are: those of the settings, and over them the user's own, each change kept before it counts.

The HTTP routes change it, one change at a time; `engine/alerts` looks at what it holds. A rule that was kept and
cannot be read stays, with the reason, until somebody changes it.
"""

import asyncio
from collections.abc import Iterator, Mapping
from typing import Final

import structlog
from pydantic import ValidationError

from tradeul.definitions import MOST_DEFINITIONS, AlertDefinition
from tradeul.domain.expression import ExpressionError, parse_condition
from tradeul.engine.alert_rules import Origin, Rule
from tradeul.engine.channels import Channels
from tradeul.engine.ports import UserStore
from tradeul.engine.refusals import NotYours, Refused
from tradeul.errors import UsageError

SECTION: Final = "alerts"

log = structlog.get_logger(__name__)


class AlertBook:
    """All rules by name; of two of one name the user's counts."""

    def __init__(
        self,
        configured: Mapping[str, AlertDefinition],
        own: Mapping[str, object],
        store: UserStore,
        channels: Channels,
    ) -> None:
        self._configured = dict(configured)
        self._own: set[str] = set(own)
        self._store = store
        self._channels = channels
        self._one_at_a_time = asyncio.Lock()
        self.rules = {name: Rule(name, Origin.CONFIG, definition) for name, definition in configured.items()}
        self.rules |= {name: _kept_rule(name, content) for name, content in own.items()}

    def __iter__(self) -> Iterator[Rule]:
        return iter(self.rules.values())

    def trouble(self, rule: Rule) -> str:
        """Say why a rule cannot ring; empty if it can."""
        missing = rule.list is not None and rule.list not in self._channels.by_name
        return rule.error or (f"list: there is no list {rule.list}" if missing else "")

    def check(self, definition: AlertDefinition) -> None:
        """Refuse what can be no rule now."""
        try:
            if definition.where is not None:
                parse_condition(definition.where)
        except ExpressionError as error:
            raise Refused("where", str(error), error.column) from None
        if definition.list is not None and definition.list not in self._channels.by_name:
            raise Refused("list", f"there is no list {definition.list}")

    async def put(self, name: str, definition: AlertDefinition) -> Rule:
        """Make or change a rule. Raises `UsageError` where it cannot be made, `OSError` where it cannot be kept."""
        async with self._one_at_a_time:
            if name not in self._own and len(self._own) >= MOST_DEFINITIONS:
                raise UsageError(f"{MOST_DEFINITIONS} rules of your own are the most: delete one first")
            self.check(definition)
            await asyncio.to_thread(self._store.keep, SECTION, name, _content_of(definition))
            self._own.add(name)
            rule = self.rules[name] = Rule(name, Origin.USER, definition)
            log.info("alert_defined", alert=name, on=definition.occasion, enabled=definition.enabled)
            return rule

    async def delete(self, name: str) -> None:
        """Forget what the user made of a rule; one of the settings is as it was there again.

        Raises `KeyError` where there is none, `NotYours` where nothing of it is the user's, `OSError` like `put`.
        """
        async with self._one_at_a_time:
            if self.rules[name].origin is not Origin.USER:
                raise NotYours(f"{name} is defined in config.toml: remove it there, or set enabled = false")
            await asyncio.to_thread(self._store.keep, SECTION, name, None)
            self._own.discard(name)
            del self.rules[name]
            if name in self._configured:
                self.rules[name] = Rule(name, Origin.CONFIG, self._configured[name])
            log.info("alert_deleted", alert=name)


def _kept_rule(name: str, content: object) -> Rule:
    try:
        return Rule(name, Origin.USER, AlertDefinition.model_validate(content))
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        where = ".".join(map(str, first["loc"])) or "rule"
        reason = f"{where}: {first['msg'].removeprefix('Value error, ')}"
        log.warning("alert_not_understood", alert=name, reason=reason)
        return Rule(name, Origin.USER, None, reason)


def _content_of(definition: AlertDefinition) -> dict[str, object]:
    """What is kept of a rule: its secret as it is, since it is to sign again."""
    content = definition.model_dump(mode="json", exclude_none=True)
    if definition.webhook_secret is not None:
        content["webhook_secret"] = definition.webhook_secret.get_secret_value()
    return content
