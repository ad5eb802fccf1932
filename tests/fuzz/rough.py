"""Requests and WebSocket frames as no client makes them: one seed, one of them, as bytes for a socket.

Around every limit (address, headers, body, depth, frame), against the grammar, and right ones with bytes changed.
"""

import json
import random
import struct
from collections.abc import Callable, Sequence
from typing import Any, Final

from tests.fuzz.mutations import mutated
from tests.support.raw import HANDSHAKE

HOST: Final = b"Host: 127.0.0.1"
END: Final = b"\r\n\r\n"
LAST: Final = END + b"GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"
"""Ends whatever head is still open, and then the connection."""
LIMITS: Final = (1, 63, 64, 65, 4_095, 8_190, 8_191, 8_192, 8_193, 16_383, 16_384, 16_385, 40_000)
METHODS: Final = (
    b"GET",
    b"HEAD",
    b"POST",
    b"PUT",
    b"DELETE",
    b"PATCH",
    b"OPTIONS",
    b"TRACE",
    b"CONNECT",
    b"get",
    b"M-SEARCH",
    b"PRI",
)
TARGETS: Final = (
    b"*",
    b"/%00",
    b"/%zz",
    b"/%c0%ae%c0%ae/etc",
    b"/\xff\xfe",
    b"http://127.0.0.1/health",
    b"//health",
    b"/static/..%2f..%2f",
    b"/api/v1/ticker/%2e%2e",
    b"/?%00=%ff&limit=1e999",
    b"http://[",
    b"/health?" + b"&".join(b"a=%d" % n for n in range(900)),
    b"/api/v1/history/events?symbol=%27%3B--",
    b"/#\x01",
    b"",
    b"/login?next=//x",
)
HEADERS: Final = (
    b"Content-Length: 5\r\nContent-Length: 6",
    b"Content-Length: -1",
    b"Content-Length: 1e3",
    b"Content-Length: 99999999999999999999",
    b"Transfer-Encoding: chunked\r\nContent-Length: 3",
    b"Transfer-Encoding: gzip, chunked",
    b"Transfer-Encoding: identity",
    b"Transfer-Encoding: chunked",
    b"Expect: 100-continue",
    b"Upgrade: websocket\r\nConnection: Upgrade",
    b"Upgrade: h2c",
    b"Connection: keep-alive, close",
    b"Range: bytes=0-0,1-1",
    b"If-None-Match: " + b'"a",' * 500,
    b"Accept-Encoding: gzip;q=nan",
    b"Cookie: " + b"a=b; " * 900,
    b"Content-Type: multipart/form-data; boundary=\xff",
    b"Content-Encoding: gzip",
    b"X: a\r\n folded",
    b"X : a",
    b": a",
    b"X\x00: a",
    b"Host: 127.0.0.1",
    b"Authorization: Bearer " + b"x" * 4_000,
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAA",
    b"X-Forwarded-For: " + b"1.1.1.1," * 700,
    b"Origin: null",
)
CHUNKS: Final = (
    b"5\r\nhello\r\n0\r\n\r\n",
    b"ffffffffffffffff\r\n",
    b"-1\r\n",
    b"5;" + b"x" * 5_000 + b"\r\nhello\r\n0\r\n\r\n",
    b"5\r\nhell",
    b"4001\r\n" + b"x" * 0x4001 + b"\r\n0\r\n\r\n",
    b"0\r\nTrailer: " + b"x" * 9_000 + END,
    b"1\r\n{\r\n" * 300 + b"0\r\n\r\n",
)
OPENERS: Final = (
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    b"\r\n" * 400,
    b"\x00" * 64,
)
VERSIONS: Final = (b"HTTP/1.1",) * 6 + (b"HTTP/1.0", b"HTTP/0.9", b"HTTP/2.0", b"HTTP/1.1 ", b"http/1.1", b"")


def right_requests(document: dict[str, Any]) -> list[bytes]:
    """Each operation as its examples have it."""
    made = []
    for path, methods in document["paths"].items():
        for method, described in methods.items():
            where = path
            for each in described["parameters"]:
                where = where.replace(f"{{{each['name']}}}", str(each.get("example", "x")))
            body = described.get("requestBody", {}).get("content", {}).get("application/json", {}).get("example")
            content = b"" if body is None else json.dumps(body).encode()
            head = f"{method.upper()} {where} HTTP/1.1\r\n".encode() + HOST
            made.append(head + b"\r\nContent-Length: %d" % len(content) + END + content)
    return made


def rough_request(right: Sequence[bytes], seed: int) -> bytes:
    """One request, or what is taken for one."""
    draw = random.Random(seed)  # noqa: S311  # repeatable on purpose
    maker = draw.choice((_mutated, _mutated, _odd, _odd, _long, _deep, _chunked, _opener))
    return maker(draw, right, seed) + LAST


def _mutated(draw: random.Random, right: Sequence[bytes], seed: int) -> bytes:
    return mutated(draw.choice(right), right, seed)


def _odd(draw: random.Random, _right: Sequence[bytes], _seed: int) -> bytes:
    line = b" ".join((draw.choice(METHODS), draw.choice(TARGETS), draw.choice(VERSIONS)))
    more = draw.sample(HEADERS, draw.randrange(4))
    return b"\r\n".join((line, HOST, *more)) + END + draw.choice((b"", b"{}", b"[" * 3_000, draw.randbytes(60)))


def _long(draw: random.Random, right: Sequence[bytes], _seed: int) -> bytes:
    """Something that is as long as a limit, or about."""
    length = draw.choice(LIMITS)
    line, _, rest = draw.choice(right).partition(b"\r\n")
    method, target, version = line.split(b" ")
    kind = draw.randrange(4)
    if kind == 0:
        return b"%s %s?x=%s %s\r\n%s" % (method, target, b"y" * length, version, rest)
    if kind == 1:
        return b"%s\r\nX-Long: %s\r\n%s" % (line, b"y" * length, rest)
    if kind == 2:
        return line + b"\r\n" + b"".join(b"X-%d: 1\r\n" % number for number in range(min(length, 2_000))) + rest
    return b"%s %s %s\r\n%s\r\nContent-Length: %d%s%s" % (method, target, version, HOST, length, END, b"y" * length)


def _deep(draw: random.Random, right: Sequence[bytes], _seed: int) -> bytes:
    """A body that is nested, in brackets of both kinds."""
    depth = draw.choice((4, 5, 6, 7, 100, 2_000))
    inner = draw.choice((b"", b"1", b'"[[[["'))
    body = draw.choice((b"[" * depth + inner + b"]" * depth, b'{"a":' * depth + b"1" + b"}" * depth, b"[" * depth))
    line = draw.choice([each for each in right if not each.startswith(b"GET")]).partition(b"\r\n")[0]
    return b"%s\r\n%s\r\nContent-Length: %d%s%s" % (line, HOST, len(body), END, body)


def _chunked(draw: random.Random, right: Sequence[bytes], _seed: int) -> bytes:
    line = draw.choice([each for each in right if not each.startswith(b"GET")]).partition(b"\r\n")[0]
    return b"%s\r\n%s\r\nTransfer-Encoding: chunked%s%s" % (line, HOST, END, draw.choice(CHUNKS))


def _opener(draw: random.Random, right: Sequence[bytes], _seed: int) -> bytes:
    return draw.choice(OPENERS) + draw.choice((b"", draw.choice(right), draw.randbytes(300)))


MESSAGES: Final = (
    b'{"action":"subscribe_list","list":"winners","id":1}',
    b'{"action":"resync","list":"winners"}',
    b'{"action":"ping","id":"x"}',
    b'{"action":"watch","symbols":["AAPL"]}',
    b'{"action":"unwatch","symbols":["AAPL"]}',
    b'{"action":"auth","token":"x"}',
)
LENGTHS: Final = (0, 1, 125, 126, 127, 4_095, 4_096, 4_097, 65_535, 65_536, 2**31, 2**63 - 1, 2**64 - 1)


def rough_frames(seed: int) -> bytes:
    """A handshake, then some frames; every one may break a rule of its own."""
    draw = random.Random(seed)  # noqa: S311  # repeatable on purpose
    makers: Sequence[Callable[[random.Random, int], bytes]] = (
        _said,
        _said,
        _nested,
        _fragments,
        _lie,
        _control,
        _noise,
    )
    return HANDSHAKE + b"".join(draw.choice(makers)(draw, seed) for _ in range(draw.randint(1, 6)))


def _frame(
    draw: random.Random, payload: bytes, first: int = 0x81, *, told: int | None = None, masked: bool = True
) -> bytes:
    length = len(payload) if told is None else told
    bit = 0x80 if masked else 0
    if length < 126:
        head = struct.pack("!BB", first, bit | length)
    elif length < 65_536:
        head = struct.pack("!BBH", first, bit | 126, length)
    else:
        head = struct.pack("!BBQ", first, bit | 127, length)
    if not masked:
        return head + payload
    mask = draw.randbytes(4)
    return head + mask + bytes(byte ^ mask[place % 4] for place, byte in enumerate(payload))


def _said(draw: random.Random, seed: int) -> bytes:
    return _frame(draw, mutated(draw.choice(MESSAGES), MESSAGES, seed)[:5_000])


def _nested(draw: random.Random, _seed: int) -> bytes:
    depth = draw.choice((3, 4, 5, 6, 1_000))
    return _frame(draw, b'{"action":"ping","id":1,"x":' + b"[" * depth + b"]" * depth + b"}")


def _fragments(draw: random.Random, _seed: int) -> bytes:
    """One message in many frames, which may be longer than one may be, never begun, or never ended."""
    size, count = draw.choice(((1, 30), (500, 8), (500, 9), (0, 200)))
    firsts = [draw.choice((0x01, 0x02, 0x00)), *[0x00] * count, draw.choice((0x80, 0x81, 0x00))]
    return b"".join(_frame(draw, b" " * size, first) for first in firsts)


def _lie(draw: random.Random, _seed: int) -> bytes:
    return _frame(draw, draw.choice(MESSAGES), told=draw.choice(LENGTHS), masked=draw.random() < 0.8)


def _control(draw: random.Random, _seed: int) -> bytes:
    codes = (
        b"",
        b"\x03",
        b"\x03\xe8",
        b"\x03\xe7",
        b"\x03\xed",
        b"\xff\xff",
        b"\x03\xe8\xff\xfe",
        b"\x03\xe8" + b"x" * 200,
    )
    return _frame(draw, draw.choice((*codes, b"x" * 126)), draw.choice((0x88, 0x89, 0x8A, 0x08, 0x09)))


def _noise(draw: random.Random, _seed: int) -> bytes:
    return draw.choice(
        (draw.randbytes(40), _frame(draw, draw.randbytes(30), draw.randrange(256)), _frame(draw, b"\xff\xfe\xc0"))
    )
