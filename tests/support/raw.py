"""What a viewer sends, as bytes: for tests that hold the socket themselves, and for processes that must start soon."""

import base64
import struct
from collections.abc import Mapping

import orjson

HOST = "127.0.0.1"
HANDSHAKE = (
    b"GET /ws/scanner?protocol=1 HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: " + base64.b64encode(bytes(16)) + b"\r\n\r\n"
)


def masked(message: Mapping[str, object]) -> bytes:
    """Make a client's text frame; the mask is all zeros, so that the payload stays legible."""
    payload = orjson.dumps(message)
    assert len(payload) < 126
    return struct.pack("!BB4x", 0x81, 0x80 | len(payload)) + payload
