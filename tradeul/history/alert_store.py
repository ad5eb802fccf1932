"""What is asked of the database about alerts: rows are kept once, and set aside if they are of the market's future.

`store` and the writer call it, each in the guard of a connection.
"""

from collections.abc import Sequence
from typing import Final

import msgspec

from tradeul.domain.alerts import Alert
from tradeul.history.database import Connection
from tradeul.history.partitions import moment_of

ALERTS_TABLE: Final = "alert_history"

_ALERTS_KEPT: Final = """
INSERT INTO alert_history (time, id, rule, symbol, list, text, suppressed, data)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8::text::jsonb) ON CONFLICT DO NOTHING"""
ALERTS_SET_ASIDE: Final = """
WITH late AS (SELECT time, id FROM alert_history WHERE time > $1 LIMIT $2),
moved AS (
    DELETE FROM alert_history AS kept USING late
    WHERE kept.time > $1 AND kept.time = late.time AND kept.id = late.id
    RETURNING kept.*
)
INSERT INTO set_aside (table_name, time, row) SELECT 'alert_history', time, to_jsonb(moved) FROM moved"""


async def keep_alerts(connection: Connection, alerts: Sequence[Alert]) -> None:
    """Keep what is not kept yet."""
    await connection.executemany(_ALERTS_KEPT, [_row(alert) for alert in alerts])


def _row(alert: Alert) -> tuple[object, ...]:
    data = msgspec.json.encode(alert.data).decode()
    plain = (alert.rule, alert.symbol, alert.list, alert.text, alert.why)
    return (moment_of(alert.at), alert.id, *plain, data)
