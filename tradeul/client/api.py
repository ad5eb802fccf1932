"""Asks the program at an address over HTTP; used by the commands."""

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from types import TracebackType
from typing import Any, Final, Self, TypeVar

import aiohttp
import orjson
from yarl import URL

from tradeul.client.conversation import ServerLost
from tradeul.client.rankings import Message
from tradeul.client.showing import headers_showing
from tradeul.errors import JobFailed, UsageError

ANSWER_S: Final = 15.0
RECORDING_FIELDS: Final = (
    "enabled", "file", "writing", "bodies", "frames", "bytes_in", "bytes_out", "dropped", "failures"
)  # fmt: skip

Said = TypeVar("Said")


class ApiClient:
    """Asks the program at an address over HTTP, with a token where it wants one."""

    def __init__(self, url: str, token: str = "") -> None:
        self._headers = headers_showing(token)
        try:
            self._address = URL(url).origin() / "api/v1"
        except ValueError as error:
            raise UsageError(f"{url} is no address: http://127.0.0.1:8000 is one") from error

    async def __aenter__(self) -> Self:
        timeout = aiohttp.ClientTimeout(total=ANSWER_S)
        self._session = aiohttp.ClientSession(headers=self._headers, timeout=timeout)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._session.close()

    async def preview(self, where: str, order: str, columns: Sequence[str], size: int) -> Message:
        """Try a condition on the market as it stands; one that cannot be read is a `UsageError`."""
        wish = {"where": where, "columns": list(columns), "size": size, "limit": size}
        wish |= {"order": order} if order else {}

        def found(content: Message) -> Message:
            return {name: content[name] for name in ("count", "timestamp", "rows", "ms")}

        return await self._asked(found, "POST", self._address / "scans/preview", json=wish)

    async def health(self) -> Message:
        """How it is, as far as it tells us."""
        return await self._asked(lambda content: content, "GET", self._address.origin() / "health")

    async def scan_recall(self, day: dt.date | None, name: str | None) -> Message:
        """What was shown late or never on a day, None: the newest; of a list its symbols too. Else a `UsageError`."""
        query = {key: str(value) for key, value in (("day", day), ("list", name)) if value is not None}
        return await self._asked(lambda content: content, "GET", (self._address / "audit/recall").with_query(query))

    async def ticker(self, symbol: str) -> Message:
        """Every field of a symbol; one that it does not know is a `UsageError`."""
        return await self._asked(lambda content: content, "GET", self._address / "ticker" / symbol)

    async def start(self, name: str, days: int | None) -> int:
        """Ask for a run, or join the one there is; its number. What the server does not know is a `UsageError`."""
        wish = {} if days is None else {"days": days}
        return await self._asked(lambda content: int(content["run"]), "POST", self._address / "jobs" / name, json=wish)

    async def run(self, number: int) -> Message | None:
        """How a run stands; None if the server knows nothing of it."""

        def found(content: Message) -> Message | None:
            return next((run for run in content["runs"] if run["run"] == number), None)

        return await self._asked(found, "GET", self._address / "jobs")

    async def recording(self, *, wanted: bool | None = None) -> Message:
        """How it records, once that is turned as `wanted`; where it cannot be is a `UsageError`."""
        method, body = ("GET", {}) if wanted is None else ("PUT", {"json": {"enabled": wanted}})

        def found(content: Message) -> Message:
            return {name: content[name] for name in RECORDING_FIELDS}

        return await self._asked(found, method, self._address / "recording", **body)

    async def try_past(self, wish: Mapping[str, Any]) -> int:
        """Ask for a backtest and give its number; what cannot be read of the wish is a `UsageError`."""
        return await self._asked(lambda content: int(content["id"]), "POST", self._address / "backtests", json=wish)

    async def trial(self, number: int) -> Message:
        """How a backtest stands, with its result once it is done."""
        return await self._asked(lambda content: content, "GET", self._address / "backtests" / str(number))

    async def cancel_trial(self, number: int) -> None:
        """End a backtest that waits or goes on."""
        await self._asked(lambda _: None, "DELETE", self._address / "backtests" / str(number))

    async def rvol_audit(self, day: dt.date | None) -> Message:
        """What the audit of a day found, None: of the newest; a day without one is a `UsageError`."""
        query = {} if day is None else {"day": day.isoformat()}
        return await self._asked(lambda content: content, "GET", (self._address / "audit/rvol").with_query(query))

    async def _asked(self, read: Callable[[Message], Said], method: str, address: URL, **body: Any) -> Said:
        try:
            # What we ask is answered where we ask it; nobody else is shown the token.
            async with self._session.request(method, address, allow_redirects=False, **body) as response:
                content = orjson.loads(await response.read())
            if response.ok:
                return read(content)
            complaint = str(content["error"]["message"])
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise ServerLost(f"no tradeul answers at {address.origin()}") from error
        except (orjson.JSONDecodeError, KeyError, TypeError) as error:
            raise ServerLost(f"what answers at {address.origin()} is no tradeul") from error
        raise UsageError(complaint) if response.status < HTTPStatus.INTERNAL_SERVER_ERROR else JobFailed(complaint)
