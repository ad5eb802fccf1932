"""A small client of the live protocol: lists that are right at every message, for programs of any kind.

    async with ScannerClient("http://127.0.0.1:8000", SystemClock()) as client:
        await client.subscribe("gappers_up")
        async for message in client:
            print(client.lists["gappers_up"].rankings.rows[:3])

It knows the protocol from its documentation and shares no code with the server. `Rankings` is pure; `ListSync` is the
state machine of one list without a socket; `ScannerClient` adds the socket. Entering a client again after its
connection ended resumes every list from what it holds. `ApiClient` asks over HTTP.
"""

import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from http import HTTPStatus
from types import TracebackType
from typing import Any, Final, Self, TypeVar

import aiohttp
import orjson
from yarl import URL

from tradeul.clock import Clock
from tradeul.errors import JobFailed, TradeulError, UsageError

PROTOCOL: Final = 1
PATH: Final = "/ws/scanner"
SILENCE_S: Final = 15.0
"""The server sends a heartbeat every 5 s, so a connection this silent is dead."""
ANSWER_S: Final = 5.0
MOST_UNANSWERED: Final = 3
MOST_HEARTBEATS_AHEAD: Final = 2

Message = dict[str, Any]
Row = dict[str, Any]
Said = TypeVar("Said")


class OutOfStep(TradeulError):
    """A change does not fit what is held: something was missed."""


class ServerLost(TradeulError):
    """The server cannot be reached, fell silent, or does not answer what it must."""


class Rankings:
    """One list as it stood at (epoch, sequence). Each row is rank, symbol and the list's columns; never changed."""

    __slots__ = ("epoch", "rows", "sequence", "timestamp")

    def __init__(self) -> None:
        self.epoch: str | None = None
        self.sequence = 0
        self.timestamp = 0
        self.rows: tuple[Row, ...] = ()

    def replace(self, snapshot: Message) -> None:
        """Take a snapshot as the whole truth."""
        self.rows = _in_order(snapshot["rows"])
        self.epoch = snapshot["epoch"]
        self.sequence = snapshot["sequence"]
        self.timestamp = snapshot["timestamp"]

    def apply(self, delta: Message) -> None:
        """Take a delta that starts where this ends; otherwise `OutOfStep`, and nothing is changed."""
        if delta["epoch"] != self.epoch or delta["prev"] != self.sequence:
            raise OutOfStep(f"at {self.sequence}, and the change starts from {delta['prev']}")
        self.rows = applied(self.rows, delta["deltas"])
        self.sequence = delta["sequence"]
        self.timestamp = delta["timestamp"]

    def checksum(self) -> int:
        """CRC-32 of rank, symbol and price of every row, as the server computes it."""
        lines = (f"{row['rank']}:{row['symbol']}:{_ten_thousandths(row.get('price'))}" for row in self.rows)
        return zlib.crc32("\n".join(lines).encode())


def applied(rows: Iterable[Row], changes: Iterable[Mapping[str, Any]]) -> tuple[Row, ...]:
    """Apply all changes as a set, then sort by rank; the ranks must then be 1..n."""
    by_symbol = {row["symbol"]: row for row in rows}
    for change in changes:
        symbol, action = change["symbol"], change["action"]
        if action == "add":
            by_symbol[symbol] = {"rank": change["rank"], "symbol": symbol, **change["data"]}
        elif symbol not in by_symbol:
            raise OutOfStep(f"{action} of {symbol}, which is not in the list")
        elif action == "remove":
            del by_symbol[symbol]
        elif action == "update":
            by_symbol[symbol] = {**by_symbol[symbol], **change["data"]}
        elif action == "rerank":
            by_symbol[symbol] = {**by_symbol[symbol], "rank": change["new_rank"]}
        else:
            raise OutOfStep(f"{action} is no change that is known")
    return _in_order(by_symbol.values())


def _in_order(rows: Iterable[Row]) -> tuple[Row, ...]:
    ordered = tuple(sorted(rows, key=lambda row: int(row["rank"])))
    if any(row["rank"] != rank for rank, row in enumerate(ordered, 1)):
        raise OutOfStep("the ranks are not 1 to n")
    return ordered


def _ten_thousandths(price: float | None) -> str:
    return "" if price is None else str(round(price * 10_000))


class ListSync:
    """Keeps one list's rankings right. Each step returns the message to send, or nothing.

    `live` means that the rankings equal the server's; while it is false, only an answer to what was asked counts.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.rankings = Rankings()
        self.live = False
        self.unanswered = 0
        self._resyncing = False
        self._asked_at = 0.0
        self._ahead = 0

    def subscription(self, now: float) -> Message:
        self.live = False
        self._resyncing = False
        self.unanswered = 0
        self._asked_at = now
        return self._request("subscribe_list")

    def step(self, message: Message, now: float) -> Message | None:
        """Take a message about this list, or a heartbeat."""
        kind = message["type"]
        if kind == "heartbeat":
            return self._heartbeat(message, now)
        if kind == "snapshot":
            return self._snapshot(message, now)
        if kind == "delta":
            return self._delta(message, now)
        if kind == "subscribed" and message["recovered"] and not self._resyncing:
            self._settle()
        return None

    def overdue(self, now: float) -> Message | None:
        """Ask again for what was not answered in time; asked at every message, of which heartbeats bring enough."""
        if self.live or now - self._asked_at < ANSWER_S:
            return None
        self.unanswered += 1
        return self._resync(now)

    def _snapshot(self, message: Message, now: float) -> Message | None:
        held = self.rankings
        if message["epoch"] == held.epoch and message["sequence"] < held.sequence:
            return None
        try:
            held.replace(message)
        except OutOfStep:
            return self._resync(now) if self.live else None
        self._settle()
        return None

    def _delta(self, message: Message, now: float) -> Message | None:
        held = self.rankings
        same_epoch = message["epoch"] == held.epoch
        if self._resyncing or (same_epoch and message["sequence"] <= held.sequence):
            return None
        if not self.live and not (same_epoch and message["prev"] == held.sequence):
            return None
        try:
            held.apply(message)
        except OutOfStep:
            return self._resync(now)
        self._settle()
        return None

    def _heartbeat(self, message: Message, now: float) -> Message | None:
        theirs = message["sequences"].get(self.name)
        if not self.live or theirs is None:
            return None
        same_epoch = message["epoch"] == self.rankings.epoch
        self._ahead = self._ahead + 1 if not same_epoch or theirs > self.rankings.sequence else 0
        if self._ahead >= MOST_HEARTBEATS_AHEAD:
            return self._resync(now)
        comparable = same_epoch and theirs == self.rankings.sequence
        if comparable and message["checksums"][self.name] != self.rankings.checksum():
            return self._resync(now)
        return None

    def _resync(self, now: float) -> Message:
        self.live = False
        self._resyncing = True
        self._asked_at = now
        return self._request("resync")

    def _request(self, action: str) -> Message:
        held = self.rankings
        known = {} if held.epoch is None else {"epoch": held.epoch, "last_sequence": held.sequence}
        return {"action": action, "list": self.name, **known}

    def _settle(self) -> None:
        self.live = True
        self._resyncing = False
        self.unanswered = 0
        self._ahead = 0


class ScannerClient:
    """One connection at a time to one server. Iterating yields each message after the lists have taken it in.

    The iteration ends when the server closes (`close_code` then says why) and raises `ServerLost` when it is dead.
    """

    def __init__(self, url: str, clock: Clock) -> None:
        self.lists: dict[str, ListSync] = {}
        self.close_code: int | None = None
        self._address = URL(url).with_path(PATH).with_query(protocol=PROTOCOL)
        self._clock = clock

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession()
        try:
            self._socket = await self._session.ws_connect(self._address, max_msg_size=0)
            for sync in self.lists.values():
                await self._send(sync.subscription(self._clock.monotonic()))
        except (aiohttp.ClientError, OSError) as error:
            await self._session.close()
            raise ServerLost(f"no tradeul answers at {self._address.origin()}: {error}") from error
        self.close_code = None
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._socket.close()
        await self._session.close()

    async def subscribe(self, name: str) -> None:
        """Follow a list; it is right from its first snapshot on, which is when `lists[name].live` turns true."""
        sync = self.lists.setdefault(name, ListSync(name))
        await self._send(sync.subscription(self._clock.monotonic()))

    async def unsubscribe(self, name: str) -> None:
        del self.lists[name]
        await self._send({"action": "unsubscribe_list", "list": name})

    async def ping(self, request_id: int | str) -> None:
        """Ask for a heartbeat that carries `request_id`."""
        await self._send({"action": "ping", "id": request_id})

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Message:
        try:
            received = await self._socket.receive(timeout=SILENCE_S)
        except TimeoutError:
            raise ServerLost(f"nothing came for {SILENCE_S:.0f} s") from None
        if received.type is not aiohttp.WSMsgType.TEXT:
            self.close_code = self._socket.close_code
            raise StopAsyncIteration
        message: Message = orjson.loads(received.data)
        await self._take_in(message)
        return message

    async def _take_in(self, message: Message) -> None:
        now = self._clock.monotonic()
        if message["type"] == "unsubscribed":
            # By our own wish it is gone already; else the list is no more.
            self.lists.pop(message["list"], None)
        for sync in self.lists.values():
            concerned = message.get("list") == sync.name or message["type"] == "heartbeat"
            request = (sync.step(message, now) if concerned else None) or sync.overdue(now)
            if sync.unanswered >= MOST_UNANSWERED:
                raise ServerLost(f"{sync.name}: no answer to {MOST_UNANSWERED} requests")
            if request is not None:
                await self._send(request)

    async def _send(self, message: Message) -> None:
        try:
            await self._socket.send_str(orjson.dumps(message).decode())
        except ConnectionError as error:
            raise ServerLost(f"the connection is gone: {error}") from error


class ApiClient:
    """Asks the program at an address over HTTP."""

    def __init__(self, url: str) -> None:
        try:
            self._address = URL(url).origin() / "api/v1"
        except ValueError as error:
            raise UsageError(f"{url} is no address: http://127.0.0.1:8000 is one") from error

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=SILENCE_S))
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

    async def start(self, name: str, days: int | None) -> int:
        """Ask for a run, or join the one there is; its number. What the server does not know is a `UsageError`."""
        wish = {} if days is None else {"days": days}
        return await self._asked(lambda content: int(content["run"]), "POST", self._address / "jobs" / name, json=wish)

    async def run(self, number: int) -> Message | None:
        """How a run stands; None if the server knows nothing of it."""

        def found(content: Message) -> Message | None:
            return next((run for run in content["runs"] if run["run"] == number), None)

        return await self._asked(found, "GET", self._address / "jobs")

    async def _asked(self, read: Callable[[Message], Said], method: str, address: URL, **body: Any) -> Said:
        try:
            async with self._session.request(method, address, **body) as response:
                content = orjson.loads(await response.read())
            if response.ok:
                return read(content)
            complaint = str(content["error"]["message"])
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise ServerLost(f"no tradeul answers at {address.origin()}") from error
        except (orjson.JSONDecodeError, KeyError, TypeError) as error:
            raise ServerLost(f"what answers at {address.origin()} is no tradeul") from error
        raise UsageError(complaint) if response.status < HTTPStatus.INTERNAL_SERVER_ERROR else JobFailed(complaint)
