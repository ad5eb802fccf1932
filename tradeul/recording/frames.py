"""Frames of the live feed as one payload, and back.

    u32 count, i64 times of arrival, u32 lengths in bytes, u8 kinds (0 text, 1 binary), the contents joined

`recorder` packs, `reader` parses.
"""

import struct
from collections.abc import Sequence
from typing import Final

import numpy as np

from tradeul.domain.events import Nanos
from tradeul.recording.format import AS_IT_IS, Frame, RecordingDamaged

FRAMES_PER_BLOCK: Final = 4096
"""More are not put into one block, nor believed of one."""

_COUNT: Final = struct.Struct("<I")
_COLUMNS: Final = 8 + 4 + 1


def frames_parts(frames: Sequence[Frame]) -> list[bytes]:
    """The payload of some frames, in parts."""
    contents = [_bytes_of(frame.content) for frame in frames]
    return [
        _COUNT.pack(len(frames)),
        np.array([frame.arrived for frame in frames], "<i8").tobytes(),
        np.array([len(content) for content in contents], "<u4").tobytes(),
        bytes(isinstance(frame.content, bytes) for frame in frames),
        *contents,
    ]


def parsed_frames(payload: bytes) -> list[Frame]:
    """The frames of a payload."""
    if len(payload) < _COUNT.size:
        raise RecordingDamaged("a block of frames has no count")
    (count,) = _COUNT.unpack_from(payload)
    begin = _COUNT.size + count * _COLUMNS
    if begin > len(payload) or count > FRAMES_PER_BLOCK:
        raise RecordingDamaged("a block of frames says more than there is")
    times = np.frombuffer(payload, "<i8", count, _COUNT.size).tolist()
    lengths = np.frombuffer(payload, "<u4", count, _COUNT.size + 8 * count).tolist()
    binary = payload[begin - count : begin]
    if begin + sum(lengths) != len(payload):
        raise RecordingDamaged("a block of frames is not as long as its frames")
    frames = []
    for time, length, is_binary in zip(times, lengths, binary, strict=True):
        content = payload[begin : begin + length]
        frames.append(Frame(content if is_binary else _text_of(content), Nanos(time)))
        begin += length
    return frames


def _bytes_of(content: str | bytes) -> bytes:
    return content.encode("utf-8", AS_IT_IS) if isinstance(content, str) else content


def _text_of(content: bytes) -> str:
    try:
        return content.decode("utf-8", AS_IT_IS)
    except UnicodeDecodeError as error:
        raise RecordingDamaged("a text frame is no text") from error
