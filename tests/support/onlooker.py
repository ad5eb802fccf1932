"""A viewer that knows nothing of our code: a bare WebSocket and dictionaries, by the protocol's document alone."""

import zlib
from typing import Any, Self

import aiohttp
import orjson

Rows = list[dict[str, Any]]


class Onlooker:
    """Applies what it is sent, remembers every state it held, and complains about what must not be."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._session: aiohttp.ClientSession | None = None
        self._socket: aiohttp.ClientWebSocketResponse | None = None
        self.hello: dict[str, Any] = {}
        self.held: dict[str, Rows] = {}
        self.sequence: dict[str, int] = {}
        self.story: list[tuple[str, int, Rows]] = []
        self.watched: dict[str, dict[str, Any]] = {}
        self.counts: dict[str, int] = {}
        self.checked = 0

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession()
        self._socket = await self._session.ws_connect(self._url, max_msg_size=0)
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._socket is not None:
            await self._socket.close()
        if self._session is not None:
            await self._session.close()

    async def subscribe(self, *names: str) -> None:
        """Ask for lists from their beginning."""
        assert self._socket is not None
        for name in names:
            await self._socket.send_str(orjson.dumps({"action": "subscribe_list", "list": name, "id": name}).decode())

    async def watch(self, *symbols: str) -> None:
        """Ask to be told of symbols; what was told last of each is in `watched`."""
        assert self._socket is not None
        self.watched |= {symbol: {} for symbol in symbols}
        await self._socket.send_str(orjson.dumps({"action": "watch", "symbols": symbols}).decode())

    async def look(self) -> dict[str, Any]:
        """Take the next frame."""
        assert self._socket is not None
        message = await self._socket.receive()
        assert message.type is aiohttp.WSMsgType.TEXT, message
        frame: dict[str, Any] = orjson.loads(message.data)
        kind = frame["type"]
        self.counts[kind] = self.counts.get(kind, 0) + 1
        if kind == "hello":
            self.hello = frame
        elif kind == "snapshot":
            self._hold(frame, frame["rows"])
        elif kind == "delta":
            self._apply(frame)
        elif kind == "aggregate":
            assert frame["timestamp"] >= self.watched[frame["symbol"]].get("timestamp", 0)
            self.watched[frame["symbol"]] = frame
        elif kind == "heartbeat":
            self._check(frame)
        return frame

    def _hold(self, frame: dict[str, Any], rows: Rows) -> None:
        assert frame["epoch"] == self.hello["epoch"]
        assert [row["rank"] for row in rows] == list(range(1, len(rows) + 1))
        name = frame["list"]
        assert frame["sequence"] >= self.sequence.get(name, 0)
        self.held[name], self.sequence[name] = rows, frame["sequence"]
        self.story.append((name, frame["sequence"], rows))

    def _apply(self, frame: dict[str, Any]) -> None:
        name = frame["list"]
        assert frame["prev"] == self.sequence[name]
        assert frame["sequence"] > frame["prev"]
        assert frame["change_count"] == len(frame["deltas"]) > 0
        rows = {row["symbol"]: dict(row) for row in self.held[name]}
        for change in frame["deltas"]:
            symbol = change["symbol"]
            if change["action"] == "remove":
                del rows[symbol]
            elif change["action"] == "add":
                assert symbol not in rows
                rows[symbol] = {"rank": change["rank"], "symbol": symbol, **change["data"]}
            elif change["action"] == "update":
                rows[symbol].update(change["data"])
            else:
                assert change["action"] == "rerank"
                assert rows[symbol]["rank"] == change["old_rank"]
                rows[symbol]["rank"] = change["new_rank"]
        self._hold(frame, sorted(rows.values(), key=lambda row: int(row["rank"])))

    def _check(self, frame: dict[str, Any]) -> None:
        for name, checksum in frame["checksums"].items():
            if self.sequence.get(name) == frame["sequences"][name]:
                lines = [
                    f"{row['rank']}:{row['symbol']}:{'' if row['price'] is None else round(row['price'] * 10_000)}"
                    for row in self.held[name]
                ]
                assert zlib.crc32("\n".join(lines).encode()) == checksum
                self.checked += 1
