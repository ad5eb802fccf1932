"""What there is to know about the market day and the fields of a symbol: `/api/session/current`, `/api/v1/fields`."""

from typing import Final

import orjson
from aiohttp import web

from tradeul.domain.events import Nanos
from tradeul.domain.fields import CATALOGUE, Field, Kind
from tradeul.domain.session import local_time
from tradeul.engine.ports import View
from tradeul.web import shapes
from tradeul.web.answers import answer
from tradeul.web.api import JSON, operation
from tradeul.web.files import file_answer, page_file

TYPES: Final = {
    Kind.NUMBER: "number",
    Kind.TIME: "time",
    Kind.FLAG: "flag",
    Kind.CODE: "text",
    Kind.TEXT: "text",
}
"""How a value travels: times are integer milliseconds, flags true or false, and all may be null."""


class MarketFacts:
    def __init__(self, view: View) -> None:
        self._view = view
        self._fields = page_file(orjson.dumps({"fields": [_described(field) for field in CATALOGUE]}), JSON)

    def routes(self) -> list[web.RouteDef]:
        return [web.get("/api/session/current", self.session), web.get("/api/v1/fields", self.fields)]

    @operation("Market", shapes.SessionFacts)
    async def session(self, _request: web.Request) -> web.Response:
        """The market's day: the session of now, the hours of this date in New York, and what comes next."""
        return answer(session_facts(self._view))

    @operation("Market", shapes.Fields, etag=True)
    async def fields(self, request: web.Request) -> web.Response:
        """Every field that a row, a condition or a column can name, with its unit and its meaning."""
        return file_answer(self._fields, request)


def session_facts(view: View) -> dict[str, object]:
    """Describe the New York date of this moment; hours are null on a day without trading."""
    calendar, moment = view.calendar, view.moment()
    today = local_time(moment.instant).date()
    trading = calendar.is_trading_day(today)
    hours = calendar.hours(today)
    holiday = calendar.holiday_name(today)

    def wall(instant: Nanos) -> str | None:
        return local_time(instant).strftime("%H:%M:%S") if trading else None

    return {
        "current_session": moment.session,
        "trading_date": moment.trading_date,
        "is_trading_day": trading,
        "is_holiday": holiday is not None,
        "holiday_name": holiday,
        "is_early_close": calendar.is_early_close(today),
        "pre_market_start": wall(hours.pre_market_start),
        # A day that ended before its open has none of the hours that it did not reach.
        "market_open": wall(min(hours.market_open, hours.ends_at)),
        "market_close": wall(hours.closes_at),
        "post_market_end": wall(hours.ends_at),
        "next_session": moment.next_session,
        "seconds_until_next_session": moment.seconds_until_next_session,
    }


def _described(field: Field) -> dict[str, object]:
    return {
        "name": field.name,
        "title": field.title,
        "type": TYPES[field.kind],
        "unit": field.unit,
        "meaning": field.meaning,
        "precision": field.precision,
        "format": field.format,
        "source": field.source,
    }
